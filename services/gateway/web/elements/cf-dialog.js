/* <cf-dialog heading="…" .open=${true}> a modal on the native dialog: focus stays inside and returns afterwards.
   Slots: default, "actions". Property `wide`. Event: cf-close (Escape, scrim or the close button). */
import { LitElement, css, html } from "lit";
import { base, controls } from "../base.js";
import { define } from "../element.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";

export class CfDialog extends LitElement {
  static properties = { heading: {}, open: { type: Boolean }, wide: { type: Boolean } };

  static styles = [
    base,
    controls,
    css`
      :host {
        display: contents;
      }
      dialog {
        width: min(480px, calc(100vw - var(--cf-8)));
        max-height: calc(100dvh - var(--cf-8));
        padding: 0;
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius-l);
        background: var(--cf-surface);
        color: var(--cf-text);
        box-shadow: var(--cf-shadow-l);
      }
      :host([wide]) dialog {
        width: fit-content;
        max-width: calc(100vw - var(--cf-8));
      }
      dialog::backdrop {
        background: var(--cf-scrim);
      }
      .head {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--cf-2);
        padding: var(--cf-4) var(--cf-3) 0 var(--cf-5);
      }
      h2 {
        font-size: var(--cf-text-l);
        overflow-wrap: anywhere;
      }
      .body {
        padding: var(--cf-3) var(--cf-5);
      }
      .foot {
        display: flex;
        justify-content: flex-end;
        gap: var(--cf-2);
        padding: var(--cf-2) var(--cf-5) var(--cf-5);
      }
    `,
  ];

  updated() {
    const dialog = this.renderRoot.querySelector("dialog");
    if (this.open && !dialog.open) dialog.showModal();
    if (!this.open && dialog.open) dialog.close();
  }

  #close() {
    this.open = false;
    this.dispatchEvent(new CustomEvent("cf-close", { bubbles: true, composed: true }));
  }

  render() {
    return html`<dialog
      aria-labelledby="heading"
      @cancel=${(event) => (event.preventDefault(), this.#close())}
      @click=${(event) => event.target === event.currentTarget && this.#close()}
    >
      <div class="head">
        <h2 id="heading">${this.heading}</h2>
        <button class="plain icon-only compact" aria-label=${t("app.close")} @click=${this.#close}>
          ${icon("x")}
        </button>
      </div>
      <div class="body"><slot></slot></div>
      <div class="foot"><slot name="actions"></slot></div>
    </dialog>`;
  }
}

define("cf-dialog", CfDialog);
