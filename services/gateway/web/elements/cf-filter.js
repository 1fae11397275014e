/* <cf-filter label="Status" .options=${[{value, label}]} .selected=${["OPEN"]}> a button that opens a list of check
   boxes. Escape, a click outside or leaving it by keyboard closes it. Event: cf-filter (detail {selected}). */
import { LitElement, css, html, nothing } from "lit";
import { base, controls } from "../base.js";
import { define } from "../element.js";
import { icon } from "../icons.js";

export class CfFilter extends LitElement {
  static properties = {
    label: {},
    options: { attribute: false },
    selected: { attribute: false },
    open: { state: true },
  };

  static styles = [
    base,
    controls,
    css`
      :host {
        position: relative;
        display: inline-block;
      }
      button[data-on] {
        border-color: var(--cf-accent);
        background: var(--cf-accent-soft);
        color: var(--cf-accent);
      }
      .count {
        min-width: 18px;
        padding: 0 5px;
        border-radius: var(--cf-radius-round);
        background: var(--cf-accent);
        color: var(--cf-on-accent);
        font-size: var(--cf-text-xs);
        line-height: 18px;
        text-align: center;
      }
      fieldset {
        position: absolute;
        z-index: 30;
        inset-block-start: calc(100% + 4px);
        inset-inline-start: 0;
        min-width: 100%;
        padding: var(--cf-1);
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius);
        background: var(--cf-surface);
        box-shadow: var(--cf-shadow-l);
      }
      label {
        display: flex;
        align-items: center;
        gap: var(--cf-2);
        min-height: 34px;
        padding: 0 var(--cf-3) 0 var(--cf-2);
        border-radius: var(--cf-radius-s);
        white-space: nowrap;
        cursor: pointer;
      }
      label:hover {
        background: var(--cf-subtle);
      }
    `,
  ];

  #outside = (event) => event.composedPath().includes(this) || (this.open = false);

  constructor() {
    super();
    this.options = [];
    this.selected = [];
    this.open = false;
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    document.removeEventListener("pointerdown", this.#outside);
  }

  updated(changed) {
    if (!changed.has("open")) return;
    if (this.open) document.addEventListener("pointerdown", this.#outside);
    else document.removeEventListener("pointerdown", this.#outside);
  }

  #toggle(value, on) {
    const selected = this.options
      .map((option) => option.value)
      .filter((one) => (one === value ? on : this.selected.includes(one)));
    this.dispatchEvent(new CustomEvent("cf-filter", { detail: { selected }, bubbles: true, composed: true }));
  }

  #onKey(event) {
    if (event.key !== "Escape" || !this.open) return;
    event.stopPropagation();
    this.open = false;
    this.renderRoot.querySelector("button").focus();
  }

  #onLeave(event) {
    if (event.relatedTarget && !this.renderRoot.contains(event.relatedTarget)) this.open = false;
  }

  render() {
    const count = this.selected.length;
    return html`<div @keydown=${this.#onKey} @focusout=${this.#onLeave}>
      <button
        aria-expanded=${this.open}
        aria-controls="list"
        ?data-on=${count > 0}
        @click=${() => (this.open = !this.open)}
      >
        ${this.label}${count ? html`<span class="count">${count}</span>` : nothing}${icon("chevron-down")}
      </button>
      <fieldset id="list" ?hidden=${!this.open}>
        <legend class="hidden">${this.label}</legend>
        ${this.options.map(
          ({ value, label }) =>
            html`<label
              ><input
                type="checkbox"
                .checked=${this.selected.includes(value)}
                @change=${(event) => this.#toggle(value, event.target.checked)}
              />${label}</label
            >`,
        )}
      </fieldset>
    </div>`;
  }
}

define("cf-filter", CfFilter);
