/* <cf-tabs label="…" .tabs=${[{id, label, href, badge, count}]} selected="id">
   A row of tabs, each a link with its own address; arrow keys, Home and End move between them. The panels belong to
   the page: give each id="panel-<tab>" role="tabpanel" aria-label. Event: cf-tab (detail {id, href}). */
import { LitElement, css, html, nothing } from "lit";
import { base } from "../base.js";
import { define } from "../element.js";

export class CfTabs extends LitElement {
  static properties = { label: {}, tabs: { attribute: false }, selected: {} };

  static styles = [
    base,
    css`
      [role="tablist"] {
        display: flex;
        gap: var(--cf-1);
        overflow-x: auto;
        scrollbar-width: none;
        border-bottom: 1px solid var(--cf-line);
      }
      a {
        display: inline-flex;
        align-items: center;
        gap: 6px;
        min-height: 44px;
        padding: 0 var(--cf-3);
        border-bottom: 2px solid transparent;
        margin-bottom: -1px;
        color: var(--cf-text-2);
        font-weight: 500;
        text-decoration: none;
        white-space: nowrap;
        transition: color var(--cf-motion);
      }
      a:hover {
        color: var(--cf-text);
      }
      a[aria-selected="true"] {
        border-color: var(--cf-accent);
        color: var(--cf-text);
      }
      a:focus-visible {
        outline-offset: -3px;
        border-radius: var(--cf-radius);
      }
      .badge {
        padding: 1px 6px;
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius-round);
        color: var(--cf-text-2);
        font-size: var(--cf-text-xs);
        font-weight: 500;
      }
      @media (forced-colors: active) {
        a {
          border-color: Canvas;
        }
        a[aria-selected="true"] {
          border-color: Highlight;
        }
      }
      @media (max-width: 480px) {
        a {
          padding: 0 10px;
        }
      }
    `,
  ];

  constructor() {
    super();
    this.tabs = [];
  }

  updated(changed) {
    if (changed.has("selected")) {
      const tab = this.renderRoot.querySelector('[aria-selected="true"]');
      const list = tab?.parentElement;
      if (list && list.scrollWidth > list.clientWidth)
        tab.scrollIntoView({ block: "nearest", inline: "center" });
    }
  }

  #choose(event, tab) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button > 0) return;
    event.preventDefault();
    this.dispatchEvent(new CustomEvent("cf-tab", { detail: tab, bubbles: true, composed: true }));
  }

  #onKey(event) {
    const index = this.tabs.findIndex((tab) => tab.id === this.selected);
    const step = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: this.tabs.length - 1 }[
      event.key
    ];
    if (step === undefined) return;
    event.preventDefault();
    const tab = this.tabs.at(step % this.tabs.length);
    this.dispatchEvent(new CustomEvent("cf-tab", { detail: tab, bubbles: true, composed: true }));
    this.renderRoot.querySelector(`#tab-${tab.id}`).focus();
  }

  render() {
    return html`<div role="tablist" aria-label=${this.label} @keydown=${this.#onKey}>
      ${this.tabs.map(
        (tab) =>
          html`<a
            role="tab"
            id="tab-${tab.id}"
            href=${tab.href}
            aria-selected=${tab.id === this.selected}
            tabindex=${tab.id === this.selected ? 0 : -1}
            @click=${(event) => this.#choose(event, tab)}
            >${tab.label}${tab.badge ? html`<span class="badge">${tab.badge}</span>` : nothing}</a
          >`,
      )}
    </div>`;
  }
}

define("cf-tabs", CfTabs);
