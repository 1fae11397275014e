/* <cf-desk-history .app .model=${TicketModel}> what happened to a ticket, newest first, in words; each entry opens
   the ticket as it stood then. Event: cf-past (detail {at}: index into model.history). */
import { base, controls } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import "../web/elements/cf-time.js";
import { icon } from "../web/icons.js";
import { t } from "../web/strings.js";
import { absolute } from "../web/time.js";

export class CfDeskHistory extends CfElement {
  static properties = { model: { attribute: false } };

  static styles = [
    base,
    controls,
    css`
      h3 {
        margin-bottom: var(--cf-2);
        font-size: var(--cf-text-m);
      }
      li {
        position: relative;
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 0 var(--cf-1);
        align-items: start;
        padding: 6px 0 6px var(--cf-4);
        font-size: var(--cf-text-s);
      }
      li::before {
        content: "";
        position: absolute;
        inset-block: 0;
        inset-inline-start: 3px;
        border-inline-start: 1px solid var(--cf-line);
      }
      li::after {
        content: "";
        position: absolute;
        inset-block-start: 13px;
        inset-inline-start: 0;
        width: 7px;
        height: 7px;
        border: 1px solid var(--cf-line-strong);
        border-radius: 50%;
        background: var(--cf-surface);
      }
      li.internal::after {
        border-color: var(--cf-note);
        background: var(--cf-note);
      }
      li:first-child::before {
        inset-block-start: 13px;
      }
      li:last-child::before {
        inset-block-end: calc(100% - 13px);
      }
      .words {
        overflow-wrap: anywhere;
      }
      .when {
        display: flex;
        flex-wrap: wrap;
        gap: 0 var(--cf-2);
        color: var(--cf-text-2);
      }
      .lock {
        display: inline-flex;
        align-items: center;
        gap: 4px;
        color: var(--cf-note);
        font-weight: 500;
      }
      .lock svg.icon {
        width: 12px;
        height: 12px;
      }
    `,
  ];

  #off = null;

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#off?.abort();
    this.#off = null;
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (!this.model || (!changed.has("model") && this.#off)) return;
    this.#off?.abort();
    this.#off = new AbortController();
    this.model.addEventListener("change", () => this.requestUpdate(), { signal: this.#off.signal });
  }

  #entry(entry, at) {
    const time = absolute(new Date(entry.at));
    return html`<li class=${entry.internal ? "internal" : ""}>
      <div>
        <p class="words">${entry.words || t("event.fallback")}</p>
        <p class="when">
          <cf-time at=${entry.at} quiet></cf-time>
          ${entry.internal ? html`<span class="lock">${icon("lock")}${t("desk.history.internal")}</span>` : nothing}
        </p>
      </div>
      <button
        class="plain compact icon-only"
        aria-label=${t("desk.history.then_label", { words: entry.words, time })}
        title=${t("desk.history.then")}
        @click=${() => this.emit("cf-past", { at })}
      >
        ${icon("history")}
      </button>
    </li>`;
  }

  render() {
    const { history, historyFailed } = this.model;
    return html`<h3>${t("desk.history")}</h3>
      ${
        historyFailed
          ? html`<p class="muted small">
              ${t("desk.history.failed")}
              <button class="link" @click=${() => this.model.refresh()}>${t("app.retry")}</button>
            </p>`
          : nothing
      }
      <ol>
        ${history.map((entry, at) => this.#entry(entry, at)).reverse()}
      </ol>`;
  }
}

define("cf-desk-history", CfDeskHistory);
