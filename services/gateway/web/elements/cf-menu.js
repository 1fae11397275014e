/* <cf-menu label="Priority" .items=${[{value, label, icon, hint, checked, danger}]}>content of the button</cf-menu>
   A button that opens a menu over everything else. An item with `checked` (true or false) is one of a choice.
   Arrow keys, Home, End and first letters move; Escape, Tab or a click outside closes it.

   Attributes: label (name of the button and the menu), variant (classes of the button: "plain compact"), side="end"
   (menu ends where the button ends), disabled. Methods: focus(), show().
   Events: cf-choose (detail {value}) · cf-menu-open, to load items late. */
import { LitElement, css, html, nothing } from "lit";
import { base, controls } from "../base.js";
import { define } from "../element.js";
import { icon } from "../icons.js";

const GAP = 4;
const EDGE = 8;

export class CfMenu extends LitElement {
  static properties = {
    label: {},
    variant: {},
    side: {},
    items: { attribute: false },
    disabled: { type: Boolean },
    open: { state: true },
  };

  static styles = [
    base,
    controls,
    css`
      :host {
        display: inline-flex;
        min-width: 0;
      }
      .opener {
        min-width: 0;
        max-width: 100%;
      }
      .opener ::slotted(*) {
        min-width: 0;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .opener.end {
        border-start-start-radius: 0;
        border-end-start-radius: 0;
      }
      [popover] {
        position: fixed;
        inset: auto;
        margin: 0;
        min-width: 180px;
        max-width: min(340px, calc(100vw - 16px));
        max-height: min(420px, calc(100dvh - 16px));
        overflow-y: auto;
        padding: var(--cf-1);
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius);
        background: var(--cf-surface);
        color: var(--cf-text);
        box-shadow: var(--cf-shadow-l);
      }
      [role^="menuitem"] {
        display: grid;
        grid-template-columns: 16px minmax(0, 1fr);
        gap: 0 var(--cf-2);
        align-items: center;
        width: 100%;
        min-height: 34px;
        padding: 5px var(--cf-3) 5px var(--cf-2);
        border: 0;
        border-radius: var(--cf-radius-s);
        font-weight: 400;
        text-align: start;
        white-space: normal;
      }
      [role^="menuitem"]:focus-visible {
        outline-offset: -2px;
      }
      [role^="menuitem"]:focus {
        background: var(--cf-subtle);
      }
      .hint {
        grid-column: 2;
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
    `,
  ];

  constructor() {
    super();
    this.label = "";
    this.variant = "";
    this.items = [];
    this.disabled = false;
    this.open = false;
  }

  get #menu() {
    return this.renderRoot.querySelector("[popover]");
  }

  get #entries() {
    return [...this.renderRoot.querySelectorAll('[role^="menuitem"]')];
  }

  focus() {
    this.renderRoot.querySelector(".opener").focus();
  }

  show() {
    if (!this.disabled) this.#menu.showPopover();
  }

  async #onToggle(event) {
    this.open = event.newState === "open";
    if (!this.open) return;
    this.dispatchEvent(new CustomEvent("cf-menu-open"));
    await this.updateComplete;
    this.#place();
    const entries = this.#entries;
    (entries.find((entry) => entry.getAttribute("aria-checked") === "true") ?? entries[0])?.focus();
  }

  #place() {
    const menu = this.#menu;
    const opener = this.renderRoot.querySelector(".opener").getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = menu;
    const below = opener.bottom + GAP;
    const fits = below + height <= innerHeight - EDGE || opener.top < innerHeight / 2;
    const left = this.side === "end" ? opener.right - width : opener.left;
    menu.style.left = `${Math.max(EDGE, Math.min(left, innerWidth - width - EDGE))}px`;
    menu.style.top = `${Math.max(EDGE, fits ? below : opener.top - GAP - height)}px`;
  }

  #choose(item) {
    this.#menu.hidePopover();
    this.focus();
    this.dispatchEvent(new CustomEvent("cf-choose", { detail: { value: item.value }, bubbles: true, composed: true }));
  }

  #onOpenerKey(event) {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    this.show();
  }

  #onKey(event) {
    const entries = this.#entries;
    const at = entries.indexOf(this.renderRoot.activeElement);
    const { key } = event;
    if (key === "Tab") {
      this.#menu.hidePopover();
      return;
    }
    const step = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: entries.length - 1 }[key];
    const letter = key.length === 1 && key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (step !== undefined) entries.at(step % entries.length)?.focus();
    else if (letter) {
      const after = [...entries.slice(at + 1), ...entries.slice(0, at + 1)];
      after.find((entry) => entry.textContent.trim().toLowerCase().startsWith(key.toLowerCase()))?.focus();
    } else if (key !== "Escape") return;
    if (key === "Escape") {
      this.#menu.hidePopover();
      this.focus();
    }
    event.preventDefault();
    event.stopPropagation();
  }

  #item(item) {
    const choice = item.checked !== undefined;
    return html`<button
      role=${choice ? "menuitemradio" : "menuitem"}
      aria-checked=${choice ? item.checked : nothing}
      tabindex="-1"
      class=${item.danger ? "danger" : ""}
      @click=${() => this.#choose(item)}
      @pointermove=${(event) => event.currentTarget.focus({ preventScroll: true })}
    >
      <span>${item.checked ? icon("check") : item.icon ? icon(item.icon) : nothing}</span>
      <span>${item.label}</span>
      ${item.hint ? html`<span class="hint">${item.hint}</span>` : nothing}
    </button>`;
  }

  render() {
    return html`<button
        class="opener ${this.variant}"
        aria-haspopup="menu"
        aria-expanded=${this.open}
        aria-label=${this.label || nothing}
        title=${this.label || nothing}
        popovertarget="menu"
        ?disabled=${this.disabled}
        @keydown=${this.#onOpenerKey}
      >
        <slot></slot>${icon("chevron-down")}
      </button>
      <div id="menu" popover role="menu" aria-label=${this.label} @toggle=${this.#onToggle} @keydown=${this.#onKey}>
        ${this.items.map((item) => this.#item(item))}
      </div>`;
  }
}

define("cf-menu", CfMenu);
