/* <cf-author-faq .app .place .categories .hrefTo=${(place) => href}> the questions by category, in the order that readers
   see; moved by buttons. Methods: toHeading(), focusRow(id). Event: cf-place (detail {href, replace}). */
import { base, controls, states } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import "../web/elements/cf-dialog.js";
import { icon } from "../web/icons.js";
import { t } from "../web/strings.js";
import { categoryTitle, empty, failed, follow, waiting, wordsOf } from "./author-parts.js";
import { author } from "./author-styles.js";
import { Keys, keptTexts, moved } from "./knowledge.js";

export class CfAuthorFaq extends CfElement {
  static properties = {
    place: { attribute: false },
    categories: { attribute: false },
    hrefTo: { attribute: false },
    items: { state: true },
    problem: { state: true },
    said: { state: true },
    removing: { state: true },
    busy: { state: true },
  };

  static styles = [
    base,
    controls,
    states,
    author,
    css`
      section {
        margin-bottom: var(--cf-6);
      }
      .group {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--cf-2);
        margin-bottom: var(--cf-2);
      }
      .rows > li {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: var(--cf-2);
        align-items: center;
        padding-block: var(--cf-2);
      }
      .question {
        color: var(--cf-text);
        font-weight: 500;
        text-decoration: none;
        overflow-wrap: anywhere;
      }
      .question:hover {
        text-decoration: underline;
      }
      .acts {
        display: flex;
        gap: 2px;
      }
      .quote {
        margin-top: var(--cf-2);
        font-weight: 500;
        overflow-wrap: anywhere;
      }
    `,
  ];

  #asked = null;
  #loading = null;
  #last = Promise.resolve();
  #keys = new Keys();

  constructor() {
    super();
    Object.assign(this, { items: null, problem: "", said: "", removing: null, busy: false });
  }

  connectedCallback() {
    super.connectedCallback();
    this.#loading = this.#load();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#asked?.abort();
  }

  async toHeading() {
    await this.updateComplete;
    this.renderRoot.querySelector("h2").focus({ preventScroll: true });
  }

  /** The row of a question that was just left; the heading where it is not there. */
  async focusRow(id) {
    await this.#loading;
    await this.updateComplete;
    const row = this.renderRoot.querySelector(`a[data-id="${CSS.escape(id)}"]`);
    (row ?? this.renderRoot.querySelector("h2")).focus();
  }

  async #load() {
    this.#asked?.abort();
    const { signal } = (this.#asked = new AbortController());
    this.problem = "";
    try {
      this.items = (await this.app.api.get("/faq", { signal })).data.items;
    } catch (error) {
      if (!signal.aborted) this.problem = wordsOf(error);
    }
  }

  get #groups() {
    const groups = new Map((this.categories ?? []).map(({ slug }) => [slug, []]));
    for (const one of this.items) groups.set(one.category, [...(groups.get(one.category) ?? []), one]);
    return groups;
  }

  /** One move after the other: each begins where the last one ended. */
  #move(id, step) {
    this.#last = this.#last.then(() => this.#moveNow(id, step));
  }

  async #moveNow(id, step) {
    const one = this.items.find((item) => item.id === id);
    if (!one) return;
    const group = this.#groups.get(one.category);
    const changes = moved(group, id, step);
    if (changes.length === 0) return;
    const places = new Map(changes.map((change) => [change.id, change.position]));
    const order = (item) => places.get(item.id) ?? item.position;
    const sorted = [...group].sort((a, b) => order(a) - order(b));
    // The list shows the new order at once; the places follow one by one.
    this.items = this.items.map((item) => (item.category === one.category ? sorted.shift() : item));
    try {
      for (const change of changes) await this.#put(change);
    } catch (error) {
      this.app.notify(t("author.faq.move_failed", { reason: wordsOf(error) }), { kind: "danger" });
      await this.#load();
      return;
    }
    const now = this.#groups.get(one.category);
    const place = now.findIndex((item) => item.id === id) + 1;
    this.said = t("author.faq.moved", { question: one.question, n: place, total: now.length });
    await this.#focusMove(id, step);
  }

  async #put({ id, position }) {
    const one = this.items.find((item) => item.id === id);
    const body = { question: one.question, answer: one.answer_markdown, category: one.category, position };
    const key = this.#keys.of(`move ${id}`, { body, revision: one.revision });
    const { data } = await this.app.api.insist("PUT", `/faq/${id}`, { body, key, revision: one.revision });
    this.items = this.items.map((item) => (item.id === id ? data : item));
  }

  /** The same button, or the other one where the question stands at an end now. */
  async #focusMove(id, step) {
    await this.updateComplete;
    const row = this.renderRoot.querySelector(`li[data-row="${CSS.escape(id)}"]`);
    const [up, down] = row.querySelectorAll(".move");
    const [same, other] = step < 0 ? [up, down] : [down, up];
    if (this.renderRoot.activeElement?.classList.contains("move") || !this.renderRoot.activeElement)
      (same.disabled ? other : same).focus();
  }

  async #remove() {
    const one = this.removing;
    if (this.busy) return;
    this.busy = true;
    try {
      const key = this.#keys.of(`remove ${one.id}`, one.revision);
      await this.app.api.insist("DELETE", `/faq/${one.id}`, { key, revision: one.revision });
      this.items = this.items.filter((item) => item.id !== one.id);
      this.app.notify(t("author.faq.removed"), { kind: "ok" });
      this.toHeading();
    } catch (error) {
      this.app.notify(t("author.failed", { reason: wordsOf(error) }), { kind: "danger" });
      await this.#load();
    } finally {
      Object.assign(this, { busy: false, removing: null });
    }
  }

  #row(one, index, group, kept) {
    const href = this.hrefTo({ part: "faq", id: one.id });
    const move = (step, name, words) =>
      html`<button
        class="plain compact icon-only move"
        ?disabled=${step < 0 ? index === 0 : index === group.length - 1}
        aria-label=${t(words, { question: one.question })}
        title=${t(`${words}.short`)}
        @click=${() => this.#move(one.id, step)}
      >
        ${icon(name)}
      </button>`;
    return html`<li data-row=${one.id}>
      <div>
        <a class="question" data-id=${one.id} href=${href} @click=${follow(this, href)}>${one.question}</a>
        ${kept.has(one.id) ? html`<span class="chip">${icon("pencil")}${t("author.kept_here")}</span>` : nothing}
      </div>
      <div class="acts">
        ${move(-1, "arrow-up", "author.faq.up")} ${move(1, "arrow-down", "author.faq.down")}
        <button
          class="plain compact icon-only"
          aria-label=${t("author.faq.remove_one", { question: one.question })}
          title=${t("author.faq.remove")}
          @click=${() => (this.removing = one)}
        >
          ${icon("trash-2")}
        </button>
      </div>
    </li>`;
  }

  #body() {
    if (this.problem && !this.items)
      return html`<div class="panel">
        ${failed(t("faq.failed"), this.problem, () => (this.#loading = this.#load()))}
      </div>`;
    if (!this.items) return html`<div class="panel">${waiting(t("author.loading"))}</div>`;
    if (this.items.length === 0)
      return html`<div class="panel">
        ${empty("circle-help", t("author.faq.first.title"), t("author.faq.first.text"))}
      </div>`;
    const kept = new Set(keptTexts(this.app.me.id, "faq").map(({ id }) => id));
    return [...this.#groups]
      .filter(([, items]) => items.length > 0)
      .map(([category, items]) => {
        const add = this.hrefTo({ part: "faq", id: "new", category });
        const title = categoryTitle(this.categories, category);
        return html`<section aria-label=${title}>
          <div class="group">
            <h3>${title}</h3>
            <a
              class="button compact plain"
              href=${add}
              aria-label=${t("author.faq.add_in", { category: title })}
              @click=${follow(this, add)}
              >${icon("plus")}${t("author.faq.add")}</a
            >
          </div>
          <ol class="panel rows">
            ${items.map((one, index) => this.#row(one, index, items, kept))}
          </ol>
        </section>`;
      });
  }

  render() {
    const add = this.hrefTo({ part: "faq", id: "new" });
    return html`<div class="top">
        <h2 tabindex="-1">${t("author.part.faq")}</h2>
        <a class="button primary" href=${add} @click=${follow(this, add)}>${icon("plus")}${t("author.faq.new")}</a>
      </div>
      <p class="hidden" role="status">${this.said}</p>
      ${this.#body()}
      <cf-dialog
        heading=${t("author.faq.remove.title")}
        .open=${Boolean(this.removing)}
        @cf-close=${() => (this.removing = null)}
      >
        ${
          this.removing
            ? html`<p>${t("author.faq.remove.text")}</p>
                <p class="quote">${this.removing.question}</p>`
            : nothing
        }
        <button slot="actions" @click=${() => (this.removing = null)}>${t("app.cancel")}</button>
        <button slot="actions" class="danger" aria-disabled=${this.busy} @click=${() => this.#remove()}>
          ${t("author.faq.remove")}
        </button>
      </cf-dialog>`;
  }
}

define("cf-author-faq", CfAuthorFaq);
