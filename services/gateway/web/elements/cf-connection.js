/* <cf-connection .app> says "Reconnecting…" when the live stream has been away for 3 seconds, and what came in
   when it is back. */
import { base } from "../base.js";
import { CfElement, css, define, html, nothing } from "../element.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";

const PATIENCE = 3_000;

export class CfConnection extends CfElement {
  static properties = { lost: { state: true } };

  static styles = [
    base,
    css`
      :host {
        display: contents;
      }
      div {
        position: fixed;
        z-index: 40;
        inset-block-start: var(--cf-2);
        inset-inline: var(--cf-2);
        margin-inline: auto;
        width: fit-content;
        max-width: calc(100% - var(--cf-4));
        display: flex;
        align-items: center;
        gap: var(--cf-2);
        padding: 6px var(--cf-3);
        border: 1px solid var(--cf-warn);
        border-radius: var(--cf-radius);
        background: var(--cf-warn-soft);
        color: var(--cf-warn);
        font-size: var(--cf-text-s);
        box-shadow: var(--cf-shadow-l);
      }
      strong {
        font-weight: 600;
      }
      @media (prefers-reduced-motion: no-preference) {
        svg.icon {
          animation: turn 2s linear infinite;
        }
      }
      @keyframes turn {
        to {
          rotate: 360deg;
        }
      }
      @media (max-width: 560px) {
        .detail {
          display: none;
        }
      }
    `,
  ];

  #live = null;
  #timer = 0;
  #said = false;

  constructor() {
    super();
    this.lost = false;
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (this.#live !== this.app.live) {
      this.#live = this.app.live;
      this.#live.addEventListener("state", () => this.#look());
      this.#live.addEventListener("current", ({ detail }) => this.#back(detail.caughtUp));
    }
    this.#look();
  }

  #look() {
    if (this.#live.state === "live" || this.app.state !== "ready") {
      clearTimeout(this.#timer);
      this.#timer = 0;
      this.#said ||= this.lost;
      this.lost = false;
    } else {
      this.#timer ||= setTimeout(() => (this.lost = true), PATIENCE);
    }
  }

  #back(count) {
    if (this.#said) {
      this.app.notify(count ? t("connection.caught_up", { n: count }) : t("connection.back"), { kind: "ok" });
    }
    this.#said = false;
  }

  render() {
    return html`<span role="status">
      ${
        this.lost && this.app.state === "ready"
          ? html`<div>
              ${icon("refresh-cw")}<strong>${t("connection.lost")}</strong>
              <span class="detail">${t("connection.lost_detail")}</span>
            </div>`
          : nothing
      }
    </span>`;
  }
}

define("cf-connection", CfConnection);
