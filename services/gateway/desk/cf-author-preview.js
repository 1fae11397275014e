/* <cf-author-preview .app .markdown=${text}> a text as readers will see it, rendered by the server while it is typed.
   One request at a time, a moment after the last key; an answer for a text that stands there no more is not shown. */
import { unsafeHTML } from "lit/directives/unsafe-html.js";
import { articleStyles, dress } from "../web/article.js";
import { base, controls, states } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import { icon } from "../web/icons.js";
import { t } from "../web/strings.js";
import { bytesOf } from "./knowledge.js";
import { wordsOf } from "./author-parts.js";

const PAUSE = 350;
const MOST_BYTES = 20_000;

export class CfAuthorPreview extends CfElement {
  static properties = { markdown: {}, shown: { state: true }, problem: { state: true } };

  static styles = [
    base,
    controls,
    states,
    articleStyles,
    css`
      .empty {
        padding: var(--cf-8) var(--cf-4);
      }
      .error {
        margin-bottom: var(--cf-3);
      }
    `,
  ];

  #timer = 0;
  #asking = false;
  #dressed = null;

  constructor() {
    super();
    this.markdown = "";
    this.shown = null;
    this.problem = "";
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (!changed.has("markdown")) return;
    clearTimeout(this.#timer);
    if (!this.markdown.trim()) Object.assign(this, { shown: null, problem: "" });
    else this.#timer = setTimeout(() => this.#ask(), this.shown ? PAUSE : 0);
  }

  updated() {
    const body = this.renderRoot.querySelector(".article");
    const seen = this.#dressed;
    this.#dressed = this.shown;
    if (!body || seen === this.shown) return;
    dress(body, {
      linkTo: (slug) => `/support/knowledge-base/${slug}`,
      // What is being written stays where it is.
      open: (href) => window.open(href, "_blank", "noopener"),
      notify: (...notice) => this.app.notify(...notice),
    });
  }

  async #ask() {
    if (this.#asking) return;
    const { markdown } = this;
    if (bytesOf(markdown) > MOST_BYTES) {
      this.problem = t("author.check.body", { n: MOST_BYTES });
      return;
    }
    this.#asking = true;
    try {
      const { data } = await this.app.api.send("POST", "/kb/authoring/preview", { body: { body: markdown } });
      if (markdown === this.markdown) Object.assign(this, { shown: data.body_html, problem: "" });
    } catch (error) {
      this.problem = t("author.preview.failed", { reason: wordsOf(error) });
    } finally {
      this.#asking = false;
      if (markdown !== this.markdown && this.markdown.trim() && this.isConnected) this.#ask();
    }
  }

  render() {
    return html`<div role="alert">
        ${
          this.problem
            ? html`<div class="error">
                ${icon("circle-alert")}
                <p>
                  ${this.problem} <button class="link" @click=${() => this.#ask()}>${t("app.retry")}</button>
                </p>
              </div>`
            : nothing
        }
      </div>
      ${
        this.shown === null
          ? html`<div class="empty">
              <span class="badge">${icon("book-open")}</span>
              <p>${t("author.preview.empty")}</p>
            </div>`
          : html`<div class="article">${unsafeHTML(this.shown)}</div>`
      }`;
  }
}

define("cf-author-preview", CfAuthorPreview);
