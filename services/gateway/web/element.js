/* The base of every element: takes `app` (or the page's own one) and is drawn again when the app changes. */
import { LitElement } from "lit";
import { sharedApp } from "./app.js";

export { css, html, nothing } from "lit";

export class CfElement extends LitElement {
  static properties = { app: { attribute: false } };

  #following = null;

  connectedCallback() {
    super.connectedCallback();
    this.app ??= sharedApp();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#following?.abort();
    this.#following = null;
  }

  willUpdate() {
    if (this.#following?.app === this.app) return;
    this.#following?.abort();
    const off = new AbortController();
    this.#following = { app: this.app, abort: () => off.abort() };
    this.app.addEventListener("change", () => this.requestUpdate(), { signal: off.signal });
  }

  /** Tell the outside; crosses shadow roots. */
  emit(type, detail = {}) {
    return this.dispatchEvent(
      new CustomEvent(type, { detail, bubbles: true, composed: true, cancelable: true }),
    );
  }
}

/** Register once, also where two pages of a host bring the same module. */
export function define(name, element) {
  if (!customElements.get(name)) customElements.define(name, element);
}
