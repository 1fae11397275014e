/* <cf-hub .app> the four quick-access cards: links to other places, the status card with the present level. */
import { base, states } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import "../web/elements/cf-time.js";
import { icon } from "../web/icons.js";
import { t } from "../web/strings.js";

const ICONS = {
  documentation: "book-open",
  "video-tutorials": "monitor-play",
  "community-forum": "messages-square",
  "status-page": "activity",
};
const LEVELS = {
  OPERATIONAL: "circle-check",
  DEGRADED: "triangle-alert",
  MAINTENANCE: "wrench",
  OUTAGE: "circle-x",
  UNKNOWN: "circle-help",
};

export class CfHub extends CfElement {
  static styles = [
    base,
    states,
    css`
      ul {
        display: grid;
        grid-template-columns: repeat(4, minmax(0, 1fr));
        gap: var(--cf-3);
      }
      a,
      .empty-card {
        display: grid;
        grid-template-columns: 36px minmax(0, 1fr) 14px;
        gap: 0 var(--cf-3);
        align-items: center;
        height: 100%;
        min-height: 90px;
        padding: var(--cf-3) var(--cf-3) var(--cf-3) var(--cf-4);
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius-l);
        background: var(--cf-surface);
        color: var(--cf-text);
        text-decoration: none;
        transition: border-color var(--cf-motion);
      }
      a:hover {
        border-color: var(--cf-line-strong);
      }
      .badge {
        display: grid;
        place-items: center;
        width: 36px;
        height: 36px;
        border-radius: var(--cf-radius);
        background: var(--cf-accent-soft);
        color: var(--cf-accent);
      }
      .badge svg.icon {
        width: 18px;
        height: 18px;
      }
      .title {
        display: block;
        font-weight: 600;
        line-height: 1.35;
      }
      .what {
        display: block;
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
        line-height: 1.4;
      }
      a > svg.icon {
        width: 14px;
        height: 14px;
        align-self: start;
        margin-top: 4px;
        color: var(--cf-text-2);
      }
      .level {
        display: flex;
        gap: 6px;
      }
      .level svg.icon {
        width: 14px;
        height: 14px;
        margin-top: 2px;
      }
      .level[data-level="OPERATIONAL"] svg.icon {
        color: var(--cf-ok);
      }
      .level:is([data-level="DEGRADED"], [data-level="MAINTENANCE"]) svg.icon {
        color: var(--cf-warn);
      }
      .level[data-level="OUTAGE"] svg.icon {
        color: var(--cf-danger);
      }
      @media (max-width: 960px) {
        ul {
          grid-template-columns: repeat(2, minmax(0, 1fr));
        }
      }
      @media (max-width: 560px) {
        ul {
          gap: var(--cf-2);
        }
        a,
        .empty-card {
          grid-template-columns: minmax(0, 1fr) 14px;
          min-height: 52px;
          padding: var(--cf-2) var(--cf-3);
        }
        .badge {
          display: none;
        }
        .what:not(.level) {
          display: none;
        }
      }
    `,
  ];

  #card(card) {
    const { status } = this.app.hub;
    const isStatus = card.key === "status-page";
    return html`<li>
      <a href=${card.url} target="_blank" rel="noopener">
        <span class="badge">${icon(ICONS[card.key] ?? "link")}</span>
        <span>
          <span class="title">${card.title}</span>
          ${
            isStatus
              ? html`<span class="what level" data-level=${status.level}
                  >${icon(LEVELS[status.level])}<span
                    >${t(`status_level.${status.level}`)}${
                      status.updated_at
                        ? html`<span class="at"
                            >, ${t("hub.status.checked")} <cf-time quiet at=${status.updated_at}></cf-time
                          ></span>`
                        : nothing
                    }</span
                  ></span
                >`
              : html`<span class="what">${card.description}</span>`
          }
          <span class="hidden">(${t("app.opens_in_new_tab")})</span>
        </span>
        ${icon("external-link")}
      </a>
    </li>`;
  }

  render() {
    const cards = this.app.hub?.cards;
    return html`<nav aria-label=${t("hub.label")}>
      <ul>
        ${
          cards
            ? cards.map((card) => this.#card(card))
            : [1, 2, 3, 4].map(
                () => html`<li aria-hidden="true"><div class="empty-card">${nothing}</div></li>`,
              )
        }
      </ul>
    </nav>`;
  }
}

define("cf-hub", CfHub);
