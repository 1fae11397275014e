/* <cf-kb-search .app .linkTo=${(slug) => href} value="…"> the knowledge base's search field: names articles while one types.
   Events: cf-search (detail {q}) · cf-go (detail {href}) when an article is chosen. */
import { base, controls } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import { icon } from "../web/icons.js";
import { t } from "../web/strings.js";

const PAUSE = 200;
const LEAST = 2;

export class CfKbSearch extends CfElement {
  static properties = {
    linkTo: { attribute: false },
    value: {},
    q: { state: true },
    items: { state: true },
    open: { state: true },
    active: { state: true },
  };

  static styles = [
    base,
    controls,
    css`
      form {
        position: relative;
        max-width: 560px;
      }
      form > svg.icon {
        position: absolute;
        inset-block-start: 14px;
        inset-inline-start: 14px;
        color: var(--cf-text-2);
        pointer-events: none;
      }
      input {
        min-height: 44px;
        padding-inline: 40px 44px;
        font-size: var(--cf-text-l);
      }
      input::-webkit-search-cancel-button {
        display: none;
      }
      .clear {
        position: absolute;
        inset-block-start: 4px;
        inset-inline-end: 4px;
      }
      [role="listbox"] {
        position: absolute;
        z-index: 30;
        inset: calc(100% + 4px) 0 auto;
        padding: var(--cf-1);
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius);
        background: var(--cf-surface);
        box-shadow: var(--cf-shadow-l);
      }
      [role="option"] {
        display: flex;
        gap: 10px;
        align-items: center;
        min-height: 40px;
        padding: 6px 10px;
        border-radius: var(--cf-radius-s);
        cursor: pointer;
        overflow-wrap: anywhere;
      }
      [role="option"] svg.icon {
        color: var(--cf-text-2);
      }
      [role="option"]:hover {
        background: var(--cf-subtle);
      }
      [role="option"][aria-selected="true"] {
        background: var(--cf-accent-soft);
        outline: 1px solid var(--cf-accent);
        outline-offset: -1px;
      }
      .all {
        color: var(--cf-text-2);
      }
    `,
  ];

  #typing = 0;
  #asked = null;

  constructor() {
    super();
    this.value = "";
    this.q = "";
    this.items = [];
    this.open = false;
    this.active = -1;
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#stop();
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (changed.has("value")) {
      this.#close();
      this.q = this.value;
    }
  }

  #stop() {
    clearTimeout(this.#typing);
    this.#asked?.abort();
  }

  #close() {
    this.#stop();
    this.open = false;
    this.active = -1;
  }

  #onInput(event) {
    this.q = event.target.value;
    this.active = -1;
    this.#stop();
    if (this.q.trim().length < LEAST) this.#close();
    else this.#typing = setTimeout(() => this.#suggest(this.q.trim()), PAUSE);
  }

  async #suggest(q) {
    this.#asked = new AbortController();
    const { signal } = this.#asked;
    try {
      const { data } = await this.app.api.get("/kb/suggest", { query: { q, limit: 5 }, signal });
      this.items = data.items;
    } catch {
      // Help while typing only; the search itself tells what went wrong.
      if (signal.aborted) return;
      this.items = [];
    }
    this.open = true;
  }

  #submit(event) {
    event?.preventDefault();
    const q = this.q.trim();
    if (q.length < LEAST) return;
    this.#close();
    this.emit("cf-search", { q });
  }

  #choose(index) {
    const item = this.items[index];
    if (!item) return this.#submit();
    this.#close();
    this.emit("cf-go", { href: this.linkTo(item.slug) });
  }

  #onKey(event) {
    if (event.isComposing || !this.open) return;
    const count = this.items.length + 1;
    if (event.key === "ArrowDown") this.active = (this.active + 1) % count;
    else if (event.key === "ArrowUp") this.active = this.active <= 0 ? count - 1 : this.active - 1;
    else if (event.key === "Escape") this.#close();
    else if (event.key === "Enter" && this.active >= 0) this.#choose(this.active);
    else return;
    event.preventDefault();
  }

  #clear() {
    this.q = "";
    this.#close();
    this.renderRoot.querySelector("input").focus();
    this.emit("cf-search", { q: "" });
  }

  #option(index, content, name) {
    return html`<div
      role="option"
      class=${name}
      id="option-${index}"
      aria-selected=${index === this.active}
      @mousedown=${(event) => event.preventDefault()}
      @click=${() => this.#choose(index)}
    >
      ${content}
    </div>`;
  }

  render() {
    const { items, open, active } = this;
    const all = html`${icon("search")}<span>${t("kb.search.all", { q: this.q.trim() })}</span>`;
    return html`<form role="search" @submit=${this.#submit}>
      ${icon("search")}
      <input
        type="search"
        role="combobox"
        autocomplete="off"
        maxlength="200"
        aria-label=${t("kb.search")}
        placeholder=${t("kb.search.placeholder")}
        aria-autocomplete="list"
        aria-expanded=${open}
        aria-controls=${open ? "found" : nothing}
        aria-activedescendant=${open && active >= 0 ? `option-${active}` : nothing}
        .value=${this.q}
        @input=${this.#onInput}
        @keydown=${this.#onKey}
        @blur=${() => this.#close()}
      />
      ${
        this.q
          ? html`<button
              type="button"
              class="plain icon-only clear"
              aria-label=${t("list.clear_search")}
              @click=${() => this.#clear()}
            >
              ${icon("x")}
            </button>`
          : nothing
      }
      ${
        open
          ? html`<div role="listbox" id="found" aria-label=${t("kb.search.suggested")}>
              ${items.map((item, index) =>
                this.#option(index, html`${icon("file-text")}<span>${item.title}</span>`, "one"),
              )}
              ${this.#option(items.length, all, "all")}
            </div>`
          : nothing
      }
      <p class="hidden" role="status">${open ? t("kb.search.count", { n: items.length }) : ""}</p>
    </form>`;
  }
}

define("cf-kb-search", CfKbSearch);
