/* <cf-author-question .app .place .categories .hrefTo=${(place) => href}> one question with its answer and a preview. What is
   typed is kept in this browser until the server has it.

   Method: toHeading(). Events: cf-place (detail {href, replace}) · cf-title (detail {title}). */
import { ApiError } from "../web/api.js";
import { base, controls, states } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import "../web/elements/cf-time.js";
import { icon } from "../web/icons.js";
import { t } from "../web/strings.js";
import { categoryOptions, differingFields, empty, failed, fault, faultSummary, follow, waiting } from "./author-parts.js";
import { author } from "./author-styles.js";
import "./cf-author-aside.js";
import "./cf-author-conflict.js";
import "./cf-author-preview.js";
import { Aside, Kept, Keys, LENGTHS, QUESTION_FIELDS, checkQuestion, faultsOf, sameText } from "./knowledge.js";

function writtenIn({ question, category, answer_markdown: answer }) {
  return { question, category, answer };
}

function trimmed({ question, category, answer }) {
  return { question: question.trim(), category, answer };
}

export class CfAuthorQuestion extends CfElement {
  static properties = {
    place: { attribute: false },
    categories: { attribute: false },
    hrefTo: { attribute: false },
    faq: { state: true },
    values: { state: true },
    errors: { state: true },
    problem: { state: true },
    failure: { state: true },
    busy: { state: true },
    conflict: { state: true },
    restored: { state: true },
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
        margin-bottom: var(--cf-4);
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
      #answer {
        min-height: 220px;
        max-height: 70dvh;
        field-sizing: content;
      }
      .preview {
        padding: var(--cf-5) var(--cf-6);
      }
      .preview .title {
        margin-bottom: var(--cf-3);
        font-size: var(--cf-text-l);
        font-weight: 600;
        overflow-wrap: anywhere;
      }
      @media (max-width: 1099px) {
        .columns {
          grid-template-columns: minmax(0, 1fr);
        }
        .preview {
          padding: var(--cf-4);
        }
      }
    `,
  ];

  #begun = "";
  #run = 0;
  #others = [];
  #revision;
  #start = { question: "", category: "", answer: "" };
  #kept = null;
  #aside = null;
  #keys = new Keys();

  constructor() {
    super();
    Object.assign(this, { faq: null, values: null, errors: {}, problem: "", failure: null, busy: false });
    Object.assign(this, { conflict: null, restored: null });
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    const { id, category = "" } = this.place;
    const wanted = id === "new" ? `new:${category}` : id;
    if (wanted === this.#begun) return;
    this.#begun = wanted;
    this.#begin(id, category);
  }

  async toHeading() {
    await this.updateComplete;
    this.renderRoot.querySelector("h2").focus({ preventScroll: true });
  }

  get #dirty() {
    return !sameText(trimmed(this.values), this.faq ? writtenIn(this.faq) : this.#start, QUESTION_FIELDS);
  }

  #begin(id, category) {
    this.#run += 1;
    this.#keys = new Keys();
    this.#kept = new Kept(this.app.me.id, `faq:${id}`);
    this.#aside = new Aside(this.app.me.id, `faq:${id}`);
    this.#start = { question: "", category, answer: "" };
    Object.assign(this, { faq: null, values: null, errors: {}, problem: "", failure: null, busy: false });
    Object.assign(this, { conflict: null, restored: null });
    this.#load();
  }

  async #load() {
    const run = this.#run;
    const { id } = this.place;
    this.failure = null;
    try {
      this.#others = (await this.app.api.get("/faq")).data.items;
      if (run !== this.#run) return;
      const found = this.#others.find((one) => one.id === id) ?? null;
      if (id !== "new" && !found) {
        this.failure = { missing: true };
        return;
      }
      this.#show(found);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (run === this.#run) this.failure = { missing: false, words: error.words };
    }
  }

  #show(found) {
    const there = found ? writtenIn(found) : this.#start;
    const kept = this.#kept.read();
    const other = kept && !sameText(kept.text, there, QUESTION_FIELDS);
    if (!other) this.#kept.clear();
    this.faq = found;
    this.values = other ? kept.text : there;
    this.#revision = (other ? kept.revision : found?.revision) ?? undefined;
    this.restored = other ? kept.at : null;
    this.emit("cf-title", { title: found?.question ?? t("author.faq.new") });
  }

  #set(change) {
    this.values = { ...this.values, ...change };
    const [field] = Object.keys(change);
    const { [field]: _, ...rest } = this.errors;
    this.errors = rest;
    this.#keep();
  }

  #keep() {
    if (this.#dirty) this.#kept.write(this.values, this.#revision);
    else this.#kept.clear();
  }

  #discard() {
    this.#aside.add(trimmed(this.values), this.app.me.name);
    this.#kept.clear();
    this.#show(this.faq);
  }

  /** A new question, or one that changed its category, stands at the end. */
  #positionIn(category) {
    if (this.faq?.category === category) return this.faq.position;
    const places = this.#others.filter((one) => one.category === category).map((one) => one.position);
    return Math.max(0, ...places.map((place) => place + 1));
  }

  async #save() {
    if (this.busy) return;
    const text = trimmed(this.values);
    this.problem = "";
    this.errors = checkQuestion(text);
    if (Object.keys(this.errors).length) {
      this.#toSummary();
      return;
    }
    const run = this.#run;
    const revision = this.#revision;
    const body = { ...text, position: this.#positionIn(text.category) };
    const [method, path] = this.faq ? ["PUT", `/faq/${this.faq.id}`] : ["POST", "/faq"];
    this.busy = true;
    try {
      const key = this.#keys.of("save", { body, revision });
      await this.app.api.insist(method, path, { body, key, revision });
      if (run !== this.#run) return;
      this.#kept.clear();
      this.app.notify(t("author.faq.saved"), { kind: "ok" });
      this.emit("cf-place", { href: this.hrefTo({ part: "faq" }) });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (run === this.#run) await this.#refused(error);
    } finally {
      if (run === this.#run) this.busy = false;
    }
  }

  async #refused(error) {
    if (error.status === 412) {
      await this.#loadTheirs();
      return;
    }
    this.errors = faultsOf(error, QUESTION_FIELDS);
    if (Object.keys(this.errors).length === 0) this.problem = t("author.failed", { reason: error.words });
    this.#toSummary();
  }

  async #loadTheirs() {
    const { data } = await this.app.api.get("/faq");
    this.#others = data.items;
    const theirs = data.items.find((one) => one.id === this.faq.id);
    if (theirs?.revision === this.#revision || !theirs) {
      // Gone, or not to be seen yet: what was written stays, and saving says more.
      this.problem = t(theirs ? "problem.unavailable" : "author.faq.gone");
      this.#toSummary();
      return;
    }
    this.conflict = theirs;
    await this.updateComplete;
    this.renderRoot.querySelector("cf-author-conflict").focus();
  }

  #keepMine() {
    this.#aside.add(writtenIn(this.conflict), t("author.conflict.somebody"), this.conflict.updated_at);
    this.faq = this.conflict;
    this.#revision = this.conflict.revision;
    this.conflict = null;
    this.#keep();
    this.#save();
  }

  #takeTheirs() {
    this.#aside.add(trimmed(this.values), this.app.me.name);
    this.#kept.clear();
    this.#show(this.conflict);
    this.conflict = null;
    this.toHeading();
  }

  #bring(index) {
    const { text } = this.#aside.items[index];
    this.#aside.remove(index);
    if (!sameText(trimmed(this.values), text, QUESTION_FIELDS))
      this.#aside.add(trimmed(this.values), this.app.me.name);
    this.values = text;
    this.#keep();
  }

  async #toSummary() {
    await this.updateComplete;
    this.renderRoot.querySelector(".summary")?.focus();
  }

  get #fields() {
    return differingFields(QUESTION_FIELDS, "answer", this.categories);
  }

  #form() {
    const { values, errors } = this;
    const back = this.hrefTo({ part: "faq" });
    return html`<form novalidate @submit=${(event) => (event.preventDefault(), this.#save())}>
      <div class="field">
        <label for="question">${t("author.question")}</label>
        <input
          id="question"
          autocomplete="off"
          .value=${values.question}
          aria-invalid=${Boolean(errors.question)}
          aria-describedby="question-hint question-error"
          @input=${(event) => this.#set({ question: event.target.value })}
        />
        <div class="under hint" id="question-hint">
          <span>${t("new.counter", { n: values.question.trim().length, max: LENGTHS.question[1] })}</span>
        </div>
        ${fault("question", errors)}
      </div>
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
      <div class="field">
        <label for="answer">${t("author.answer")}</label>
        <textarea
          id="answer"
          class="markdown"
          rows="10"
          .value=${values.answer}
          aria-invalid=${Boolean(errors.answer)}
          aria-describedby="answer-hint answer-error"
          @input=${(event) => this.#set({ answer: event.target.value })}
        ></textarea>
        <div class="under hint" id="answer-hint"><span>${t("author.body.hint")}</span></div>
        ${fault("answer", errors)}
      </div>
      <div class="row wrap">
        <button class="primary" aria-disabled=${this.busy}>
          ${t(this.busy ? "author.busy.save" : this.faq ? "author.faq.save" : "author.faq.publish")}
        </button>
        <a class="button plain" href=${back} @click=${follow(this, back)}>${t("app.cancel")}</a>
        <span class="hint">${t(this.#dirty ? "author.kept" : "author.faq.at_once")}</span>
      </div>
    </form>`;
  }

  #body() {
    const { failure, values } = this;
    if (failure?.missing)
      return html`<div class="panel">
        ${empty("circle-help", t("author.faq.missing.title"), t("author.faq.missing.text"))}
      </div>`;
    if (failure)
      return html`<div class="panel">${failed(t("faq.failed"), failure.words, () => this.#load())}</div>`;
    if (!values) return html`<div class="panel">${waiting(t("author.loading"))}</div>`;
    return html`${
        this.restored && !this.conflict
          ? html`<div class="banner" role="status">
              <div class="row wrap">
                <span>${t("author.restored_here")} <cf-time at=${this.restored} quiet></cf-time></span>
                <button class="link" @click=${() => this.#discard()}>
                  ${t(this.faq ? "author.discard" : "author.discard_new")}
                </button>
              </div>
            </div>`
          : nothing
      }
      ${
        this.conflict
          ? html`<cf-author-conflict
              .app=${this.app}
              .mine=${trimmed(values)}
              .theirs=${writtenIn(this.conflict)}
              by=""
              .at=${this.conflict.updated_at}
              .fields=${this.#fields}
              body="answer"
              ?busy=${this.busy}
              @cf-keep=${() => this.#keepMine()}
              @cf-take=${() => this.#takeTheirs()}
            ></cf-author-conflict>`
          : nothing
      }
      <cf-author-aside
        .app=${this.app}
        .items=${this.#aside.items}
        .mine=${trimmed(values)}
        .fields=${this.#fields}
        body="answer"
        @cf-bring=${({ detail }) => this.#bring(detail.index)}
        @cf-forget=${({ detail }) => (this.#aside.remove(detail.index), this.requestUpdate())}
      ></cf-author-aside>
      ${faultSummary(() => this.renderRoot, QUESTION_FIELDS, this.errors, this.problem)}
      <div class="columns">
        ${this.#form()}
        <section class="panel preview" aria-label=${t("author.pane.preview")}>
          <p class="title">${values.question || t("author.untitled")}</p>
          <cf-author-preview .app=${this.app} .markdown=${values.answer}></cf-author-preview>
        </section>
      </div>`;
  }

  render() {
    const back = this.hrefTo({ part: "faq" });
    return html`<div class="head">
        <a class="back" href=${back} @click=${follow(this, back)}>${icon("arrow-left")}${t("author.faq.back")}</a>
        <h2 tabindex="-1">${this.place.id === "new" ? t("author.faq.new") : (this.faq?.question ?? t("author.question"))}</h2>
      </div>
      ${this.#body()}`;
  }
}

define("cf-author-question", CfAuthorQuestion);
