/* <cf-author-diff .before=${text} .after=${text} .fields=${[{name, label, words}]} body="body"> what is different between
   two texts (objects): each field of one line as `words(value)` says it, then the lines of the Markdown in `body`. */
import { base, controls } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import { t } from "../web/strings.js";
import { folded, lineDifferences, wordDifferences } from "./diff.js";

const SIGNS = { same: " ", added: "+", removed: "−" };

function lineOf(value) {
  return Array.isArray(value) ? value.join(", ") : (value ?? "");
}

export class CfAuthorDiff extends CfElement {
  static properties = {
    before: { attribute: false },
    after: { attribute: false },
    fields: { attribute: false },
    body: {},
    open: { state: true },
  };

  static styles = [
    base,
    controls,
    css`
      dl {
        display: grid;
        gap: var(--cf-2);
        margin-bottom: var(--cf-4);
      }
      dt {
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      dd {
        overflow-wrap: anywhere;
      }
      del,
      ins {
        border-radius: 2px;
        text-decoration-thickness: 1px;
      }
      del {
        background: var(--cf-danger-soft);
        color: var(--cf-danger);
      }
      ins {
        background: var(--cf-ok-soft);
        color: var(--cf-ok);
        text-decoration: none;
      }
      .lines {
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius);
        background: var(--cf-surface);
        overflow: hidden;
        font: var(--cf-text-s) / 1.6 var(--cf-mono);
      }
      .line {
        display: grid;
        grid-template-columns: 24px minmax(0, 1fr);
        min-height: 1.6em;
        padding-inline-end: var(--cf-2);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .sign {
        text-align: center;
        color: var(--cf-text-2);
        user-select: none;
      }
      .added {
        background: var(--cf-ok-soft);
      }
      .removed {
        background: var(--cf-danger-soft);
      }
      .line :is(ins, del) {
        background: none;
        font-weight: 700;
        text-decoration: underline;
        text-decoration-thickness: 2px;
        text-underline-offset: 3px;
      }
      .gap {
        display: flex;
        width: 100%;
        min-height: 28px;
        justify-content: start;
        padding: 0 var(--cf-3);
        border: 0;
        border-radius: 0;
        background: var(--cf-subtle);
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
        font-weight: 400;
      }
      .gap:focus-visible {
        outline-offset: -2px;
      }
    `,
  ];

  constructor() {
    super();
    this.fields = [];
    this.body = "body";
    this.open = new Set();
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (changed.has("before") && changed.get("before")?.[this.body] !== this.before?.[this.body]) this.open = new Set();
  }

  #field({ name, label, words: said }) {
    const [was, is] = [said(lineOf(this.before[name])), said(lineOf(this.after[name]))];
    if (was === is) return nothing;
    const [old, now] = wordDifferences(was, is);
    const marked = old.some(({ changed }) => changed) || now.some(({ changed }) => changed);
    const words = (parts, tag) => parts.map(({ text, changed }) => (changed || !marked ? tag(text) : text));
    return html`<div>
      <dt>${label}</dt>
      ${was ? html`<dd><span class="hidden">${t("author.diff.was")} </span>${words(old, (text) => html`<del>${text}</del>`)}</dd>` : nothing}
      ${is ? html`<dd><span class="hidden">${t("author.diff.is")} </span>${words(now, (text) => html`<ins>${text}</ins>`)}</dd>` : nothing}
    </div>`;
  }

  #line({ kind, parts }) {
    const words = kind === "same" ? "" : t(`author.diff.${kind}`);
    const mark = (text) => (kind === "added" ? html`<ins>${text}</ins>` : html`<del>${text}</del>`);
    return html`<div class="line ${kind}"
      ><span class="sign" aria-hidden="true">${SIGNS[kind]}</span
      ><span>${words ? html`<span class="hidden">${words} </span>` : nothing}${parts.map(({ text, changed }) =>
        changed ? mark(text) : text,
      )}</span></div>`;
  }

  #gap(row, index) {
    if (this.open.has(index)) return row.rows.map((one) => this.#line(one));
    return html`<button class="gap" @click=${() => (this.open = new Set([...this.open, index]))}>
      ${t("author.diff.gap", { n: row.rows.length })}
    </button>`;
  }

  render() {
    if (!this.before || !this.after) return nothing;
    const fields = this.fields.map((field) => this.#field(field)).filter((one) => one !== nothing);
    const [was, is] = [this.before[this.body] ?? "", this.after[this.body] ?? ""];
    if (fields.length === 0 && was === is) return html`<p class="muted">${t("author.diff.none")}</p>`;
    return html`${fields.length ? html`<dl>${fields}</dl>` : nothing}
    ${
      was === is
        ? nothing
        : html`<div class="lines" role="group" aria-label=${t("author.diff.lines")}>
            ${folded(lineDifferences(was, is)).map((row, index) =>
              row.kind === "gap" ? this.#gap(row, index) : this.#line(row),
            )}
          </div>`
    }`;
  }
}

define("cf-author-diff", CfAuthorDiff);
