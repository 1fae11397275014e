/* <cf-kb-article .app slug="…" version="…" hash="…" .linkTo=${(slug) => href}> one article: contents, code to copy, vote,
   related ones. Events: cf-go (detail {href, replace}) · cf-title (detail {title}) · cf-back. */
import { unsafeHTML } from "lit/directives/unsafe-html.js";
import { ApiError } from "../web/api.js";
import { articleStyles, dress, plainClick } from "../web/article.js";
import { base, controls, states } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import "../web/elements/cf-time.js";
import { icon } from "../web/icons.js";
import { t } from "../web/strings.js";

const COMMENT = 2000;

export class CfKbArticle extends CfElement {
  static properties = {
    slug: {},
    version: {},
    hash: {},
    linkTo: { attribute: false },
    article: { state: true },
    versions: { state: true },
    problem: { state: true },
    missing: { state: true },
    vote: { state: true },
    voting: { state: true },
    asking: { state: true },
  };

  static styles = [
    base,
    controls,
    states,
    articleStyles,
    css`
      article {
        display: grid;
        grid-template-columns: minmax(0, 1fr) 232px;
        column-gap: var(--cf-10);
        align-items: start;
      }
      article > * {
        grid-column: 1;
      }
      .card {
        padding: var(--cf-8);
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius-l);
        background: var(--cf-surface);
      }
      header {
        max-width: var(--cf-measure);
        margin-bottom: var(--cf-6);
      }
      header h2 {
        font-size: var(--cf-text-2xl);
      }
      header .summary {
        margin: var(--cf-1) 0 var(--cf-2);
        color: var(--cf-text-2);
        font-size: var(--cf-text-l);
      }
      .facts {
        display: flex;
        flex-wrap: wrap;
        gap: var(--cf-1) var(--cf-4);
        align-items: baseline;
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      summary {
        min-height: 24px;
        cursor: pointer;
      }
      .versions {
        margin-top: var(--cf-2);
        color: var(--cf-text);
      }
      .versions li {
        padding: var(--cf-1) 0;
      }
      .older {
        display: flex;
        flex-wrap: wrap;
        gap: var(--cf-2);
        align-items: center;
        margin-bottom: var(--cf-4);
        padding: var(--cf-2) var(--cf-3);
        border-radius: var(--cf-radius);
        background: var(--cf-warn-soft);
        color: var(--cf-warn);
      }
      aside {
        grid-area: 1 / 2 / span 6;
        position: sticky;
        top: var(--cf-4);
        max-height: calc(100dvh - var(--cf-8));
        overflow-y: auto;
        padding: 2px;
        font-size: var(--cf-text-s);
      }
      aside h3,
      .related h3 {
        margin-bottom: var(--cf-2);
        font-size: var(--cf-text-s);
      }
      aside a,
      .related a {
        display: block;
        padding: 4px 0;
        color: var(--cf-text-2);
        text-decoration: none;
      }
      aside a:hover,
      .related a:hover {
        color: var(--cf-accent);
        text-decoration: underline;
      }
      aside [data-level="3"] {
        padding-inline-start: var(--cf-3);
      }
      .feedback {
        max-width: var(--cf-measure);
        margin-top: var(--cf-8);
        padding-top: var(--cf-5);
        border-top: 1px solid var(--cf-line);
      }
      .feedback > * + * {
        margin-top: var(--cf-3);
      }
      .feedback [aria-pressed="true"] {
        border-color: var(--cf-accent);
        background: var(--cf-accent-soft);
        color: var(--cf-accent);
      }
      .related {
        max-width: var(--cf-measure);
        margin-top: var(--cf-6);
      }
      .loading {
        display: grid;
        gap: var(--cf-4);
        grid-template-columns: minmax(0, 1fr);
      }
      .bone.title {
        width: 50%;
        height: 24px;
      }
      @media (max-width: 860px) {
        .card {
          padding: var(--cf-5) var(--cf-4);
        }
        article {
          grid-template-columns: minmax(0, 1fr);
        }
        aside {
          grid-area: auto / 1;
          position: static;
          max-height: none;
          margin-bottom: var(--cf-5);
        }
      }
      @media print {
        article {
          display: block;
        }
        .card {
          padding: 0;
          border: 0;
        }
        aside,
        .feedback,
        .related,
        details {
          display: none;
        }
      }
    `,
  ];

  #asked = null;
  #dressed = null;
  #shown = "";

  constructor() {
    super();
    this.article = null;
    this.versions = null;
    this.problem = "";
    this.missing = false;
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#asked?.abort();
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (changed.has("slug") || changed.has("version")) {
      // The address was put right, the article is the same.
      const same = changed.get("slug") && this.article?.slug === this.slug && !changed.has("version");
      if (!same) this.#load();
    }
  }

  updated() {
    const body = this.renderRoot.querySelector(".article");
    if (!body || !this.article) return;
    if (this.#dressed !== this.article) {
      this.#dressed = this.article;
      this.#shown = "";
      dress(body, {
        linkTo: this.linkTo,
        anchors: (id) => `${this.#address}#${id}`,
        open: (href) => this.#go(href),
        notify: (...notice) => this.app.notify(...notice),
      });
      this.emit("cf-title", { title: this.article.title });
    }
    if (this.#shown !== this.hash) this.#toSection();
  }

  get #address() {
    return this.linkTo(this.article.slug) + (this.version ? `?version=${this.version}` : "");
  }

  #go(href, replace = false) {
    // The same section once more: nothing changes in the address, but the reader wants to be there.
    this.#shown = "";
    this.emit("cf-go", { href, replace });
    this.requestUpdate();
  }

  #toSection() {
    this.#shown = this.hash;
    if (!this.hash) return;
    const heading = this.renderRoot.getElementById(this.hash);
    heading?.scrollIntoView();
    heading?.focus({ preventScroll: true });
  }

  async #load() {
    this.#asked?.abort();
    const { signal } = (this.#asked = new AbortController());
    Object.assign(this, { article: null, versions: null, problem: "", missing: false, vote: null, asking: false });
    try {
      const path = `/kb/articles/${encodeURIComponent(this.slug)}`;
      const { data } = await this.app.api.get(path, { query: { version: this.version }, signal });
      this.article = data;
      this.vote = data.my_vote;
      if (data.slug !== this.slug) this.emit("cf-go", { href: this.#address + location.hash, replace: true });
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 404) this.missing = true;
      else this.problem = error.words;
      this.emit("cf-title", { title: t("tabs.knowledge-base") });
    }
  }

  async #loadVersions(event) {
    if (!event.target.open || this.versions) return;
    try {
      const { data } = await this.app.api.get(`/kb/articles/${this.article.slug}/versions`);
      this.versions = data.items;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.app.notify(t("kb.versions.failed", { reason: error.words }), { kind: "danger" });
    }
  }

  async #send(helpful, comment) {
    if (this.voting) return;
    this.voting = true;
    const body = comment ? { helpful, comment } : { helpful };
    const { article, vote: before } = this;
    try {
      await this.app.api.insist("POST", `/kb/articles/${article.slug}/feedback`, { body });
      if (this.article !== article) return;
      const { yes, no } = article.helpful;
      const less = before ? { yes: before.helpful ? 1 : 0, no: before.helpful ? 0 : 1 } : { yes: 0, no: 0 };
      article.helpful = { yes: yes - less.yes + (helpful ? 1 : 0), no: no - less.no + (helpful ? 0 : 1) };
      this.vote = { helpful, comment: comment || null };
      this.asking = !comment;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.app.notify(t("kb.vote.failed", { reason: error.words }), { kind: "danger" });
    } finally {
      this.voting = false;
    }
  }

  #sendReason(event) {
    event.preventDefault();
    const comment = this.renderRoot.querySelector("#reason").value.trim();
    if (comment) this.#send(this.vote.helpful, comment);
    else this.asking = false;
  }

  #link(href, words, level) {
    const act = (event) => {
      if (!plainClick(event)) return;
      event.preventDefault();
      this.#go(href);
    };
    return html`<a href=${href} data-level=${level ?? nothing} @click=${act}>${words}</a>`;
  }

  #facts() {
    const { article } = this;
    return html`<div class="facts">
      <span>${t("kb.updated")} <cf-time at=${article.updated_at}></cf-time></span>
      <details @toggle=${this.#loadVersions}>
        <summary>${t("kb.version", { n: article.version })}</summary>
        <ul class="versions">
          ${(this.versions ?? []).map(
            (one) =>
              html`<li>
                ${this.#link(
                  `${this.linkTo(article.slug)}?version=${one.version}`,
                  t("kb.version", { n: one.version }),
                )}
                <span class="muted">${one.change_note}</span> <cf-time quiet at=${one.at}></cf-time>
              </li>`,
          )}
        </ul>
      </details>
      ${article.tags?.length ? html`<span>${article.tags.join(", ")}</span>` : nothing}
    </div>`;
  }

  #feedback() {
    const { vote, article } = this;
    const { yes, no } = article.helpful;
    const button = (helpful, words) =>
      html`<button
        aria-pressed=${vote?.helpful === helpful}
        aria-disabled=${Boolean(this.voting)}
        @click=${() => this.#send(helpful, vote?.helpful === helpful ? vote.comment : null)}
      >
        ${vote?.helpful === helpful ? icon("check") : nothing}${words}
      </button>`;
    return html`<section class="feedback" aria-labelledby="helpful">
      <div class="row wrap">
        <h3 id="helpful">${t("kb.vote.title")}</h3>
        ${button(true, t("kb.vote.yes"))} ${button(false, t("kb.vote.no"))}
      </div>
      ${yes + no > 0 ? html`<p class="muted small">${t("kb.vote.count", { yes, n: yes + no })}</p>` : nothing}
      <p class="small" role="status">${vote ? t("kb.vote.thanks") : ""}</p>
      ${
        this.asking
          ? html`<form class="field" @submit=${this.#sendReason}>
              <label for="reason">${t(vote.helpful ? "kb.vote.why_yes" : "kb.vote.why_no")}</label>
              <textarea id="reason" rows="3" maxlength=${COMMENT} .value=${vote.comment ?? ""}></textarea>
              <div class="row"><button class="primary">${t("kb.vote.send")}</button></div>
            </form>`
          : nothing
      }
    </section>`;
  }

  #state() {
    if (this.missing || this.problem) {
      return html`<div class="empty" role="alert">
        <span class="badge">${icon(this.missing ? "book-open" : "cloud-off")}</span>
        <h2>${t(this.missing ? "kb.missing.title" : "kb.failed.title")}</h2>
        <p>${this.missing ? t("kb.missing.text") : this.problem}</p>
        <div class="row">
          ${this.missing ? nothing : html`<button @click=${() => this.#load()}>${t("app.retry")}</button>`}
          <button class="plain" @click=${() => this.emit("cf-back")}>${t("kb.home")}</button>
        </div>
      </div>`;
    }
    return html`<div class="card skeleton" aria-busy="true">
      <div class="loading">
        <div class="bone title"></div>
        <div class="bone"></div>
        <div class="bone"></div>
      </div>
      <p class="hidden" role="status">${t("kb.loading")}</p>
    </div>`;
  }

  render() {
    const { article } = this;
    if (!article) return this.#state();
    const contents = (article.contents ?? []).filter((one) => one.level <= 3);
    return html`<div class="card">
      <article>
        ${
          this.version
            ? html`<p class="older">
                ${icon("history")}${t("kb.older", { n: article.version })}
                ${this.#link(this.linkTo(article.slug), t("kb.current"))}
              </p>`
            : nothing
        }
        <header>
          <h2 tabindex="-1">${article.title}</h2>
          <p class="summary">${article.summary}</p>
          ${this.#facts()}
        </header>
        ${
          contents.length > 1
            ? html`<aside aria-label=${t("kb.contents")}>
                <h3>${t("kb.contents")}</h3>
                <ul>
                  ${contents.map((one) => html`<li>${this.#link(`${this.#address}#${one.id}`, one.title, one.level)}</li>`)}
                </ul>
              </aside>`
            : nothing
        }
        <div class="article">${unsafeHTML(article.body_html)}</div>
        ${this.version ? nothing : this.#feedback()}
        ${
          article.related?.length
            ? html`<section class="related" aria-labelledby="related">
                <h3 id="related">${t("kb.related")}</h3>
                <ul>
                  ${article.related.map((one) => html`<li>${this.#link(this.linkTo(one.slug), one.title)}</li>`)}
                </ul>
              </section>`
            : nothing
        }
      </article>
    </div>`;
  }
}

define("cf-kb-article", CfKbArticle);
