/* Templates that the elements of the knowledge area share. */
import { ApiError } from "../web/api.js";
import { plainClick } from "../web/article.js";
import { html, nothing } from "../web/element.js";
import { icon } from "../web/icons.js";
import { t } from "../web/strings.js";

const STATUS_ICONS = { DRAFT: "pencil", PUBLISHED: "circle-check", ARCHIVED: "archive" };

/** The words of a failure for people; what is no answer of the server is thrown on. */
export function wordsOf(error) {
  if (!(error instanceof ApiError)) throw error;
  return error.words;
}

/** A click on a link inside the area: stays in the page, by the event cf-place (detail {href}). */
export function follow(element, href) {
  return (event) => {
    if (!plainClick(event)) return;
    event.preventDefault();
    element.emit("cf-place", { href });
  };
}

export function statusChip(status) {
  return html`<span class="chip ${status}">${icon(STATUS_ICONS[status])}${t(`author.status.${status}`)}</span>`;
}

export function changedChip() {
  return html`<span class="chip changed">${icon("circle-dot")}${t("author.changed")}</span>`;
}

export function failed(title, words, retry) {
  return html`<div class="empty" role="alert">
    <span class="badge">${icon("cloud-off")}</span>
    <h3>${title}</h3>
    <p>${words}</p>
    <div class="row"><button @click=${retry}>${icon("refresh-cw")}${t("app.retry")}</button></div>
  </div>`;
}

export function empty(name, title, text, actions = nothing) {
  return html`<div class="empty">
    <span class="badge">${icon(name)}</span>
    <h3>${title}</h3>
    <p>${text}</p>
    <div class="row">${actions}</div>
  </div>`;
}

export function waiting(words) {
  return html`<div class="skeleton" aria-busy="true">
    <div class="bones">
      ${[1, 2, 3, 4].map(() => html`<div class="bone"></div>`)}
    </div>
    <p class="hidden" role="status">${words}</p>
  </div>`;
}

/** What is wrong with a form, with links to its fields; takes the focus by `.summary`. */
export function faultSummary(root, fields, errors, problem) {
  const faulty = fields.filter((field) => errors[field]);
  if (faulty.length === 0 && !problem) return nothing;
  const go = (event, field) => {
    event.preventDefault();
    root().querySelector(`#${field}`).focus();
  };
  return html`<div class="summary" role="alert" tabindex="-1">
    ${
      faulty.length
        ? html`<h3>${t("new.summary", { n: faulty.length })}</h3>
            <ul>
              ${faulty.map(
                (field) =>
                  html`<li>
                    <a href="#${field}" @click=${(event) => go(event, field)}
                      >${t(`author.${field}`)}: ${errors[field]}</a
                    >
                  </li>`,
              )}
            </ul>`
        : html`<p>${problem}</p>`
    }
  </div>`;
}

export function fault(field, errors) {
  return errors[field]
    ? html`<p class="error" id="${field}-error">${icon("circle-alert")}${errors[field]}</p>`
    : nothing;
}

/** The options of a choice of category; a category that is not known (any more) stays as its slug. */
export function categoryOptions(categories, chosen) {
  const known = (categories ?? []).some((one) => one.slug === chosen);
  const options = known || !chosen ? (categories ?? []) : [...(categories ?? []), { slug: chosen, title: chosen }];
  return options.map((one) => html`<option value=${one.slug} ?selected=${one.slug === chosen}>${one.title}</option>`);
}

export function categoryTitle(categories, slug) {
  return categories?.find((one) => one.slug === slug)?.title ?? slug;
}

/** The fields of one line for <cf-author-diff>: all of `names` but the Markdown. */
export function differingFields(names, body, categories) {
  const words = (name) => (name === "category" ? (slug) => categoryTitle(categories, slug) : (value) => value);
  return names
    .filter((name) => name !== body)
    .map((name) => ({ name, label: t(`author.${name}`), words: words(name) }));
}
