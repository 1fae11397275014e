/* <cf-author-articles .app .place .categories .hrefTo=${(place) => href}> all articles, with filters in the address.

   Methods: toHeading(), focusSearch(), focusRow(id).
   Event: cf-place (detail {href, replace}). */
import { base, controls, states } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import "../web/elements/cf-time.js";
import { icon } from "../web/icons.js";
import { t } from "../web/strings.js";
import { categoryOptions, categoryTitle, changedChip, empty, failed, follow, statusChip, waiting, wordsOf } from "./author-parts.js";
import { author } from "./author-styles.js";
import { keptTexts } from "./knowledge.js";
import { ARTICLE_STATUSES } from "./places.js";

const PAGE = 50;
const TYPING = 250;

export class CfAuthorArticles extends CfElement {
  static properties = {
    place: { attribute: false },
    categories: { attribute: false },
    hrefTo: { attribute: false },
    list: { state: true },
    problem: { state: true },
    more: { state: true },
  };

  static styles = [
    base,
    controls,
    states,
    author,
    css`
      .tools {
        display: grid;
        grid-template-columns: minmax(200px, 1fr) auto auto;
        gap: var(--cf-2);
        margin-bottom: var(--cf-2);
      }
      .search {
        position: relative;
      }
      .search svg.icon {
        position: absolute;
        inset-block-start: 10px;
        inset-inline-start: 10px;
        color: var(--cf-text-2);
        pointer-events: none;
      }
      .search input {
        padding-inline-start: 34px;
      }
      .count {
        display: flex;
        gap: var(--cf-3);
        align-items: center;
        min-height: 28px;
        margin-bottom: var(--cf-1);
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      .article {
        display: grid;
        grid-template-columns: minmax(0, 1fr) 160px 190px 100px 92px;
        gap: var(--cf-1) var(--cf-4);
        align-items: center;
      }
      .columns {
        padding: 0 calc(var(--cf-4) + 1px) var(--cf-1);
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      li.article:hover {
        background: var(--cf-subtle);
      }
      a.title {
        color: var(--cf-text);
        font-weight: 500;
        text-decoration: none;
        overflow-wrap: anywhere;
      }
      a.title::after {
        content: "";
        position: absolute;
        inset: 0;
      }
      a.title:focus-visible {
        outline: none;
      }
      li:has(a.title:focus-visible) {
        outline: 2px solid var(--cf-focus);
        outline-offset: -2px;
      }
      .slug,
      .category,
      .votes,
      .when {
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
        overflow-wrap: anywhere;
      }
      .state {
        display: flex;
        flex-wrap: wrap;
        gap: var(--cf-1);
        align-items: center;
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      .last {
        display: contents;
      }
      .votes {
        font-variant-numeric: tabular-nums;
      }
      .when,
      .columns > :last-child {
        text-align: end;
      }
      .unsaved {
        margin-bottom: var(--cf-4);
      }
      .foot {
        margin-top: var(--cf-4);
      }
      @media (max-width: 1199px) {
        .article {
          grid-template-columns: minmax(0, 1fr);
        }
        .columns {
          display: none;
        }
        .last {
          display: flex;
          flex-wrap: wrap;
          gap: 2px var(--cf-4);
        }
        .votes .label {
          position: static;
          width: auto;
          height: auto;
          margin: 0;
          clip-path: none;
        }
      }
      @media (max-width: 640px) {
        .tools {
          grid-template-columns: repeat(2, minmax(0, 1fr));
        }
        .search {
          grid-column: 1 / -1;
        }
      }
    `,
  ];

  #asked = null;
  #wanted = "";
  #typing = 0;

  constructor() {
    super();
    this.list = null;
    this.problem = "";
    this.more = false;
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#asked?.abort();
    clearTimeout(this.#typing);
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    const { status, category, q } = this.place;
    const wanted = JSON.stringify([status, category, q]);
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    this.#load();
  }

  async toHeading() {
    await this.updateComplete;
    this.renderRoot.querySelector("h2").focus({ preventScroll: true });
  }

  focusSearch() {
    const input = this.renderRoot.querySelector("#search");
    input.focus();
    input.select();
  }

  /** The row of an article that was just left; the heading where it is not there. */
  async focusRow(id) {
    await this.updateComplete;
    await this.#loading;
    await this.updateComplete;
    const row = this.renderRoot.querySelector(`a[data-id="${CSS.escape(id)}"]`);
    (row ?? this.renderRoot.querySelector("h2")).focus();
  }

  #loading = null;

  #load() {
    this.#loading = this.#ask();
  }

  async #ask() {
    this.#asked?.abort();
    const { signal } = (this.#asked = new AbortController());
    this.problem = "";
    const { status, category, q } = this.place;
    try {
      const query = { status, category, q, limit: PAGE };
      this.list = (await this.app.api.get("/kb/authoring/articles", { query, signal })).data;
    } catch (error) {
      if (!signal.aborted) this.problem = wordsOf(error);
    }
  }

  async #loadMore() {
    if (this.more) return;
    this.more = true;
    const { list } = this;
    const { status, category, q } = this.place;
    try {
      const query = { status, category, q, limit: PAGE, cursor: list.next_cursor };
      const { data } = await this.app.api.get("/kb/authoring/articles", { query });
      if (this.list === list) this.list = { ...data, items: [...list.items, ...data.items] };
    } catch (error) {
      this.app.notify(wordsOf(error), { kind: "danger" });
    } finally {
      this.more = false;
    }
  }

  #change(change, replace = false) {
    this.emit("cf-place", { href: this.hrefTo({ ...this.place, ...change }), replace });
  }

  #search(value) {
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.#change({ q: value.trim() }, true), TYPING);
  }

  #clear() {
    clearTimeout(this.#typing);
    this.renderRoot.querySelector("#search").value = "";
    this.#change({ status: "", category: "", q: "" });
  }

  #tools() {
    const { status, category, q } = this.place;
    return html`<div class="tools" role="search">
      <div class="search">
        ${icon("search")}
        <input
          id="search"
          type="search"
          autocomplete="off"
          maxlength="200"
          aria-label=${t("author.search")}
          placeholder=${t("author.search")}
          .value=${q}
          @input=${(event) => this.#search(event.target.value)}
        />
      </div>
      <select aria-label=${t("author.status")} @change=${(event) => this.#change({ status: event.target.value })}>
        <option value="" ?selected=${!status}>${t("author.status.all")}</option>
        ${ARTICLE_STATUSES.map(
          (one) => html`<option value=${one} ?selected=${one === status}>${t(`author.status.${one}`)}</option>`,
        )}
      </select>
      <select aria-label=${t("author.category")} @change=${(event) => this.#change({ category: event.target.value })}>
        <option value="" ?selected=${!category}>${t("author.category.all")}</option>
        ${categoryOptions(this.categories, category)}
      </select>
    </div>`;
  }

  /** New articles that exist in this browser only. */
  #unsaved() {
    const kept = keptTexts(this.app.me.id, "article").filter(({ id }) => id === "new" || id.startsWith("new:"));
    if (kept.length === 0) return nothing;
    return html`<section class="banner unsaved" aria-labelledby="unsaved">
      <h3 id="unsaved">${t("author.unsaved", { n: kept.length })}</h3>
      <ul>
        ${kept.map(({ id, text, at }) => {
          const href = this.hrefTo({ part: "articles", id: "new", title: id.slice("new:".length) });
          return html`<li>
            <a href=${href} @click=${follow(this, href)}>${text.title || t("author.untitled")}</a>
            <cf-time at=${at} quiet></cf-time>
          </li>`;
        })}
      </ul>
    </section>`;
  }

  #row(one, kept) {
    const href = this.hrefTo({ part: "articles", id: one.id });
    const { draft } = one;
    const changedAt = one.draft_at > one.updated_at ? one.draft_at : one.updated_at;
    return html`<li class="article">
      <div>
        <a class="title" data-id=${one.id} href=${href} @click=${follow(this, href)}>${draft.title}</a>
        <div class="slug">${draft.slug}</div>
      </div>
      <span class="category"><span class="hidden">${t("author.category")}: </span>${categoryTitle(this.categories, draft.category)}</span>
      <span class="state">
        ${statusChip(one.status)}
        ${one.version ? html`<span>${t("author.version", { n: one.version })}</span>` : nothing}
        ${one.changed && one.version ? changedChip() : nothing}
        ${kept.has(one.id) ? html`<span class="chip">${icon("pencil")}${t("author.kept_here")}</span>` : nothing}
      </span>
      <span class="last">
        <span class="votes"
          ><span class="hidden label">${t("author.helpful")}: </span>${t("author.votes.count", one.helpful)}</span
        >
        <span class="when"><span class="hidden">${t("author.last_change")}: </span><cf-time at=${changedAt} quiet></cf-time></span>
      </span>
    </li>`;
  }

  #body() {
    const { list, problem } = this;
    const panel = (state) => html`<div class="panel">${state}</div>`;
    if (problem && !list) return panel(failed(t("author.articles.failed"), problem, () => this.#load()));
    if (!list) return panel(waiting(t("author.loading")));
    if (list.items.length === 0) {
      const { status, category, q } = this.place;
      const clear = html`<button @click=${() => this.#clear()}>${t("list.clear")}</button>`;
      return panel(
        status || category || q
          ? empty("search", t("author.none.title"), t("author.none.text"), clear)
          : empty("book-open", t("author.first.title"), t("author.first.text")),
      );
    }
    const kept = new Set(keptTexts(this.app.me.id, "article").map(({ id }) => id));
    return html`<ul class="panel rows">
      ${list.items.map((one) => this.#row(one, kept))}
    </ul>`;
  }

  render() {
    const { list, problem } = this;
    const write = this.hrefTo({ part: "articles", id: "new" });
    return html`<div class="top">
        <h2 tabindex="-1">${t("author.part.articles")}</h2>
        <a class="button primary" href=${write} @click=${follow(this, write)}>${icon("plus")}${t("author.new")}</a>
      </div>
      ${this.#unsaved()} ${this.#tools()}
      <p class="count" role="status">${list ? t("kb.articles", { n: list.total }) : nothing}</p>
      <div role="alert">
        ${problem && list ? html`<p class="error">${icon("circle-alert")}${t("list.stale")}</p>` : nothing}
      </div>
      ${
        list?.items.length
          ? html`<div class="article columns" aria-hidden="true">
              ${["title", "category", "status", "helpful", "last_change"].map(
                (name) => html`<span>${t(`author.${name}`)}</span>`,
              )}
            </div>`
          : nothing
      }
      ${this.#body()}
      ${
        list?.next_cursor
          ? html`<div class="foot">
              <button aria-disabled=${this.more} @click=${() => this.#loadMore()}>${t("kb.more")}</button>
            </div>`
          : nothing
      }`;
  }
}

define("cf-author-articles", CfAuthorArticles);
