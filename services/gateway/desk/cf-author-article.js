/* <cf-author-article .app .place .categories .hrefTo=${(place) => href}> one article: writing it with a preview, its
   versions, its votes. What is typed is kept in this browser until the server has it.

   Method: toHeading(). Events: cf-place (detail {href, replace}) · cf-title (detail {title}). */
import { ApiError } from "../web/api.js";
import { base, controls, states } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import "../web/elements/cf-dialog.js";
import "../web/elements/cf-menu.js";
import "../web/elements/cf-tabs.js";
import "../web/elements/cf-time.js";
import { icon } from "../web/icons.js";
import { locale, t } from "../web/strings.js";
import {
  categoryOptions,
  changedChip,
  differingFields,
  empty,
  failed,
  fault,
  faultSummary,
  follow,
  statusChip,
  waiting,
} from "./author-parts.js";
import { author } from "./author-styles.js";
import "./cf-author-aside.js";
import "./cf-author-conflict.js";
import "./cf-author-preview.js";
import "./cf-author-versions.js";
import "./cf-author-votes.js";
import {
  Aside,
  BLANK_TEXT,
  Kept,
  Keys,
  LENGTHS,
  TEXT_FIELDS,
  checkText,
  faultsOf,
  sameText,
  slugOf,
  tagsOf,
} from "./knowledge.js";

const VIEWS = ["write", "versions", "votes"];
const NOTE = 300;

function valuesOf(text) {
  return { ...BLANK_TEXT, ...text, tags: (text.tags ?? []).join(", ") };
}

function textOf({ title, slug, category, summary, tags, language, body }) {
  return {
    title: title.trim(),
    slug: slug.trim() || slugOf(title),
    category,
    summary: summary.trim(),
    tags: tagsOf(tags),
    language: language.trim().toLowerCase(),
    body,
  };
}

function languageName(code) {
  if (!/^[a-z]{2}$/.test(code)) return "";
  const name = new Intl.DisplayNames([locale()], { type: "language", fallback: "none" }).of(code);
  return name ?? "";
}

export class CfAuthorArticle extends CfElement {
  static properties = {
    place: { attribute: false },
    categories: { attribute: false },
    hrefTo: { attribute: false },
    article: { state: true },
    values: { state: true },
    errors: { state: true },
    problem: { state: true },
    failure: { state: true },
    busy: { state: true },
    conflict: { state: true },
    asking: { state: true },
    pane: { state: true },
    restored: { state: true },
    full: { state: true },
  };

  static styles = [
    base,
    controls,
    states,
    author,
    css`
      .head {
        display: grid;
        gap: var(--cf-1);
      }
      h2 {
        overflow-wrap: anywhere;
      }
      .facts {
        display: flex;
        flex-wrap: wrap;
        gap: var(--cf-1) var(--cf-3);
        align-items: center;
        min-height: 24px;
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      .bar {
        position: sticky;
        z-index: 10;
        inset-block-start: 0;
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--cf-2);
        margin-inline: calc(-1 * var(--cf-gutter));
        padding: var(--cf-2) var(--cf-gutter);
        background: var(--cf-bg);
      }
      .bar .saved {
        margin-inline-end: auto;
      }
      .full {
        color: var(--cf-warn);
      }
      cf-tabs {
        margin-bottom: var(--cf-5);
      }
      .columns {
        display: grid;
        grid-template-columns: repeat(2, minmax(0, 1fr));
        gap: var(--cf-6);
        align-items: start;
      }
      form {
        display: grid;
        gap: var(--cf-4);
      }
      form :is(input, select, textarea) {
        scroll-margin-block: 96px;
      }
      .pair {
        display: grid;
        grid-template-columns: minmax(0, 1fr) 120px;
        gap: var(--cf-4);
        align-items: start;
      }
      .pair.even {
        grid-template-columns: repeat(2, minmax(0, 1fr));
      }
      #body {
        min-height: 420px;
        max-height: 75dvh;
        field-sizing: content;
      }
      .preview {
        position: sticky;
        inset-block-start: 64px;
        max-height: calc(100dvh - 140px);
        overflow-y: auto;
        padding: var(--cf-5) var(--cf-6);
      }
      .preview header {
        display: grid;
        gap: var(--cf-2);
        margin-bottom: var(--cf-5);
        overflow-wrap: anywhere;
      }
      .preview .title {
        font-size: var(--cf-text-2xl);
        font-weight: 600;
        line-height: 1.3;
      }
      .panes {
        display: none;
        gap: var(--cf-1);
        margin-bottom: var(--cf-4);
      }
      .panes [aria-pressed="true"] {
        border-color: var(--cf-accent);
        background: var(--cf-accent-soft);
        color: var(--cf-accent);
      }
      .note {
        margin-top: var(--cf-3);
      }
      .loading {
        margin-top: var(--cf-4);
      }
      @media (max-width: 1099px) {
        .columns {
          grid-template-columns: minmax(0, 1fr);
        }
        .panes {
          display: flex;
        }
        .columns.write .preview,
        .columns.preview form {
          display: none;
        }
        .columns .preview {
          position: static;
          max-height: none;
          padding: var(--cf-4);
        }
      }
      @media (max-width: 560px) {
        .pair.even {
          grid-template-columns: minmax(0, 1fr);
        }
        .bar .saved {
          flex-basis: 100%;
        }
      }
    `,
  ];

  #begun = "";
  #run = 0;
  #revision;
  #start = BLANK_TEXT;
  #kept = null;
  #aside = null;
  #keys = new Keys();

  constructor() {
    super();
    Object.assign(this, { article: null, values: null, errors: {}, problem: "", failure: null, busy: "" });
    Object.assign(this, { conflict: null, asking: null, pane: "write", restored: null, full: false });
  }

  connectedCallback() {
    super.connectedCallback();
    addEventListener("beforeunload", this.#onLeave);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    removeEventListener("beforeunload", this.#onLeave);
  }

  /** Only where the text is kept nowhere else. */
  #onLeave = (event) => {
    if (this.full && this.#dirty) event.preventDefault();
  };

  willUpdate(changed) {
    super.willUpdate(changed);
    const { id, title = "" } = this.place;
    const wanted = id === "new" ? `new:${title}` : id;
    if (wanted === this.#begun) return;
    this.#begun = wanted;
    // A new article that was just saved has its own address now; it is the same text.
    if (id !== this.article?.id) this.#begin();
  }

  async toHeading() {
    await this.updateComplete;
    this.renderRoot.querySelector("h2").focus({ preventScroll: true });
  }

  get #text() {
    return textOf(this.values);
  }

  get #dirty() {
    return this.values !== null && !sameText(this.#text, this.article?.draft ?? this.#start);
  }

  get #fields() {
    return differingFields(TEXT_FIELDS, "body", this.categories);
  }

  // -- Reading

  #begin() {
    const { id, title = "" } = this.place;
    this.#run += 1;
    this.#keys = new Keys();
    Object.assign(this, { article: null, values: null, errors: {}, problem: "", failure: null, busy: "" });
    Object.assign(this, { conflict: null, asking: null, pane: "write", restored: null, full: false });
    const name = id === "new" ? (title ? `new:${title}` : "new") : id;
    this.#kept = new Kept(this.app.me.id, `article:${name}`);
    this.#aside = new Aside(this.app.me.id, `article:${id}`);
    if (id !== "new") {
      this.#load();
      return;
    }
    const given = title.trim().slice(0, LENGTHS.title[1]);
    this.#revision = undefined;
    this.#start = { ...BLANK_TEXT, title: given, slug: slugOf(given) };
    const kept = this.#kept.read();
    this.values = valuesOf(kept?.text ?? this.#start);
    this.restored = kept?.at ?? null;
    this.emit("cf-title", { title: t("author.new") });
  }

  async #load() {
    const run = this.#run;
    this.failure = null;
    try {
      const { data } = await this.app.api.get(`/kb/authoring/articles/${this.place.id}`);
      if (run !== this.#run) return;
      const kept = this.#kept.read();
      const other = kept && !sameText(kept.text, data.draft);
      if (!other) this.#kept.clear();
      this.article = data;
      this.values = valuesOf(other ? kept.text : data.draft);
      // What was typed belongs to the revision that its author saw: who saved in between is found by the server.
      this.#revision = other ? kept.revision : data.revision;
      this.restored = other ? kept.at : null;
      this.emit("cf-title", { title: data.draft.title });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (run !== this.#run) return;
      this.failure = { missing: error.status === 404, words: error.words };
    }
  }

  // -- Writing

  #set(change) {
    const { values } = this;
    const [field] = Object.keys(change);
    const untouched = !values.slug || values.slug === slugOf(values.title);
    const follows = field === "title" && untouched && !this.article?.version;
    this.values = { ...values, ...change, ...(follows ? { slug: slugOf(change.title) } : {}) };
    const { [field]: _, ...rest } = this.errors;
    this.errors = follows ? { ...rest, slug: undefined } : rest;
    this.#keep();
  }

  #keep() {
    this.full = this.#dirty && !this.#kept.write(this.#text, this.#revision);
    if (!this.#dirty) this.#kept.clear();
  }

  #discard() {
    this.#aside.add(this.#text, this.app.me.name);
    this.#kept.clear();
    this.values = valuesOf(this.article?.draft ?? this.#start);
    this.#revision = this.article?.revision;
    Object.assign(this, { restored: null, errors: {}, problem: "", conflict: null });
  }

  #adopt(data) {
    const clean = !this.#dirty;
    if (!this.article) {
      this.#kept.clear();
      this.#kept = new Kept(this.app.me.id, `article:${data.id}`);
      this.#aside = new Aside(this.app.me.id, `article:${data.id}`);
    }
    this.article = { helpful: this.article?.helpful ?? { yes: 0, no: 0 }, ...data };
    this.#revision = data.revision;
    if (clean) this.values = valuesOf(data.draft);
    Object.assign(this, { restored: null, conflict: null, errors: {}, problem: "" });
    this.#keep();
    this.emit("cf-title", { title: data.draft.title });
  }

  /** Send a command; true when it was carried out. */
  async #command(name, method, path, body) {
    if (this.busy) return false;
    const run = this.#run;
    const revision = this.#revision;
    this.busy = name;
    try {
      const key = this.#keys.of(name, { body, revision });
      const { data } = await this.app.api.insist(method, path, { body, key, revision });
      if (run !== this.#run) return false;
      this.#adopt(data);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (run === this.#run) this.#refused(error);
      return false;
    } finally {
      if (run === this.#run) this.busy = "";
    }
  }

  async #save({ quiet = false } = {}) {
    const text = this.#text;
    this.problem = "";
    this.errors = checkText(text);
    if (Object.keys(this.errors).length) {
      this.#toSummary();
      return false;
    }
    if (this.article && !this.#dirty) return true;
    const isNew = !this.article;
    const [method, path] = isNew ? ["POST", "/kb/articles"] : ["PUT", `/kb/articles/${this.article.id}`];
    const done = await this.#command("save", method, path, text);
    if (done && isNew)
      this.emit("cf-place", { href: this.hrefTo({ part: "articles", id: this.article.id }), replace: true });
    if (done && !quiet) this.app.notify(t("author.saved"), { kind: "ok" });
    return done;
  }

  async #publish() {
    const note = this.renderRoot.querySelector("#note").value.trim();
    this.asking = null;
    if (!(await this.#save({ quiet: true }))) return;
    const body = note ? { change_note: note } : {};
    if (await this.#command("publish", "POST", `/kb/articles/${this.article.id}/publish`, body))
      this.app.notify(t("author.published", { n: this.article.version }), { kind: "ok" });
  }

  async #archive() {
    this.asking = null;
    if (await this.#command("archive", "POST", `/kb/articles/${this.article.id}/archive`, {}))
      this.app.notify(t("author.archived"), { kind: "ok" });
  }

  async #restore() {
    const { version } = this.asking;
    this.asking = null;
    if (!(await this.#command("restore", "POST", `/kb/articles/${this.article.id}/restore`, { version }))) return;
    this.app.notify(t("author.restored", { n: version, as: this.article.version }), { kind: "ok" });
    this.emit("cf-place", { href: this.#hrefOf("versions"), replace: true });
  }

  #refused(error) {
    const { current, changed_by: by, changed_at: at, revision } = error.problem;
    if (error.status === 412 && current) {
      this.conflict = { text: current, by: by?.name ?? "", at, revision };
      this.#toConflict();
      return;
    }
    this.errors = faultsOf(error, TEXT_FIELDS);
    if (Object.keys(this.errors).length === 0) this.problem = t("author.failed", { reason: error.words });
    this.#toSummary();
  }

  async #toConflict() {
    if (this.place.view !== "write") this.emit("cf-place", { href: this.#hrefOf("write") });
    await this.updateComplete;
    this.renderRoot.querySelector("cf-author-conflict")?.focus();
  }

  async #toSummary() {
    if (this.place.view !== "write") this.emit("cf-place", { href: this.#hrefOf("write") });
    this.pane = "write";
    await this.updateComplete;
    this.renderRoot.querySelector(".summary")?.focus();
  }

  /** Mine is saved over theirs, which stays at hand. */
  #keepMine() {
    const { text, by, at, revision } = this.conflict;
    this.#aside.add(text, by, at);
    this.#revision = revision;
    this.article = { ...this.article, draft: text, draft_by: { name: by }, draft_at: at };
    this.conflict = null;
    this.#keep();
    this.#save();
  }

  /** Theirs is gone on with; mine stays at hand. */
  async #takeTheirs() {
    if (this.#dirty) this.#aside.add(this.#text, this.app.me.name);
    this.#kept.clear();
    this.conflict = null;
    await this.#load();
    this.toHeading();
  }

  #bring(index) {
    const { text } = this.#aside.items[index];
    this.#aside.remove(index);
    if (!sameText(this.#text, text)) this.#aside.add(this.#text, this.app.me.name);
    this.values = valuesOf(text);
    this.#keep();
  }

  #forget(index) {
    this.#aside.remove(index);
    this.requestUpdate();
  }

  #onKey(event) {
    if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey) || event.altKey) return;
    event.preventDefault();
    this.#save();
  }

  // -- Showing

  #hrefOf(view) {
    return this.hrefTo({ part: "articles", id: this.article?.id ?? "new", view });
  }

  #savedWords() {
    if (this.busy) return t(`author.busy.${this.busy}`);
    if (this.full) return html`<span class="full">${t("author.full")}</span>`;
    if (this.#dirty) return t("author.kept");
    if (!this.article) return "";
    const { draft_by: by, draft_at: at } = this.article;
    return html`${t("author.saved_by", { who: by.name })} <cf-time at=${at} quiet></cf-time>`;
  }

  #head() {
    const { article } = this;
    const back = this.hrefTo({ part: "articles" });
    const title = article ? article.draft.title : this.place.id === "new" ? t("author.new") : t("author.article");
    return html`<div class="head">
      <a class="back" href=${back} @click=${follow(this, back)}>${icon("arrow-left")}${t("author.back")}</a>
      <h2 tabindex="-1">${title}</h2>
      ${
        article
          ? html`<div class="facts">
              ${statusChip(article.status)}
              ${article.version ? html`<span>${t("author.version", { n: article.version })}</span>` : nothing}
              ${article.changed && article.version ? changedChip() : nothing}
              ${
                article.status === "PUBLISHED"
                  ? html`<a href="/support/knowledge-base/${article.slug}" target="_blank" rel="noopener"
                      >${t("author.view_published")}<span class="hidden"> (${t("app.opens_in_new_tab")})</span></a
                    >`
                  : nothing
              }
            </div>`
          : nothing
      }
    </div>`;
  }

  #bar() {
    const allowed = this.article?.allowed_actions ?? ["publish"];
    const publish = this.#dirty || allowed.includes("publish");
    const more = allowed.includes("archive") && this.article;
    return html`<div class="bar">
      <span class="saved hint" role="status">${this.#savedWords()}</span>
      <button aria-disabled=${Boolean(this.busy) || !(this.#dirty || !this.article)} @click=${() => this.busy || this.#save()}>
        ${t("author.save")}
      </button>
      <button
        class="primary"
        aria-disabled=${Boolean(this.busy) || !publish}
        title=${publish ? nothing : t("author.publish.nothing")}
        @click=${() => !this.busy && publish && this.#askToPublish()}
      >
        ${icon("send")}${t("author.publish")}
      </button>
      ${
        more
          ? html`<cf-menu
              label=${t("author.more")}
              variant="plain"
              side="end"
              .items=${[{ value: "archive", label: t("author.archive"), icon: "archive", danger: true }]}
              @cf-choose=${() => (this.asking = { what: "archive" })}
              >${icon("more-horizontal")}</cf-menu
            >`
          : nothing
      }
    </div>`;
  }

  #askToPublish() {
    this.problem = "";
    this.errors = checkText(this.#text);
    if (Object.keys(this.errors).length) this.#toSummary();
    else this.asking = { what: "publish" };
  }

  #input(name, { hint, size = nothing }) {
    return html`<div class="field">
      <label for=${name}>${t(`author.${name}`)}</label>
      <input
        id=${name}
        autocomplete="off"
        maxlength=${size}
        spellcheck=${name === "slug" || name === "language" ? "false" : nothing}
        .value=${this.values[name]}
        aria-invalid=${Boolean(this.errors[name])}
        aria-describedby="${name}-hint ${name}-error"
        @input=${(event) => this.#set({ [name]: event.target.value })}
      />
      <div class="under hint" id="${name}-hint">${hint}</div>
      ${fault(name, this.errors)}
    </div>`;
  }

  #form() {
    const { values, errors } = this;
    const count = (name) => html`<span>${t("new.counter", { n: values[name].trim().length, max: LENGTHS[name][1] })}</span>`;
    return html`<form novalidate @submit=${(event) => (event.preventDefault(), this.#save())} @keydown=${this.#onKey}>
      ${this.#input("title", { hint: count("title") })}
      <div class="pair even">
        ${this.#input("slug", {
          hint: html`<span>${t(this.article?.version ? "author.slug.published" : "author.slug.hint")}</span>`,
        })}
        <div class="field">
          <label for="category">${t("author.category")}</label>
          <select
            id="category"
            aria-invalid=${Boolean(errors.category)}
            aria-describedby="category-error"
            @change=${(event) => this.#set({ category: event.target.value })}
          >
            <option value="" ?selected=${!values.category}>${t("author.category.choose")}</option>
            ${categoryOptions(this.categories, values.category)}
          </select>
          ${fault("category", errors)}
        </div>
      </div>
      <div class="pair">
        ${this.#input("tags", { hint: html`<span>${t("author.tags.hint")}</span>` })}
        ${this.#input("language", { size: 2, hint: html`<span>${languageName(values.language)}</span>` })}
      </div>
      <div class="field">
        <label for="summary">${t("author.summary")}</label>
        <textarea
          id="summary"
          rows="2"
          .value=${values.summary}
          aria-invalid=${Boolean(errors.summary)}
          aria-describedby="summary-hint summary-error"
          @input=${(event) => this.#set({ summary: event.target.value.replace(/\s*\n\s*/g, " ") })}
        ></textarea>
        <div class="under hint" id="summary-hint"><span>${t("author.summary.hint")}</span>${count("summary")}</div>
        ${fault("summary", errors)}
      </div>
      <div class="field">
        <label for="body">${t("author.body")}</label>
        <textarea
          id="body"
          class="markdown"
          rows="18"
          .value=${values.body}
          aria-invalid=${Boolean(errors.body)}
          aria-describedby="body-hint body-error"
          @input=${(event) => this.#set({ body: event.target.value })}
        ></textarea>
        <div class="under hint" id="body-hint"><span>${t("author.body.hint")}</span></div>
        ${fault("body", errors)}
      </div>
    </form>`;
  }

  #write() {
    const { values } = this;
    const pane = (name) =>
      html`<button class="compact" aria-pressed=${this.pane === name} @click=${() => (this.pane = name)}>
        ${icon(name === "write" ? "pencil" : "book-open")}${t(`author.pane.${name}`)}
      </button>`;
    return html`${this.#restoredBanner()}
      ${
        this.conflict
          ? html`<cf-author-conflict
              .app=${this.app}
              .mine=${this.#text}
              .theirs=${this.conflict.text}
              .by=${this.conflict.by}
              .at=${this.conflict.at}
              .fields=${this.#fields}
              body="body"
              ?busy=${Boolean(this.busy)}
              @cf-keep=${() => this.#keepMine()}
              @cf-take=${() => this.#takeTheirs()}
            ></cf-author-conflict>`
          : nothing
      }
      <cf-author-aside
        .app=${this.app}
        .items=${this.#aside.items}
        .mine=${this.#text}
        .fields=${this.#fields}
        body="body"
        @cf-bring=${({ detail }) => this.#bring(detail.index)}
        @cf-forget=${({ detail }) => this.#forget(detail.index)}
      ></cf-author-aside>
      ${faultSummary(() => this.renderRoot, TEXT_FIELDS, this.errors, this.problem)}
      <div class="panes" role="group" aria-label=${t("author.panes")}>${pane("write")}${pane("preview")}</div>
      <div class="columns ${this.pane}">
        ${this.#form()}
        <section class="panel preview" tabindex="0" aria-label=${t("author.pane.preview")}>
          <header>
            <p class="title">${values.title || t("author.untitled")}</p>
            ${values.summary ? html`<p class="muted">${values.summary}</p>` : nothing}
          </header>
          <cf-author-preview .app=${this.app} .markdown=${values.body}></cf-author-preview>
        </section>
      </div>`;
  }

  #restoredBanner() {
    if (!this.restored || this.conflict) return nothing;
    return html`<div class="banner" role="status">
      <div class="row wrap">
        <span>${t("author.restored_here")} <cf-time at=${this.restored} quiet></cf-time></span>
        <button class="link" @click=${() => this.#discard()}>
          ${t(this.article ? "author.discard" : "author.discard_new")}
        </button>
      </div>
    </div>`;
  }

  #view() {
    const { view, version = "", against = "" } = this.place;
    if (view === "votes")
      return html`<cf-author-votes
        .app=${this.app}
        article=${this.article.id}
        .helpful=${this.article.helpful}
      ></cf-author-votes>`;
    if (view === "versions")
      return html`<cf-author-versions
        .app=${this.app}
        .article=${this.article}
        .text=${this.#text}
        .fields=${this.#fields}
        version=${version}
        against=${against}
        .hrefTo=${this.hrefTo}
        @cf-restore=${({ detail }) => (this.asking = { what: "restore", version: detail.version })}
      ></cf-author-versions>`;
    return this.#write();
  }

  #dialog() {
    const { asking } = this;
    const what = asking?.what ?? "publish";
    const next = (this.article?.version ?? 0) + 1;
    const act = { publish: () => this.#publish(), archive: () => this.#archive(), restore: () => this.#restore() };
    const values = { n: asking?.version ?? next, as: next };
    return html`<cf-dialog
      heading=${t(`author.${what}.title`, values)}
      .open=${Boolean(asking)}
      @cf-close=${() => (this.asking = null)}
    >
      ${
        asking
          ? html`<p>${t(`author.${what}.text`, values)}</p>
              ${
                what === "publish"
                  ? html`<div class="field note">
                      <label for="note">${t("author.note")}</label>
                      <textarea
                        id="note"
                        rows="2"
                        maxlength=${NOTE}
                        @input=${(event) => (event.target.value = event.target.value.replace(/\n/g, " "))}
                      ></textarea>
                      <span class="hint">${t("author.note.hint")}</span>
                    </div>`
                  : nothing
              }`
          : nothing
      }
      <button slot="actions" @click=${() => (this.asking = null)}>${t("app.cancel")}</button>
      <button slot="actions" class=${what === "archive" ? "danger" : "primary"} @click=${act[what]}>
        ${t(`author.${what}`)}
      </button>
    </cf-dialog>`;
  }

  #content() {
    const { failure, values, place } = this;
    const panel = (state) => html`<div class="panel loading">${state}</div>`;
    if (failure?.missing) return panel(empty("book-open", t("kb.missing.title"), t("author.missing.text")));
    if (failure) return panel(failed(t("kb.failed.title"), failure.words, () => this.#load()));
    if (!values) return panel(waiting(t("author.loading")));
    if (!this.article) return html`${this.#bar()} ${this.#write()}`;
    const tabs = VIEWS.map((id) => ({ id, label: t(`author.view.${id}`), href: this.#hrefOf(id) }));
    return html`${this.#bar()}
      <cf-tabs
        label=${t("author.views")}
        .tabs=${tabs}
        selected=${place.view}
        @cf-tab=${({ detail }) => this.emit("cf-place", { href: detail.href })}
      ></cf-tabs>
      <div id="panel-${place.view}" role="tabpanel" aria-label=${t(`author.view.${place.view}`)}>${this.#view()}</div>`;
  }

  render() {
    return html`${this.#head()} ${this.#content()} ${this.#dialog()}`;
  }
}

define("cf-author-article", CfAuthorArticle);
