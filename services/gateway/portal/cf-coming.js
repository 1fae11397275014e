/* <cf-coming .app topic="kb|faq"> says honestly that a part of Support is not there yet, and what helps now.
   Event: cf-new when a ticket is asked for. */
import { base, controls, states } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import { icon } from "../web/icons.js";
import { t } from "../web/strings.js";

const ICONS = { kb: "book-open", faq: "circle-help" };

export class CfComing extends CfElement {
  static properties = { topic: {} };

  static styles = [
    base,
    controls,
    states,
    css`
      .empty {
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius-l);
        background: var(--cf-surface);
      }
      .empty .row {
        flex-wrap: wrap;
        justify-content: center;
      }
    `,
  ];

  render() {
    const documentation = this.app.hub?.cards.find((card) => card.key === "documentation");
    return html`<div class="empty">
      <span class="badge">${icon(ICONS[this.topic])}</span>
      <h2>${t(`coming.${this.topic}.title`)}</h2>
      <p>${t(`coming.${this.topic}.text`)}</p>
      <div class="row">
        <button class="primary" @click=${() => this.emit("cf-new")}>
          ${icon("plus")}${t("coming.ticket")}
        </button>
        ${
          documentation
            ? html`<a class="button" href=${documentation.url} target="_blank" rel="noopener"
                >${t("coming.documentation")}${icon("external-link")}<span class="hidden"
                  >(${t("app.opens_in_new_tab")})</span
                ></a
              >`
            : nothing
        }
      </div>
    </div>`;
  }
}

define("cf-coming", CfComing);
