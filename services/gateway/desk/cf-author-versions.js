/* <cf-author-versions .app .article=${authored article} .text=${what is being written} .fields=${as of cf-author-diff}
   version="3" against="draft" .hrefTo=${(place) => href}> the versions of an article, what changed in each, and bringing one back.

   `version` "draft": what is written against what readers see. `against` "draft": a version against what is written.
   Events: cf-place (detail {href, replace}) · cf-restore (detail {version}). */
import { base, controls, states } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import "../web/elements/cf-time.js";
import { icon } from "../web/icons.js";
import { t } from "../web/strings.js";
import { empty, failed, follow, waiting, wordsOf } from "./author-parts.js";
import { author } from "./author-styles.js";
import "./cf-author-diff.js";
import { BLANK_TEXT, sameText } from "./knowledge.js";

/** Before the first version there was nothing, also no language. */
const NOTHING = { ...BLANK_TEXT, language: "" };

export class CfAuthorVersions extends CfElement {
  static properties = {
    article: { attribute: false },
    text: { attribute: false },
    fields: { attribute: false },
    version: {},
    against: {},
    hrefTo: { attribute: false },
    items: { state: true },
    pair: { state: true },
    problem: { state: true },
  };

  static styles = [
    base,
    controls,
    states,
    author,
    css`
      .split {
        display: grid;
        grid-template-columns: 300px minmax(0, 1fr);
        gap: var(--cf-5);
        align-items: start;
      }
      .rows {
        overflow: hidden;
        border-radius: inherit;
      }
      .rows > li {
        padding: 0;
      }
      .rows a {
        display: grid;
        gap: 2px;
        padding: var(--cf-3) var(--cf-4);
        color: inherit;
        text-decoration: none;
      }
      .rows a:hover {
        background: var(--cf-subtle);
      }
      .rows a[aria-current] {
        background: var(--cf-accent-soft);
        box-shadow: inset 3px 0 var(--cf-accent);
      }
      .rows a:focus-visible {
        outline-offset: -2px;
      }
      .name {
        display: flex;
        align-items: center;
        gap: var(--cf-2);
        font-weight: 500;
      }
      .note {
        overflow-wrap: anywhere;
      }
      .bar {
        display: flex;
        flex-wrap: wrap;
        gap: var(--cf-2) var(--cf-3);
        align-items: center;
        margin-bottom: var(--cf-3);
      }
      .bar h3 {
        margin-inline-end: auto;
      }
      select {
        width: auto;
        max-width: 100%;
      }
      .split > div {
        min-width: 0;
      }
      @media (max-width: 900px) {
        .split {
          grid-template-columns: minmax(0, 1fr);
        }
      }
    `,
  ];

  #asked = null;
  #wanted = "";
  #texts = new Map();

  constructor() {
    super();
    this.items = null;
    this.pair = null;
    this.problem = "";
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#asked?.abort();
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    const wanted = JSON.stringify([this.article.id, this.article.version, this.version, this.against]);
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    this.#load();
  }

  /** The version that is shown: a number, "draft", or null where there is none. */
  get #shown() {
    if (this.version) return this.version === "draft" ? "draft" : Number(this.version);
    return this.article.version || null;
  }

  async #load() {
    this.#asked?.abort();
    const { signal } = (this.#asked = new AbortController());
    this.problem = "";
    try {
      const place = `/kb/authoring/articles/${this.article.id}/versions`;
      this.items = (await this.app.api.get(place, { signal })).data.items;
      const shown = this.#shown;
      if (shown === null) return;
      const textOf = async (number) => {
        if (number === 0) return NOTHING;
        if (!this.#texts.has(number))
          this.#texts.set(number, (await this.app.api.get(`${place}/${number}`, { signal })).data.text);
        return this.#texts.get(number);
      };
      // null: what is being written, which the editor has and which may change
      const pair =
        shown === "draft"
          ? [await textOf(this.article.version), null]
          : this.against === "draft"
            ? [await textOf(shown), null]
            : await Promise.all([textOf(shown - 1), textOf(shown)]);
      if (!signal.aborted) this.pair = pair;
    } catch (error) {
      if (signal.aborted) return;
      this.pair = null;
      this.problem = wordsOf(error);
    }
  }

  #href(version, against = "") {
    return this.hrefTo({ part: "articles", id: this.article.id, view: "versions", version, against });
  }

  #entry(version, name, rest) {
    const href = this.#href(version);
    const current = String(version) === String(this.#shown);
    return html`<li>
      <a href=${href} aria-current=${current ? "true" : nothing} @click=${follow(this, href)}>
        <span class="name">${name}</span>${rest}
      </a>
    </li>`;
  }

  #list() {
    const { article } = this;
    const draft = article.changed || !sameText(this.text, article.draft);
    return html`<nav class="panel" aria-label=${t("author.view.versions")}>
      <ol class="rows">
        ${
          draft
            ? this.#entry(
                "draft",
                html`${icon("pencil")}${t("author.versions.draft")}`,
                html`<span class="meta"
                  ><span>${article.draft_by.name}</span><cf-time at=${article.draft_at} quiet></cf-time
                ></span>`,
              )
            : nothing
        }
        ${this.items.map((one) =>
          this.#entry(
            one.version,
            html`${t("author.version", { n: one.version })}${
              article.status === "PUBLISHED" && one.version === article.version
                ? html`<span class="chip PUBLISHED">${t("author.versions.shown")}</span>`
                : nothing
            }`,
            html`${one.change_note ? html`<span class="note">${one.change_note}</span>` : nothing}
              <span class="meta"><span>${one.by.name}</span><cf-time at=${one.at} quiet></cf-time></span>`,
          ),
        )}
      </ol>
    </nav>`;
  }

  #head() {
    const shown = this.#shown;
    const { article } = this;
    if (shown === "draft") return html`<h3>${t("author.versions.draft")}</h3>`;
    const current = article.status === "PUBLISHED" && shown === article.version;
    const compare = (event) =>
      this.emit("cf-place", { href: this.#href(shown, event.target.value), replace: true });
    return html`<h3>${t("author.version", { n: shown })}</h3>
      <select aria-label=${t("author.versions.compare")} @change=${compare}>
        <option value="" ?selected=${this.against !== "draft"}>
          ${shown === 1 ? t("author.versions.first") : t("author.versions.with", { n: shown - 1 })}
        </option>
        <option value="draft" ?selected=${this.against === "draft"}>${t("author.versions.with_draft")}</option>
      </select>
      ${
        current
          ? nothing
          : html`<button @click=${() => this.emit("cf-restore", { version: shown })}>
              ${icon("rotate-ccw")}${t("author.restore")}
            </button>`
      }`;
  }

  #differences() {
    if (this.problem) return failed(t("author.versions.failed"), this.problem, () => this.#load());
    if (!this.pair) return waiting(t("author.loading"));
    const [before, after] = this.pair;
    return html`<cf-author-diff
      .app=${this.app}
      .fields=${this.fields}
      .before=${before}
      .after=${after ?? this.text}
    ></cf-author-diff>`;
  }

  render() {
    if (!this.items) {
      return html`<div class="panel">
        ${this.problem ? failed(t("author.versions.failed"), this.problem, () => this.#load()) : waiting(t("author.loading"))}
      </div>`;
    }
    if (this.#shown === null)
      return html`<div class="panel">${empty("history", t("author.versions.none.title"), t("author.versions.none.text"))}</div>`;
    return html`<div class="split">
      ${this.#list()}
      <div>
        <div class="bar">${this.#head()}</div>
        ${this.#differences()}
      </div>
    </div>`;
  }
}

define("cf-author-versions", CfAuthorVersions);
