/* <cf-author-searches .app .place .hrefTo=${(place) => href}> what readers searched for, and what found nothing.
   Method: toHeading(). Event: cf-place (detail {href, replace}). */
import { base, controls, states } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import "../web/elements/cf-time.js";
import { icon } from "../web/icons.js";
import { t } from "../web/strings.js";
import { empty, failed, follow, waiting, wordsOf } from "./author-parts.js";
import { author } from "./author-styles.js";
import { PERIODS } from "./places.js";

const MOST = 100;

export class CfAuthorSearches extends CfElement {
  static properties = {
    place: { attribute: false },
    hrefTo: { attribute: false },
    report: { state: true },
    problem: { state: true },
  };

  static styles = [
    base,
    controls,
    states,
    author,
    css`
      .tools {
        display: flex;
        flex-wrap: wrap;
        gap: var(--cf-2) var(--cf-4);
        align-items: center;
        margin-bottom: var(--cf-4);
      }
      select {
        width: auto;
      }
      label {
        display: inline-flex;
        align-items: center;
        gap: var(--cf-2);
        min-height: 24px;
      }
      .rows > li {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: var(--cf-1) var(--cf-4);
        align-items: center;
      }
      .query {
        font-weight: 500;
        overflow-wrap: anywhere;
      }
      .zero {
        color: var(--cf-warn);
        font-weight: 500;
      }
      @media (max-width: 560px) {
        .rows > li {
          grid-template-columns: minmax(0, 1fr);
          justify-items: start;
        }
      }
    `,
  ];

  #asked = null;
  #wanted = "";

  constructor() {
    super();
    this.report = null;
    this.problem = "";
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#asked?.abort();
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    const wanted = JSON.stringify([this.place.days, this.place.empty]);
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    this.#load();
  }

  async toHeading() {
    await this.updateComplete;
    this.renderRoot.querySelector("h2").focus({ preventScroll: true });
  }

  async #load() {
    this.#asked?.abort();
    const { signal } = (this.#asked = new AbortController());
    this.problem = "";
    const { days, empty: none } = this.place;
    try {
      const query = { days, empty: none ? "1" : "0", limit: MOST };
      this.report = (await this.app.api.get("/kb/authoring/searches", { query, signal })).data;
    } catch (error) {
      if (signal.aborted) return;
      this.report = null;
      this.problem = wordsOf(error);
    }
  }

  #change(change) {
    this.emit("cf-place", { href: this.hrefTo({ ...this.place, ...change }), replace: true });
  }

  #row(one) {
    const write = this.hrefTo({ part: "articles", id: "new", title: one.query.slice(0, 150) });
    return html`<li>
      <div>
        <p class="query">${one.query}</p>
        <p class="meta">
          <span>${t("author.searches.times", { n: one.searches })}</span>
          <span class=${one.without_result ? "zero" : ""}
            >${t("author.searches.without", { n: one.without_result })}</span
          >
          <span>${t("author.searches.opened", { n: one.opened })}</span>
          <span>${t("author.searches.last")} <cf-time at=${one.last_at} quiet></cf-time></span>
        </p>
      </div>
      <a
        class="button compact"
        href=${write}
        aria-label=${t("author.searches.write_about", { q: one.query })}
        @click=${follow(this, write)}
        >${icon("pencil")}${t("author.searches.write")}</a
      >
    </li>`;
  }

  #body() {
    const { report, problem } = this;
    if (problem) return failed(t("author.searches.failed"), problem, () => this.#load());
    if (!report) return waiting(t("author.loading"));
    if (report.items.length === 0)
      return empty("search", t("author.searches.none.title"), t("author.searches.none.text"));
    return html`<ol class="rows">
      ${report.items.map((one) => this.#row(one))}
    </ol>`;
  }

  render() {
    const { days, empty: none } = this.place;
    return html`<div class="top">
        <h2 tabindex="-1">${t("author.part.searches")}</h2>
      </div>
      <div class="tools">
        <select
          aria-label=${t("author.searches.period")}
          @change=${(event) => this.#change({ days: event.target.value })}
        >
          ${PERIODS.map(
            (one) =>
              html`<option value=${one} ?selected=${String(one) === days}>
                ${t("author.searches.days", { n: one })}
              </option>`,
          )}
        </select>
        <label
          ><input
            type="checkbox"
            .checked=${Boolean(none)}
            @change=${(event) => this.#change({ empty: event.target.checked ? "1" : "" })}
          />${t("author.searches.only_empty")}</label
        >
        <p class="hint" role="status">
          ${this.report ? t("author.searches.totals", this.report.totals) : nothing}
        </p>
      </div>
      <div class="panel">${this.#body()}</div>`;
  }
}

define("cf-author-searches", CfAuthorSearches);
