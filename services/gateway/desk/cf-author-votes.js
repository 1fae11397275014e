/* <cf-author-votes .app article="id" .helpful=${{yes, no}}> what readers said of an article, and why. */
import { base, controls, states } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import "../web/elements/cf-time.js";
import { icon } from "../web/icons.js";
import { t } from "../web/strings.js";
import { empty, failed, waiting, wordsOf } from "./author-parts.js";
import { author } from "./author-styles.js";

const MOST = 100;

export class CfAuthorVotes extends CfElement {
  static properties = {
    article: {},
    helpful: { attribute: false },
    items: { state: true },
    problem: { state: true },
    reasons: { state: true },
  };

  static styles = [
    base,
    controls,
    states,
    author,
    css`
      .said {
        display: flex;
        align-items: center;
        gap: 6px;
        font-weight: 500;
      }
      .yes svg.icon {
        color: var(--cf-ok);
      }
      .no svg.icon {
        color: var(--cf-danger);
      }
      .comment {
        max-width: var(--cf-measure);
        margin-block: var(--cf-1);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      label {
        display: inline-flex;
        align-items: center;
        gap: var(--cf-2);
      }
    `,
  ];

  #asked = null;

  constructor() {
    super();
    this.items = null;
    this.problem = "";
    this.reasons = false;
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#asked?.abort();
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (changed.has("article")) this.#load();
  }

  async #load() {
    this.#asked?.abort();
    const { signal } = (this.#asked = new AbortController());
    Object.assign(this, { items: null, problem: "" });
    try {
      const path = `/kb/authoring/articles/${this.article}/feedback`;
      this.items = (await this.app.api.get(path, { query: { limit: MOST }, signal })).data.items;
    } catch (error) {
      if (!signal.aborted) this.problem = wordsOf(error);
    }
  }

  #body() {
    if (this.problem) return failed(t("author.votes.failed"), this.problem, () => this.#load());
    if (!this.items) return waiting(t("author.loading"));
    const items = this.reasons ? this.items.filter(({ comment }) => comment) : this.items;
    if (items.length === 0)
      return empty("message-square", t("author.votes.none.title"), t("author.votes.none.text"));
    return html`<ul class="rows">
      ${items.map(
        ({ helpful, comment, version, at }) =>
          html`<li>
            <p class="said ${helpful ? "yes" : "no"}">
              ${icon(helpful ? "circle-check" : "circle-x")}${t(helpful ? "author.votes.yes" : "author.votes.no")}
            </p>
            ${comment ? html`<p class="comment">${comment}</p>` : nothing}
            <p class="meta"><span>${t("author.version", { n: version })}</span><cf-time at=${at} quiet></cf-time></p>
          </li>`,
      )}
    </ul>`;
  }

  render() {
    const { yes, no } = this.helpful;
    return html`<div class="top">
        <p>${yes + no ? t("kb.vote.count", { yes, n: yes + no }) : nothing}</p>
        <label
          ><input
            type="checkbox"
            .checked=${this.reasons}
            @change=${(event) => (this.reasons = event.target.checked)}
          />${t("author.votes.reasons")}</label
        >
      </div>
      <div class="panel">${this.#body()}</div>
      ${this.items?.length === MOST ? html`<p class="hint">${t("author.votes.latest", { n: MOST })}</p>` : nothing}`;
  }
}

define("cf-author-votes", CfAuthorVotes);
