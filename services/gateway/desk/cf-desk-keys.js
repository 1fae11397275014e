/* <cf-desk-keys .open=${true}> what each key does, and the switch for single keys. Event: cf-close. */
import { LitElement, css, html } from "lit";
import { base, controls } from "../web/base.js";
import "../web/elements/cf-dialog.js";
import { define } from "../web/element.js";
import { t } from "../web/strings.js";
import { setSingleKeys, singleKeysOn } from "./keys.js";

const MODIFIER = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘" : "Ctrl";
const ROWS = [
  ["J", "desk.keys.j"],
  ["K", "desk.keys.k"],
  ["R", "desk.keys.r"],
  ["N", "desk.keys.n"],
  ["A", "desk.keys.a"],
  ["E", "desk.keys.e"],
  ["/", "desk.keys.search"],
  ["?", "desk.keys.help"],
];

export class CfDeskKeys extends LitElement {
  static properties = { open: { type: Boolean }, on: { state: true } };

  static styles = [
    base,
    controls,
    css`
      :host {
        display: contents;
      }
      dl {
        display: grid;
        grid-template-columns: 104px minmax(0, 1fr);
        gap: var(--cf-2) var(--cf-4);
        align-items: center;
      }
      dl.off dd {
        color: var(--cf-text-2);
        text-decoration: line-through;
      }
      kbd {
        display: inline-block;
        min-width: 24px;
        padding: 1px 6px;
        border: 1px solid var(--cf-line-strong);
        border-radius: var(--cf-radius-s);
        background: var(--cf-subtle);
        font: 500 var(--cf-text-s) / 20px var(--cf-font);
        text-align: center;
      }
      .always {
        margin-top: var(--cf-2);
      }
      .switch {
        display: grid;
        grid-template-columns: 16px minmax(0, 1fr);
        gap: 2px var(--cf-2);
        align-items: center;
        min-height: 24px;
        margin-top: var(--cf-4);
        padding-top: var(--cf-4);
        border-top: 1px solid var(--cf-line);
        font-weight: 500;
      }
      .switch .muted {
        grid-column: 2;
        font-weight: 400;
      }
    `,
  ];

  constructor() {
    super();
    this.on = singleKeysOn();
  }

  #turn(on) {
    setSingleKeys(on);
    this.on = on;
  }

  render() {
    return html`<cf-dialog heading=${t("desk.keys.title")} .open=${this.open}>
      <dl class=${this.on ? "" : "off"}>
        ${ROWS.map(
          ([key, words]) =>
            html`<dt><kbd>${key}</kbd></dt>
              <dd>${t(words)}</dd>`,
        )}
      </dl>
      <dl class="always">
        <dt><kbd>Esc</kbd></dt>
        <dd>${t("desk.keys.escape")}</dd>
        <dt><kbd>${MODIFIER}</kbd> + <kbd>Enter</kbd></dt>
        <dd>${t("desk.keys.send")}</dd>
      </dl>
      <label class="switch">
        <input type="checkbox" .checked=${this.on} @change=${(event) => this.#turn(event.target.checked)} />
        <span>${t("desk.keys.switch")}</span>
        <span class="muted small">${t("desk.keys.switch_hint", { key: MODIFIER })}</span>
      </label>
    </cf-dialog>`;
  }
}

define("cf-desk-keys", CfDeskKeys);
