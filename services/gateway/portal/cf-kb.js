/* <cf-kb .app .route=${route} .hrefTo=${({slug, category, q}) => href}> the knowledge base: categories, lists, search, article.

   `route`: {slug, version, hash, category, q} as in router.js.
   Events: cf-go (detail {href, replace}) · cf-new (detail {subject}) · cf-title (detail {title}). */
import { unsafeHTML } from "lit/directives/unsafe-html.js";
import { ApiError } from "../web/api.js";
import { plainClick } from "../web/article.js";
import { base, controls, states } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import { icon } from "../web/icons.js";
import { t } from "../web/strings.js";
import "./cf-kb-article.js";
import "./cf-kb-search.js";

const PAGE = 10;
const LIST = 25;
const NEAR = 5;

export class CfKb extends CfElement {
  static properties = {
    route: { attribute: false },
    hrefTo: { attribute: false },
    categories: { state: true },
    list: { state: true },
    near: { state: true },
    problem: { state: true },
    more: { state: true },
  };

  static styles = [
    base,
    controls,
    states,
    css`
      .crumbs {
        display: flex;
        flex-wrap: wrap;
        gap: 6px;
        align-items: center;
        min-height: 24px;
        margin: var(--cf-4) 0 var(--cf-3);
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      .crumbs svg.icon {
        width: 14px;
        height: 14px;
      }
      .grid {
        display: grid;
        grid-template-columns: repeat(2, minmax(0, 1fr));
        gap: var(--cf-4);
        margin-top: var(--cf-5);
      }
      .grid a {
        display: grid;
        gap: 2px;
        height: 100%;
        padding: var(--cf-5);
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius-l);
        background: var(--cf-surface);
        color: inherit;
        text-decoration: none;
        align-content: start;
        transition: border-color var(--cf-motion);
      }
      .grid a:hover {
        border-color: var(--cf-line-strong);
      }
      .grid h3 {
        color: var(--cf-accent);
      }
      .grid .small {
        margin-top: var(--cf-2);
      }
      .head {
        margin-bottom: var(--cf-4);
      }
      .head p {
        max-width: var(--cf-measure);
        color: var(--cf-text-2);
      }
      .facets {
        display: flex;
        flex-wrap: wrap;
        gap: var(--cf-2);
        margin-bottom: var(--cf-3);
      }
      .facets [aria-pressed="true"] {
        border-color: var(--cf-accent);
        background: var(--cf-accent-soft);
        color: var(--cf-accent);
      }
      .facets button {
        white-space: normal;
        text-align: start;
      }
      .results {
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius-l);
        background: var(--cf-surface);
      }
      .results li {
        position: relative;
        padding: var(--cf-4) var(--cf-5);
        border-bottom: 1px solid var(--cf-line);
      }
      .results li:last-child {
        border: 0;
      }
      .results a {
        font-size: var(--cf-text-l);
        font-weight: 500;
        text-decoration: none;
      }
      .results a::after {
        content: "";
        position: absolute;
        inset: 0;
        border-radius: var(--cf-radius);
      }
      .results a:focus-visible {
        outline: none;
      }
      .results li:has(a:focus-visible) {
        outline: 2px solid var(--cf-focus);
        outline-offset: -2px;
        border-radius: var(--cf-radius);
      }
      .results li:hover a {
        text-decoration: underline;
      }
      .results p {
        max-width: 84ch;
        color: var(--cf-text-2);
        overflow-wrap: anywhere;
      }
      .results .where {
        margin-top: 2px;
        font-size: var(--cf-text-s);
      }
      mark {
        border-radius: 2px;
        background: var(--cf-warn-soft);
        color: var(--cf-text);
        font-weight: 600;
      }
      .foot {
        margin-top: var(--cf-4);
      }
      .none {
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius-l);
        background: var(--cf-surface);
      }
      .none .near {
        width: min(100%, 46ch);
        margin-top: var(--cf-3);
        text-align: start;
      }
      .none .near li {
        padding: 4px 0;
      }
      .none .row {
        flex-wrap: wrap;
        justify-content: center;
      }
      .none button {
        white-space: normal;
      }
      @media (max-width: 640px) {
        .grid {
          grid-template-columns: minmax(0, 1fr);
          gap: var(--cf-3);
        }
        .grid a,
        .results li {
          padding: var(--cf-4);
        }
      }
      @media print {
        cf-kb-search,
        .crumbs {
          display: none;
        }
      }
    `,
  ];

  #asked = null;
  #wanted = null;

  constructor() {
    super();
    this.categories = null;
    this.list = null;
    this.near = [];
    this.problem = "";
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#asked?.abort();
    this.#wanted = null;
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (!this.route || this.app.state !== "ready") return;
    const { slug, category, q } = this.route;
    const wanted = JSON.stringify([this.app.me.id, slug ? "" : category, slug ? "" : q]);
    if (this.#wanted === wanted) return;
    this.#wanted = wanted;
    this.#load();
  }

  async #load() {
    this.#asked?.abort();
    const { signal } = (this.#asked = new AbortController());
    const { slug, category, q } = this.route;
    Object.assign(this, { problem: "", near: [] });
    // While a search is refined its old results stay.
    if (slug || !q || !this.list?.q) this.list = null;
    try {
      await Promise.all([this.#loadCategories(signal), slug ? null : this.#loadList({ category, q }, signal)]);
    } catch (error) {
      if (signal.aborted) return;
      this.problem = error instanceof ApiError ? error.words : t("problem.unknown");
      if (!(error instanceof ApiError)) throw error;
    }
  }

  async #loadCategories(signal) {
    if (this.categories) return;
    this.categories = (await this.app.api.get("/kb/categories", { signal })).data.items;
  }

  async #loadList({ category, q }, signal) {
    if (q) {
      const { data } = await this.app.api.get("/kb/search", { query: { q, category, limit: PAGE }, signal });
      if (data.items.length === 0) await this.#loadNear(q, data.did_you_mean, signal);
      if (!signal.aborted) this.list = { ...data, q, category };
    } else if (category) {
      const { data } = await this.app.api.get("/kb/articles", { query: { category, limit: LIST }, signal });
      this.list = { ...data, q: "", category };
    }
  }

  /** What comes closest to a search without a result: what its mended form or its longest words name. */
  async #loadNear(q, meant, signal) {
    const words = q.split(/\s+/).filter((word) => word.length > 3);
    const longest = words.sort((a, b) => b.length - a.length).slice(0, 2);
    for (const ask of new Set([meant ?? q, ...longest])) {
      const { data } = await this.app.api.get("/kb/suggest", { query: { q: ask, limit: NEAR }, signal });
      this.near = data.items;
      if (this.near.length) return;
    }
  }

  async #loadMore() {
    if (this.more) return;
    this.more = true;
    const { list } = this;
    const { q, category } = list;
    const [path, query] = q
      ? ["/kb/search", { q, category, limit: PAGE, offset: list.items.length }]
      : ["/kb/articles", { category, limit: LIST, cursor: list.next_cursor }];
    try {
      const { data } = await this.app.api.get(path, { query });
      if (this.list !== list) return;
      const items = [...list.items, ...data.items];
      this.list = q ? { ...list, items, ended: data.items.length === 0 } : { ...list, ...data, items };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.app.notify(error.words, { kind: "danger" });
    } finally {
      this.more = false;
    }
  }

  #linkTo = (slug) => this.hrefTo({ slug });

  #go(href, replace = false) {
    this.emit("cf-go", { href, replace });
  }

  #follow(event, href) {
    if (!plainClick(event)) return;
    event.preventDefault();
    this.#go(href);
  }

  #chosen(event, item, rank) {
    const { search_id: search } = this.list;
    if (search) {
      // Says only what was useful; nobody waits for it.
      const body = { slug: item.slug, rank };
      this.app.api.send("POST", `/kb/search/${search}/choice`, { body }).catch(() => {});
    }
    this.#follow(event, this.#linkTo(item.slug));
  }

  #title(slug) {
    return this.categories?.find((one) => one.slug === slug)?.title ?? slug;
  }

  #ticket(primary) {
    if (!this.app.me.roles.includes("customer")) return nothing;
    const { q } = this.route;
    return html`<button
      class=${primary ? "primary" : ""}
      @click=${() => this.emit("cf-new", { subject: q.slice(0, 150) })}
    >
      ${icon("plus")}${q ? t("kb.none.ticket", { q }) : t("coming.ticket")}
    </button>`;
  }

  #crumbs() {
    const { slug, category } = this.route;
    if (!slug && !category && !this.route.q) return nothing;
    const home = this.hrefTo({});
    return html`<nav class="crumbs" aria-label=${t("kb.crumbs")}>
      <a href=${home} @click=${(event) => this.#follow(event, home)}>${t("kb.home")}</a>
      ${category && !slug && !this.route.q ? html`${icon("chevron-right")}<span>${this.#title(category)}</span>` : nothing}
    </nav>`;
  }

  #home() {
    if (!this.categories) return this.#waiting();
    return html`<h2 class="hidden" tabindex="-1">${t("tabs.knowledge-base")}</h2>
      <ul class="grid">
        ${this.categories.map((one) => {
          const href = this.hrefTo({ category: one.slug });
          return html`<li>
            <a href=${href} @click=${(event) => this.#follow(event, href)}>
              <h3>${one.title}</h3>
              <p>${one.description}</p>
              <p class="muted small">${t("kb.articles", { n: one.article_count })}</p>
            </a>
          </li>`;
        })}
      </ul>`;
  }

  #waiting() {
    return html`<div class="grid skeleton" aria-busy="true">
      ${[1, 2, 3, 4].map(() => html`<div class="bone"></div>`)}
      <p class="hidden" role="status">${t("kb.loading")}</p>
    </div>`;
  }

  #items() {
    const { list } = this;
    const left = list.q ? !list.ended && list.items.length < list.total : list.next_cursor;
    return html`<ol class="results">
        ${list.items.map(
          (item, index) =>
            html`<li>
              <a href=${this.#linkTo(item.slug)} @click=${(event) => this.#chosen(event, item, index + 1)}
                >${item.title}</a
              >
              <p>${list.q ? unsafeHTML(item.snippet_html) : item.summary}</p>
              ${list.q ? html`<p class="where">${this.#title(item.category)}</p>` : nothing}
            </li>`,
        )}
      </ol>
      ${
        left
          ? html`<div class="foot">
              <button aria-disabled=${Boolean(this.more)} @click=${() => this.#loadMore()}>
                ${t("kb.more")}
              </button>
            </div>`
          : nothing
      }`;
  }

  #category() {
    const category = this.categories?.find((one) => one.slug === this.route.category);
    if (!this.list || !this.categories) return this.#waiting();
    return html`<div class="head">
        <h2 tabindex="-1">${this.#title(this.route.category)}</h2>
        <p>${category?.description}</p>
      </div>
      ${this.list.items.length ? this.#items() : html`<p class="muted">${t("kb.category.empty")}</p>`}`;
  }

  #facets() {
    const { facets, category } = this.list;
    const found = Object.entries(facets).filter(([, n]) => n > 0);
    if (found.length < 2 && !category) return nothing;
    const all = found.reduce((sum, [, n]) => sum + n, 0);
    const choice = (slug, words) =>
      html`<button
        class="compact"
        aria-pressed=${category === slug}
        @click=${() => this.#go(this.hrefTo({ q: this.route.q, category: slug }), true)}
      >
        ${words}
      </button>`;
    return html`<div class="facets" role="group" aria-label=${t("kb.facets")}>
      ${choice("", t("kb.facet", { name: t("kb.facet.all"), n: all }))}
      ${found.map(([slug, n]) => choice(slug, t("kb.facet", { name: this.#title(slug), n })))}
    </div>`;
  }

  #meant() {
    const { did_you_mean: meant } = this.list;
    if (!meant) return nothing;
    const href = this.hrefTo({ q: meant });
    return html`<p>
      ${t("kb.did_you_mean")} <a href=${href} @click=${(event) => this.#follow(event, href)}>${meant}</a>
    </p>`;
  }

  #search() {
    const { list } = this;
    if (!list) return this.#waiting();
    const empty = list.items.length === 0;
    return html`<div class="head">
        <h2 tabindex="-1">${t("kb.results", { q: list.q })}</h2>
        <p role="status">${t("kb.results.count", { n: list.total })}</p>
        ${empty ? nothing : this.#meant()}
      </div>
      ${this.#facets()} ${empty ? this.#none() : html`${this.#items()}<div class="foot">${this.#ticket()}</div>`}`;
  }

  #none() {
    return html`<div class="empty none">
      <span class="badge">${icon("search")}</span>
      <h3>${t("kb.none.title")}</h3>
      <p>${t("kb.none.text")}</p>
      ${this.#meant()}
      ${
        this.near.length
          ? html`<div class="near">
              <p>${t("kb.none.near")}</p>
              <ul>
                ${this.near.map((one) => {
                  const href = this.#linkTo(one.slug);
                  return html`<li><a href=${href} @click=${(event) => this.#follow(event, href)}>${one.title}</a></li>`;
                })}
              </ul>
            </div>`
          : nothing
      }
      <div class="row">${this.#ticket(true)}</div>
    </div>`;
  }

  #content() {
    const { slug, version, hash, category, q } = this.route;
    if (slug) {
      return html`<cf-kb-article
        .app=${this.app}
        .linkTo=${this.#linkTo}
        slug=${slug}
        .version=${version}
        .hash=${hash}
        @cf-back=${() => this.#go(this.hrefTo({}))}
      ></cf-kb-article>`;
    }
    if (this.problem) {
      return html`<div class="empty" role="alert">
        <span class="badge">${icon("cloud-off")}</span>
        <h2>${t("kb.failed.home")}</h2>
        <p>${this.problem}</p>
        <div class="row"><button @click=${() => this.#load()}>${icon("refresh-cw")}${t("app.retry")}</button></div>
      </div>`;
    }
    if (q) return this.#search();
    return category ? this.#category() : this.#home();
  }

  render() {
    if (!this.route) return nothing;
    return html`<cf-kb-search
        .app=${this.app}
        .linkTo=${this.#linkTo}
        .value=${this.route.q}
        @cf-search=${({ detail }) => this.#go(this.hrefTo(detail.q ? { q: detail.q } : {}))}
      ></cf-kb-search>
      ${this.#crumbs()} ${this.#content()}`;
  }
}

define("cf-kb", CfKb);
