/* <cf-faq .app .hrefTo=${(id) => href} .articleHref=${(slug) => href} .searchHref=${(q) => href} hash="id"> frequent questions.

   Several may be open; the one that `hash` names is opened and shown. Closed answers are found by the browser's search.
   Events: cf-go (detail {href, replace}) · cf-new (detail {subject}). */
import { unsafeHTML } from "lit/directives/unsafe-html.js";
import { ApiError } from "../web/api.js";
import { articleStyles, copied, dress, plainClick } from "../web/article.js";
import { base, controls, states } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import { icon } from "../web/icons.js";
import { t } from "../web/strings.js";

export class CfFaq extends CfElement {
  static properties = {
    hrefTo: { attribute: false },
    articleHref: { attribute: false },
    searchHref: { attribute: false },
    hash: {},
    items: { state: true },
    open: { state: true },
    filter: { state: true },
    problem: { state: true },
  };

  static styles = [
    base,
    controls,
    states,
    articleStyles,
    css`
      .tools {
        position: relative;
        max-width: 560px;
        margin-bottom: var(--cf-5);
      }
      .tools svg.icon {
        position: absolute;
        inset-block-start: 14px;
        inset-inline-start: 14px;
        color: var(--cf-text-2);
        pointer-events: none;
      }
      .tools input {
        min-height: 44px;
        padding-inline-start: 40px;
        font-size: var(--cf-text-l);
      }
      section {
        margin-bottom: var(--cf-6);
      }
      section > h2 {
        margin-bottom: var(--cf-2);
        font-size: var(--cf-text-l);
      }
      .list {
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius-l);
        background: var(--cf-surface);
      }
      .list > li + li {
        border-top: 1px solid var(--cf-line);
      }
      .question {
        width: 100%;
        min-height: 52px;
        justify-content: space-between;
        gap: var(--cf-3);
        padding: var(--cf-3) var(--cf-5);
        border: 0;
        border-radius: var(--cf-radius-l);
        background: none;
        font-size: var(--cf-text-l);
        text-align: start;
        white-space: normal;
      }
      .question:focus-visible {
        outline-offset: -2px;
      }
      .question svg.icon {
        transition: transform var(--cf-motion);
        color: var(--cf-text-2);
      }
      .question[aria-expanded="true"] svg.icon {
        transform: rotate(180deg);
      }
      [hidden="until-found"] {
        display: block !important;
        content-visibility: hidden;
      }
      .answer {
        padding: var(--cf-1) var(--cf-5) var(--cf-5);
      }
      .answer .link {
        margin-top: var(--cf-3);
        font-size: var(--cf-text-s);
      }
      .more {
        display: flex;
        flex-wrap: wrap;
        gap: var(--cf-3);
        align-items: center;
      }
      @media (max-width: 640px) {
        .question {
          padding: var(--cf-3) var(--cf-4);
        }
        .answer {
          padding: var(--cf-1) var(--cf-4) var(--cf-4);
        }
      }
      @media print {
        .tools,
        .more,
        .answer .link {
          display: none;
        }
      }
    `,
  ];

  #titles = new Map();
  #dressed = new WeakSet();
  #started = null;
  #shown = "";

  constructor() {
    super();
    this.items = null;
    this.open = new Set();
    this.filter = "";
    this.problem = "";
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    const who = this.app.state === "ready" ? this.app.me.id : null;
    if (who && who !== this.#started) this.#load();
    this.#started = who;
    if (this.items && this.hash && this.hash !== this.#shown && !this.open.has(this.hash))
      this.open = new Set([...this.open, this.hash]);
  }

  updated() {
    for (const body of this.renderRoot.querySelectorAll(".article")) {
      if (this.#dressed.has(body)) continue;
      this.#dressed.add(body);
      dress(body, {
        linkTo: this.articleHref,
        open: (href) => this.emit("cf-go", { href }),
        notify: (...notice) => this.app.notify(...notice),
      });
    }
    if (!this.items || this.hash === this.#shown) return;
    this.#shown = this.hash;
    const button = this.hash && this.renderRoot.getElementById(this.hash);
    button?.scrollIntoView({ block: "center" });
    button?.focus({ preventScroll: true });
  }

  async #load() {
    this.problem = "";
    try {
      const [faq, categories] = await Promise.all([
        this.app.api.get("/faq"),
        // Only for the headings: without them the questions still help.
        this.app.api.get("/kb/categories").catch(() => ({ data: { items: [] } })),
      ]);
      this.#titles = new Map(categories.data.items.map((one) => [one.slug, one.title]));
      this.items = faq.data.items;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.problem = error.words;
    }
  }

  #toggle(id, show) {
    const open = new Set(this.open);
    if (show) open.add(id);
    else open.delete(id);
    this.open = open;
  }

  async #copy(event, id) {
    if (!plainClick(event)) return;
    event.preventDefault();
    this.#shown = id;
    this.emit("cf-go", { href: this.hrefTo(id), replace: true });
    const done = await copied(new URL(this.hrefTo(id), location.href).href);
    this.app.notify(t(done ? "faq.copied" : "faq.not_copied"), { kind: done ? "ok" : "info" });
  }

  get #matching() {
    const words = this.filter.toLowerCase().split(/\s+/).filter(Boolean);
    return this.items.filter((one) => {
      const text = `${one.question} ${one.answer_markdown}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }

  #item(one) {
    const open = this.open.has(one.id);
    return html`<li>
      <h3>
        <button
          class="question"
          id=${one.id}
          aria-expanded=${open}
          aria-controls="answer-${one.id}"
          @click=${() => this.#toggle(one.id, !open)}
        >
          ${one.question}${icon("chevron-down")}
        </button>
      </h3>
      <div
        id="answer-${one.id}"
        hidden=${open ? nothing : "until-found"}
        @beforematch=${() => this.#toggle(one.id, true)}
      >
        <div class="answer">
          <div class="article">${unsafeHTML(one.answer_html)}</div>
          <p class="link">
            <a href=${this.hrefTo(one.id)} @click=${(event) => this.#copy(event, one.id)}>${t("faq.link")}</a>
          </p>
        </div>
      </div>
    </li>`;
  }

  #none() {
    const href = this.searchHref(this.filter.trim());
    const search = (event) => {
      if (!plainClick(event)) return;
      event.preventDefault();
      this.emit("cf-go", { href });
    };
    return html`<div class="empty">
      <span class="badge">${icon("circle-help")}</span>
      <h2>${t("faq.none.title")}</h2>
      <p><a href=${href} @click=${search}>${t("faq.none.search", { q: this.filter.trim() })}</a></p>
    </div>`;
  }

  #groups() {
    const groups = Map.groupBy
      ? Map.groupBy(this.#matching, (one) => one.category)
      : this.#matching.reduce(
          (found, one) => found.set(one.category, [...(found.get(one.category) ?? []), one]),
          new Map(),
        );
    return [...groups].map(
      ([category, items]) =>
        html`<section>
          <h2>${this.#titles.get(category) ?? category}</h2>
          <ul class="list">
            ${items.map((one) => this.#item(one))}
          </ul>
        </section>`,
    );
  }

  render() {
    if (this.problem && !this.items) {
      return html`<div class="empty" role="alert">
        <span class="badge">${icon("cloud-off")}</span>
        <h2>${t("faq.failed")}</h2>
        <p>${this.problem}</p>
        <div class="row"><button @click=${() => this.#load()}>${icon("refresh-cw")}${t("app.retry")}</button></div>
      </div>`;
    }
    if (!this.items) {
      return html`<div class="skeleton" aria-busy="true">
        <div class="bone"></div>
        <p class="hidden" role="status">${t("kb.loading")}</p>
      </div>`;
    }
    const n = this.#matching.length;
    return html`<div class="tools">
        ${icon("filter")}
        <input
          type="search"
          autocomplete="off"
          aria-label=${t("faq.filter")}
          placeholder=${t("faq.filter")}
          .value=${this.filter}
          @input=${(event) => (this.filter = event.target.value)}
        />
      </div>
      <p class="hidden" role="status">${this.filter ? t("faq.count", { n }) : ""}</p>
      ${n ? this.#groups() : this.#none()}
      ${
        this.app.me?.roles.includes("customer")
          ? html`<div class="more">
              <span class="muted">${t("faq.more")}</span>
              <button @click=${() => this.emit("cf-new", { subject: this.filter.trim().slice(0, 150) })}>
                ${icon("plus")}${t("coming.ticket")}
              </button>
            </div>`
          : nothing
      }`;
  }
}

define("cf-faq", CfFaq);
