/* <cf-notices .app> short notices at the foot of the page, and the page's announcer (role=status).
   Shows every `app.notify(words, {kind, action})`; they go by themselves, but not while hovered or focused.
   They stand above what a page keeps at its foot: set --cf-foot on the root element to its height; --cf-notices-at
   (center, start, end) says where in their row. */
import { base, controls } from "../base.js";
import { CfElement, css, define, html, nothing } from "../element.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";

const STAYS = 6_000;
const MOST = 3;
const ICONS = { info: "info", ok: "circle-check", danger: "circle-alert" };

export class CfNotices extends CfElement {
  static properties = { notices: { state: true } };

  static styles = [
    base,
    controls,
    css`
      :host {
        position: fixed;
        z-index: 50;
        inset-block-end: calc(var(--cf-foot, 0px) + var(--cf-4));
        inset-inline: var(--cf-4);
        display: grid;
        justify-items: var(--cf-notices-at, center);
        pointer-events: none;
      }
      ul {
        display: grid;
        justify-items: var(--cf-notices-at, center);
        gap: var(--cf-2);
        max-width: 100%;
      }
      li {
        display: flex;
        align-items: center;
        gap: var(--cf-2);
        max-width: 56ch;
        padding: 6px 6px 6px var(--cf-3);
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius);
        background: var(--cf-surface);
        box-shadow: var(--cf-shadow-l);
        pointer-events: auto;
      }
      li[data-kind="ok"] > svg.icon {
        color: var(--cf-ok);
      }
      li[data-kind="danger"] > svg.icon {
        color: var(--cf-danger);
      }
      p {
        padding: 4px 0;
        overflow-wrap: anywhere;
      }
    `,
  ];

  #app = null;
  #count = 0;

  constructor() {
    super();
    this.notices = [];
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (this.#app === this.app) return;
    this.#app = this.app;
    this.app.addEventListener("notice", ({ detail }) => this.#add(detail));
  }

  #add(notice) {
    const id = (this.#count += 1);
    this.notices = [...this.notices, { ...notice, id }].slice(-MOST);
    this.#expire(id);
  }

  #expire(id) {
    setTimeout(() => {
      const item = this.renderRoot.querySelector(`[data-id="${id}"]`);
      if (item?.matches(":hover, :focus-within")) this.#expire(id);
      else this.#remove(id);
    }, STAYS);
  }

  #remove(id) {
    this.notices = this.notices.filter((notice) => notice.id !== id);
  }

  render() {
    return html`<div role="status" aria-live="polite" aria-relevant="additions" aria-atomic="false">
      <ul>
        ${this.notices.map(
          ({ id, words, kind, action }) =>
            html`<li data-id=${id} data-kind=${kind}>
              ${icon(ICONS[kind])}
              <p>${words}</p>
              ${
                action
                  ? html`<button class="compact" @click=${() => (action.run(), this.#remove(id))}>
                      ${action.label}
                    </button>`
                  : nothing
              }
              <button
                class="plain compact icon-only"
                aria-label=${t("app.close")}
                @click=${() => this.#remove(id)}
              >
                ${icon("x")}
              </button>
            </li>`,
        )}
      </ul>
    </div>`;
  }
}

define("cf-notices", CfNotices);
