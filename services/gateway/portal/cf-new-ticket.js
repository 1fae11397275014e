/* <cf-new-ticket .app follow-up-to="id" subject="…" .articleHref=${(slug) => href}> the form that opens a ticket. What is written stays in this browser until it
   is sent; one submission has one idempotency key, so a repetition opens no second ticket.
   Events: cf-created (detail Ticket) · cf-cancel. */
import { ApiError, newKey } from "../web/api.js";
import { base, controls, states } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import "../web/elements/cf-uploads.js";
import { icon } from "../web/icons.js";
import { t } from "../web/strings.js";
import { Uploads, dropTarget } from "../web/uploads.js";
import { CATEGORIES, PRIORITIES } from "../web/filters.js";

const SUBJECT = 150;
const DESCRIPTION = 10_000;
const BLANK = { subject: "", category: "", priority: "MEDIUM", description: "" };
const FIELDS = ["subject", "category", "priority", "description", "attachments"];

/** Wrong entries: {field: words}. */
export function check({ subject, category, description }) {
  const errors = {};
  const title = subject.trim();
  if (!title) errors.subject = t("check.required");
  else if (title.length < 3) errors.subject = t("check.subject_short");
  else if (title.length > SUBJECT) errors.subject = t("check.subject_long");
  if (!category) errors.category = t("check.category");
  if (!description.trim()) errors.description = t("check.required");
  else if (description.trim().length > DESCRIPTION) errors.description = t("check.description_long");
  return errors;
}

export class CfNewTicket extends CfElement {
  static properties = {
    followUpTo: { attribute: "follow-up-to" },
    subject: {},
    articleHref: { attribute: false },
    previous: { state: true },
    values: { state: true },
    errors: { state: true },
    problem: { state: true },
    busy: { state: true },
    over: { state: true },
    suggestions: { state: true },
  };

  static styles = [
    base,
    controls,
    states,
    css`
      form {
        position: relative;
        display: grid;
        gap: var(--cf-5);
        max-width: 720px;
        padding: var(--cf-6);
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius-l);
        background: var(--cf-surface);
      }
      header {
        margin-bottom: var(--cf-4);
      }
      legend {
        margin-bottom: 6px;
        font-weight: 500;
      }
      .hint {
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      .under {
        display: flex;
        justify-content: space-between;
        gap: var(--cf-3);
      }
      .under > :last-child:not(:first-child) {
        flex: none;
      }
      .choices {
        display: grid;
        grid-template-columns: repeat(2, minmax(0, 1fr));
        gap: var(--cf-2);
      }
      .choices.four {
        grid-template-columns: repeat(4, minmax(0, 1fr));
      }
      .choices label {
        display: grid;
        grid-template-columns: 16px minmax(0, 1fr);
        gap: 0 10px;
        align-items: start;
        padding: 10px var(--cf-3);
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius);
        cursor: pointer;
        transition: border-color var(--cf-motion);
      }
      .choices label:hover {
        border-color: var(--cf-line-strong);
      }
      .choices label:has(:checked) {
        border-color: var(--cf-accent);
        box-shadow: inset 0 0 0 1px var(--cf-accent);
      }
      @media (forced-colors: active) {
        .choices label:has(:checked) {
          border-color: Highlight;
        }
      }
      .choices input {
        margin-top: 3px;
      }
      .choices strong {
        display: block;
        font-weight: 500;
      }
      .files {
        display: grid;
        gap: var(--cf-2);
        justify-items: start;
        padding: var(--cf-3);
        border: 1px dashed var(--cf-line-strong);
        border-radius: var(--cf-radius);
      }
      .over .files {
        border-color: var(--cf-accent);
        background: var(--cf-accent-soft);
      }
      cf-uploads {
        width: 100%;
      }
      .summary {
        padding: var(--cf-3) var(--cf-4);
        border: 1px solid var(--cf-danger);
        border-radius: var(--cf-radius);
        background: var(--cf-danger-soft);
      }
      .summary h3 {
        font-size: var(--cf-text-m);
        color: var(--cf-danger);
      }
      .summary a {
        display: inline-block;
        line-height: 24px;
        color: var(--cf-danger);
      }
      .suggested {
        padding: var(--cf-2) var(--cf-3);
        border-radius: var(--cf-radius);
        background: var(--cf-subtle);
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--cf-2);
        padding-top: var(--cf-4);
        border-top: 1px solid var(--cf-line);
      }
      .actions .hint {
        flex: 1 1 200px;
      }
      @media (max-width: 640px) {
        form {
          padding: var(--cf-4);
        }
        .choices {
          grid-template-columns: minmax(0, 1fr);
        }
        .choices.four {
          grid-template-columns: repeat(2, minmax(0, 1fr));
        }
      }
    `,
  ];

  #uploads = null;
  #stored = "";
  #sent = { body: "", key: "" };
  #asked = 0;
  #undrop = null;

  constructor() {
    super();
    this.values = { ...BLANK };
    this.errors = {};
    this.problem = "";
    this.busy = false;
    this.over = false;
    this.previous = null;
    this.suggestions = [];
  }

  connectedCallback() {
    super.connectedCallback();
    this.#undrop = dropTarget(this, {
      onFiles: (files) => this.#uploads?.add(files),
      onOver: (over) => (this.over = over),
    });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#undrop();
    clearTimeout(this.#asked);
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (this.app.me && (!this.#uploads || changed.has("followUpTo"))) this.#begin();
  }

  #begin() {
    this.#stored = `cf-support-new:${this.app.me.id}:${this.followUpTo ?? ""}`;
    const kept = JSON.parse(localStorage.getItem(this.#stored) ?? "null");
    this.values = { ...BLANK, ...kept?.values };
    // After a reload what was made of the given subject counts.
    if (this.subject && kept?.given !== this.subject) this.values.subject = this.subject.slice(0, SUBJECT);
    this.#uploads?.clear();
    this.#uploads = new Uploads(this.app.api);
    this.#uploads.restore(kept?.attachments ?? []);
    this.#uploads.addEventListener("change", () => this.#keep());
    this.previous = null;
    if (this.followUpTo) this.#loadPrevious();
  }

  async #loadPrevious() {
    try {
      const { data } = await this.app.api.get(`/tickets/${this.followUpTo}`);
      this.previous = data;
      const { subject, category, priority } = this.values;
      if (!subject) this.values = { ...this.values, subject: data.subject };
      if (!category)
        this.values = { ...this.values, category: data.category, priority: priority ?? data.priority };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.problem = error.words;
    }
  }

  focusFirst() {
    this.renderRoot.querySelector("#subject").focus();
  }

  #set(change) {
    this.values = { ...this.values, ...change };
    const [field] = Object.keys(change);
    if (this.errors[field]) {
      const { [field]: _, ...rest } = this.errors;
      this.errors = rest;
    }
    if (field === "subject") this.#suggest();
    this.#keep();
  }

  #keep() {
    const kept = { values: this.values, attachments: this.#uploads.attachments, given: this.subject };
    localStorage.setItem(this.#stored, JSON.stringify(kept));
    this.requestUpdate();
  }

  #suggest() {
    clearTimeout(this.#asked);
    const q = this.values.subject.trim();
    if (q.length < 3 || !this.app.hub?.knowledge?.available) {
      this.suggestions = [];
      return;
    }
    this.#asked = setTimeout(async () => {
      try {
        const { data } = await this.app.api.get("/kb/suggest", { query: { q, limit: 5 } });
        // An answer for what stands there no more comes too late.
        if (q === this.values.subject.trim()) this.suggestions = data.items;
      } catch {
        // Help beside the form, nothing that it needs.
        this.suggestions = [];
      }
    }, 300);
  }

  async #submit(event) {
    event.preventDefault();
    if (this.busy) return;
    this.problem = "";
    this.errors = check(this.values);
    if (this.#uploads.busy || this.#uploads.failed)
      this.errors = { ...this.errors, attachments: t("new.wait_files") };
    if (Object.keys(this.errors).length) {
      this.#toSummary();
      return;
    }
    const { subject, category, priority, description } = this.values;
    const body = { subject: subject.trim(), category, priority, description: description.trim() };
    const attachments = this.#uploads.attachments.map((file) => file.id);
    if (attachments.length) body.attachments = attachments;
    if (this.followUpTo) body.follow_up_to = this.followUpTo;
    const written = JSON.stringify(body);
    if (this.#sent.body !== written) this.#sent = { body: written, key: newKey() };
    this.busy = true;
    try {
      const { data } = await this.app.api.insist("POST", "/tickets", { body, key: this.#sent.key });
      localStorage.removeItem(this.#stored);
      this.values = { ...BLANK };
      this.#uploads = null;
      this.emit("cf-created", data);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#refused(error);
    } finally {
      this.busy = false;
    }
  }

  #refused(error) {
    const known = Object.entries(error.errors).filter(([field]) => FIELDS.includes(field));
    this.errors = Object.fromEntries(known.map(([field, messages]) => [field, [messages].flat().join(" ")]));
    if (known.length === 0) this.problem = t("new.failed", { reason: error.words });
    this.#toSummary();
  }

  async #toSummary() {
    await this.updateComplete;
    this.renderRoot.querySelector(".summary")?.focus();
  }

  #toField(event, field) {
    event.preventDefault();
    const target =
      this.renderRoot.querySelector(`#${field}`) ?? this.renderRoot.querySelector(`[name="${field}"]`);
    target?.focus();
  }

  #error(field) {
    return this.errors[field]
      ? html`<p class="error" id="${field}-error">${icon("circle-alert")}${this.errors[field]}</p>`
      : nothing;
  }

  #summary() {
    const fields = FIELDS.filter((field) => this.errors[field]);
    if (fields.length === 0 && !this.problem) return nothing;
    const name = (field) => t(field === "attachments" ? "new.files" : `new.${field}`);
    return html`<div class="summary" role="alert" tabindex="-1">
      ${
        fields.length
          ? html`<h3>${t("new.summary", { n: fields.length })}</h3>
              <ul>
                ${fields.map(
                  (field) =>
                    html`<li>
                      <a href="#${field}" @click=${(event) => this.#toField(event, field)}
                        >${name(field)}: ${this.errors[field]}</a
                      >
                    </li>`,
                )}
              </ul>`
          : html`<p>${this.problem}</p>`
      }
    </div>`;
  }

  #choices(field, values, four = false) {
    return html`<fieldset aria-describedby=${this.errors[field] ? `${field}-error` : nothing}>
      <legend>${t(`new.${field}`)}</legend>
      <div class="choices ${four ? "four" : ""}">
        ${values.map(
          (value, index) =>
            html`<label>
              <input
                type="radio"
                id=${index === 0 ? field : nothing}
                name=${field}
                .checked=${this.values[field] === value}
                aria-describedby="${field}-${value}"
                @change=${() => this.#set({ [field]: value })}
              />
              <span>
                <strong>${t(`${field}.${value}`)}</strong>
                <span class="hint" id="${field}-${value}">${t(`${field}_hint.${value}`)}</span>
              </span>
            </label>`,
        )}
      </div>
      ${this.#error(field)}
    </fieldset>`;
  }

  render() {
    const { subject, description } = this.values;
    const title = this.previous ? t("new.follow_up", { number: this.previous.number }) : t("new.title");
    return html`<header>
        <h2 tabindex="-1">${title}</h2>
      </header>
      <form novalidate class=${this.over ? "over" : ""} @submit=${this.#submit}>
        ${this.#summary()}
        <div class="field">
          <label for="subject">${t("new.subject")}</label>
          <input
            id="subject"
            autocomplete="off"
            .value=${subject}
            aria-invalid=${Boolean(this.errors.subject)}
            aria-describedby="subject-hint subject-error"
            @input=${(event) => this.#set({ subject: event.target.value })}
          />
          <div class="under hint">
            <span id="subject-hint">${t("new.subject.hint")}</span>
            <span>${t("new.counter", { n: subject.length, max: SUBJECT })}</span>
          </div>
          ${this.#error("subject")}
          ${
            this.suggestions.length
              ? html`<div class="suggested">
                  <p class="small">${t("new.suggested")}</p>
                  <ul>
                    ${this.suggestions.map(
                      (one) =>
                        html`<li>
                          <a href=${this.articleHref(one.slug)} target="_blank" rel="noopener"
                            >${one.title}<span class="hidden"> (${t("app.opens_in_new_tab")})</span></a
                          >
                        </li>`,
                    )}
                  </ul>
                </div>`
              : nothing
          }
        </div>
        ${this.#choices("category", CATEGORIES)} ${this.#choices("priority", PRIORITIES, true)}
        <div class="field">
          <label for="description">${t("new.description")}</label>
          <textarea
            id="description"
            rows="8"
            .value=${description}
            aria-invalid=${Boolean(this.errors.description)}
            aria-describedby="description-hint description-error"
            @input=${(event) => this.#set({ description: event.target.value })}
            @paste=${this.#onPaste}
          ></textarea>
          <div class="under hint">
            <span id="description-hint">${t("new.description.hint")}</span>${
              description.length > DESCRIPTION - 500
                ? html`<span>${t("new.counter", { n: description.length, max: DESCRIPTION })}</span>`
                : nothing
            }
          </div>
          ${this.#error("description")}
        </div>
        <div class="field">
          <span class="label" id="files-label">${t("new.files")}</span>
          <div class="files">
            <input id="picker" type="file" multiple hidden @change=${this.#pick} />
            <div class="row wrap">
              <button
                type="button"
                id="attachments"
                @click=${() => this.renderRoot.querySelector("#picker").click()}
              >
                ${icon("paperclip")}${t("composer.attach")}
              </button>
              <span class="hint">${t("new.files.hint")}</span>
            </div>
            <cf-uploads .uploads=${this.#uploads}></cf-uploads>
          </div>
          ${this.#error("attachments")}
        </div>
        <div class="actions">
          <button class="primary" aria-disabled=${this.busy}>
            ${icon("send")}${t(this.busy ? "new.submitting" : "new.submit")}
          </button>
          <button type="button" class="plain" @click=${() => this.emit("cf-cancel")}>
            ${t("app.cancel")}
          </button>
          <span class="hint">${t("new.kept")}</span>
        </div>
      </form>`;
  }

  #pick(event) {
    this.#uploads.add([...event.target.files]);
    event.target.value = "";
  }

  #onPaste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    this.#uploads.add(files);
  }
}

define("cf-new-ticket", CfNewTicket);
