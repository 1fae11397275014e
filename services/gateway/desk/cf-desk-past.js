/* <cf-desk-past .app .model=${TicketModel} .at=${index into model.history, or null}> the ticket as it stood after one
   entry of its history, with steps to the entries before and after. Event: cf-past (detail {at}: index or null). */
import { ApiError } from "../web/api.js";
import { base, controls, states } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import "../web/elements/cf-dialog.js";
import "../web/elements/cf-priority.js";
import "../web/elements/cf-status.js";
import "../web/elements/cf-thread.js";
import { icon } from "../web/icons.js";
import { t } from "../web/strings.js";
import { absolute } from "../web/time.js";
import { PastModel } from "./past.js";

export class CfDeskPast extends CfElement {
  static properties = {
    model: { attribute: false },
    at: { attribute: false },
    past: { state: true },
    problem: { state: true },
  };

  static styles = [
    base,
    controls,
    states,
    css`
      .past {
        display: grid;
        grid-template-rows: auto auto minmax(0, 1fr);
        gap: var(--cf-3);
        width: min(720px, calc(100vw - 80px));
        height: min(640px, calc(100dvh - 240px));
        min-height: 240px;
      }
      .after {
        color: var(--cf-text-2);
      }
      dl {
        display: flex;
        flex-wrap: wrap;
        gap: var(--cf-2) var(--cf-6);
        padding: var(--cf-3) 0;
        border-block: 1px solid var(--cf-line);
      }
      dt {
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      dd {
        display: flex;
        align-items: center;
        min-height: 24px;
      }
      .thread {
        overflow-y: auto;
        padding-inline: var(--cf-3);
        margin-inline: calc(-1 * var(--cf-3));
      }
      .steps {
        align-self: center;
        margin-inline-end: auto;
        color: var(--cf-text-2);
        font-variant-numeric: tabular-nums;
      }
    `,
  ];

  #asked = null;

  willUpdate(changed) {
    super.willUpdate(changed);
    if ((changed.has("at") || changed.has("model")) && this.at !== null) this.#load();
    if (this.at === null) {
      this.#asked?.abort();
      this.past = null;
    }
  }

  async updated(changed) {
    if (!changed.has("past") || !this.past) return;
    const thread = this.renderRoot.querySelector("cf-thread");
    await thread.updateComplete;
    const scroller = thread.parentElement;
    scroller.scrollTop = scroller.scrollHeight;
  }

  async #load() {
    this.#asked?.abort();
    const { signal } = (this.#asked = new AbortController());
    const entry = this.model.history[this.at];
    this.problem = "";
    try {
      // The time, because internal notes have no revision of the ticket.
      const query = { as_of: entry.at };
      const { data } = await this.app.api.get(`/tickets/${this.model.id}`, { query, signal });
      const until = this.model.history.filter((one) => one.position <= entry.position || one.at === entry.at);
      this.past = { ticket: data, model: new PastModel(data, until) };
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      this.past = null;
      this.problem = t("desk.past.failed", { reason: error.words });
    }
  }

  #step(by) {
    // Events of one command happened at one moment: they are one step.
    const { history } = this.model;
    const now = history[this.at].at;
    const other = (entry, index) => entry.at !== now && (by < 0 ? index < this.at : index > this.at);
    const at = by < 0 ? history.findLastIndex(other) : history.findIndex(other);
    return at < 0 ? null : history.findLastIndex((entry) => entry.at === history[at].at);
  }

  #body() {
    if (this.problem) {
      return html`<div class="empty" role="alert">
        <span class="badge">${icon("cloud-off")}</span>
        <p>${this.problem}</p>
        <div class="row"><button @click=${this.#load}>${icon("refresh-cw")}${t("app.retry")}</button></div>
      </div>`;
    }
    if (!this.past) return html`<p class="hidden" role="status">${t("desk.past.loading")}</p>`;
    const { ticket, model } = this.past;
    return html`<dl>
        <div>
          <dt>${t("ticket.detail.status")}</dt>
          <dd><cf-status status=${ticket.status} agent></cf-status></dd>
        </div>
        <div>
          <dt>${t("desk.priority")}</dt>
          <dd><cf-priority priority=${ticket.priority}></cf-priority></dd>
        </div>
        <div>
          <dt>${t("desk.category")}</dt>
          <dd>${t(`category.${ticket.category}`)}</dd>
        </div>
        <div>
          <dt>${t("desk.assignee")}</dt>
          <dd>${ticket.assignee?.name ?? t("desk.assignee.nobody")}</dd>
        </div>
      </dl>
      <div class="thread" tabindex="0" role="group" aria-label=${t("thread.label")}>
        <cf-thread .app=${this.app} .model=${model} agent></cf-thread>
      </div>`;
  }

  render() {
    const open = this.at !== null && this.model;
    const entry = open ? this.model.history[this.at] : null;
    const time = entry ? absolute(new Date(entry.at)) : "";
    const earlier = entry ? this.#step(-1) : null;
    const later = entry ? this.#step(1) : null;
    const go = (at) => this.emit("cf-past", { at });
    return html`<cf-dialog
      wide
      heading=${entry ? t("desk.past.title", { number: this.model.ticket.number, time }) : ""}
      .open=${Boolean(entry)}
      @cf-close=${() => go(null)}
    >
      ${
        entry
          ? html`<div class="past">
              <p class="after">${t("desk.past.after", { words: entry.words })}</p>
              ${this.#body()}
            </div>`
          : nothing
      }
      ${
        entry
          ? html`<span slot="actions" class="steps"
                >${t("desk.past.step", { n: this.at + 1, total: this.model.history.length })}</span
              >
              <button slot="actions" ?disabled=${earlier === null} @click=${() => go(earlier)}>
                ${icon("chevron-left")}${t("desk.past.earlier")}
              </button>
              <button slot="actions" ?disabled=${later === null} @click=${() => go(later)}>
                ${t("desk.past.later")}${icon("chevron-right")}
              </button>`
          : nothing
      }
    </cf-dialog>`;
  }
}

define("cf-desk-past", CfDeskPast);
