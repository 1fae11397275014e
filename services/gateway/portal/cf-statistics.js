/* <cf-statistics .app .selected=${["OPEN"]}> the four counters, live, each also a filter of the list.
   Event: cf-statuses (detail {statuses: [status], [] = all}). */
import { base } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import { icon } from "../web/icons.js";
import { LiveQuery } from "../web/live-query.js";
import { locale, t } from "../web/strings.js";

const CARDS = [
  { key: "total", statuses: [], icon: "layers" },
  { key: "open", statuses: ["OPEN"], icon: "circle-dot" },
  { key: "in_progress", statuses: ["IN_PROGRESS", "WAITING_ON_CUSTOMER"], icon: "wrench" },
  { key: "resolved", statuses: ["RESOLVED", "CLOSED"], icon: "circle-check" },
];

export class CfStatistics extends CfElement {
  static properties = { selected: { attribute: false } };

  static styles = [
    base,
    css`
      ul {
        display: grid;
        grid-template-columns: repeat(4, minmax(0, 1fr));
        gap: var(--cf-3);
      }
      li {
        display: grid;
      }
      button {
        appearance: none;
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        align-content: start;
        gap: 2px var(--cf-2);
        width: 100%;
        min-height: 104px;
        padding: var(--cf-3) var(--cf-4);
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius-l);
        background: var(--cf-surface);
        color: var(--cf-text);
        font: inherit;
        text-align: start;
        cursor: pointer;
        transition: border-color var(--cf-motion);
      }
      button:hover {
        border-color: var(--cf-line-strong);
      }
      button[aria-pressed="true"] {
        border-color: var(--cf-accent);
        box-shadow: inset 0 0 0 1px var(--cf-accent);
      }
      .label {
        color: var(--cf-text-2);
        font-weight: 500;
      }
      svg.icon {
        color: var(--cf-text-2);
        margin-top: 2px;
      }
      .count {
        grid-column: 1 / -1;
        min-height: 34px;
        font-size: 1.625rem;
        font-weight: 600;
        line-height: 34px;
        letter-spacing: -0.02em;
        font-variant-numeric: tabular-nums;
      }
      .hint {
        grid-column: 1 / -1;
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
        line-height: 1.4;
      }
      .hint.waiting {
        color: var(--cf-warn);
        font-weight: 500;
      }
      @media (forced-colors: active) {
        button[aria-pressed="true"] {
          border-color: Highlight;
          outline: 1px solid Highlight;
        }
      }
      @media (max-width: 720px) {
        ul {
          grid-template-columns: repeat(2, minmax(0, 1fr));
          gap: var(--cf-2);
        }
        button {
          min-height: 0;
          padding: var(--cf-2) var(--cf-3);
        }
        .hint:not(.waiting) {
          display: none;
        }
      }
    `,
  ];

  #query = new LiveQuery(this, ({ signal, minPosition }) =>
    this.app.api.get("/tickets/statistics", { signal, minPosition }),
  );
  #started = null;

  constructor() {
    super();
    this.selected = [];
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    const who = this.app.state === "ready" ? this.app.me.id : null;
    if (who && who !== this.#started) this.#query.start(this.app);
    this.#started = who;
  }

  #choose(statuses) {
    this.emit("cf-statuses", { statuses });
  }

  #hint(key, numbers) {
    const agent = this.app.isAgent;
    const waiting = numbers?.waiting_on_customer ?? 0;
    if (key === "in_progress" && waiting) {
      const words = t(agent ? "card.in_progress.waiting_agent" : "card.in_progress.waiting", { n: waiting });
      return html`<span class="hint waiting">${words}</span>`;
    }
    return html`<span class="hint"
      >${t(key === "total" && agent ? "card.total.hint_agent" : `card.${key}.hint`)}</span
    >`;
  }

  render() {
    const numbers = this.#query.data;
    const format = new Intl.NumberFormat(locale());
    const chosen = [...this.selected].sort().join();
    return html`<ul aria-label=${t("card.label")}>
        ${CARDS.map(
          ({ key, statuses, icon: name }) =>
            html`<li>
              <button
                aria-pressed=${chosen === [...statuses].sort().join()}
                @click=${() => this.#choose(statuses)}
              >
                <span class="label">${t(`card.${key}`)}</span>${icon(name)}
                <span class="count" data-card=${key}
                  >${numbers ? format.format(numbers.cards[key]) : nothing}</span
                >
                ${this.#hint(key, numbers)}
              </button>
            </li>`,
        )}
      </ul>
      <p class="muted small" role="status">${this.#query.problem ? t("card.failed") : ""}</p>`;
  }
}

define("cf-statistics", CfStatistics);
