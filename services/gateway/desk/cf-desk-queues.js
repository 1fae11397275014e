/* <cf-desk-queues .app selected="mine" .hrefs=${(queue) => href}> the queues with their live counts, and the way to the
   knowledge area (selected "knowledge"). Event: cf-queue (detail {queue}). Property `counts`: {mine, unassigned, waiting, all} or null. */
import { base } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import { icon } from "../web/icons.js";
import { LiveQuery } from "../web/live-query.js";
import { t } from "../web/strings.js";
import { CHAT_MOVES, countChats } from "./chats.js";
import { QUEUES } from "./queues.js";

const MOVES = new Set([
  "TicketOpened",
  "WorkStarted",
  "InformationRequested",
  "InformationProvided",
  "TicketResolved",
  "TicketReopened",
  "TicketClosed",
  "TicketAssigned",
  "TicketUnassigned",
]);

export class CfDeskQueues extends CfElement {
  static properties = { selected: {}, hrefs: { attribute: false } };

  static styles = [
    base,
    css`
      ul {
        display: grid;
        gap: var(--cf-1);
        padding: var(--cf-2);
      }
      a {
        display: grid;
        justify-items: center;
        gap: 2px;
        padding: var(--cf-2) 2px 6px;
        border-radius: var(--cf-radius);
        color: var(--cf-text-2);
        font-size: var(--cf-text-xs);
        font-weight: 500;
        text-decoration: none;
        transition:
          background-color var(--cf-motion),
          color var(--cf-motion);
      }
      a:hover {
        background: var(--cf-subtle);
        color: var(--cf-text);
      }
      a[aria-current] {
        background: var(--cf-accent-soft);
        color: var(--cf-accent);
      }
      a > svg.icon {
        width: 18px;
        height: 18px;
      }
      .count {
        min-height: 18px;
        color: var(--cf-text);
        font-size: var(--cf-text-s);
        font-weight: 600;
        font-variant-numeric: tabular-nums;
        line-height: 18px;
      }
      [aria-current] .count {
        color: inherit;
      }
      .area {
        margin-top: var(--cf-1);
        padding-top: var(--cf-2);
        border-top: 1px solid var(--cf-line);
      }
      .waits {
        padding: 0 5px;
        border-radius: var(--cf-radius-round);
        background: var(--cf-warn);
        color: var(--cf-surface);
      }
      .stale {
        display: inline-flex;
        justify-content: center;
        width: 100%;
        color: var(--cf-warn);
      }
      @media (max-width: 999px) {
        ul {
          grid-auto-flow: column;
          grid-auto-columns: minmax(max-content, 1fr);
          gap: 0;
          overflow-x: auto;
          padding: var(--cf-2);
        }
        .area {
          margin: 0;
          padding: 0;
          border: 0;
        }
        .stale {
          position: absolute;
          width: auto;
          inset-inline-end: var(--cf-2);
        }
      }
    `,
  ];

  #query = new LiveQuery(this, (options) => this.#load(options), { concerns: ({ name }) => MOVES.has(name) });
  #chats = new LiveQuery(this, (options) => this.#loadChats(options), { concerns: ({ name }) => CHAT_MOVES.has(name) });
  #started = null;

  willUpdate(changed) {
    super.willUpdate(changed);
    const who = this.app.state === "ready" ? this.app.me.id : null;
    if (who && who !== this.#started) {
      this.#query.start(this.app);
      this.#chats.start(this.app);
    }
    this.#started = who;
  }

  get counts() {
    return this.#query.data;
  }

  async #load(options) {
    const { api } = this.app;
    const count = (queue) => api.get("/tickets", { ...options, query: { ...QUEUES.get(queue).filter, limit: 1 } });
    const [statistics, mine, unassigned] = await Promise.all([
      api.get("/tickets/statistics", options),
      count("mine"),
      count("unassigned"),
    ]);
    const { waiting_on_customer: waiting, total: all } = statistics.data;
    return { ...statistics, data: { mine: mine.data.total, unassigned: unassigned.data.total, waiting, all } };
  }

  async #loadChats(options) {
    return { data: await countChats(this.app.api, options), position: options.minPosition };
  }

  updated() {
    this.emit("cf-counts", { counts: this.counts });
  }

  #choose(event, queue) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button > 0) return;
    event.preventDefault();
    this.emit("cf-queue", { queue });
  }

  #count(queue) {
    if (queue === "chats") return this.#chatCount();
    const { data } = this.#query;
    if (!data) return nothing;
    return html`<span aria-hidden="true">${data[queue].toLocaleString()}</span
      ><span class="hidden">${t("desk.queue.count", { n: data[queue] })}</span>`;
  }

  #chatCount() {
    const { data } = this.#chats;
    if (!data) return nothing;
    const { waits, mine } = data;
    return html`<span aria-hidden="true"
        >${waits ? html`<span class="waits">${waits.toLocaleString()}</span>` : nothing}
        ${mine || !waits ? mine.toLocaleString() : nothing}</span
      ><span class="hidden">${t("chats.count.waits", { n: waits })}, ${t("chats.count.mine", { n: mine })}</span>`;
  }

  render() {
    const problem = this.#query.problem ?? this.#chats.problem;
    return html`<nav aria-label=${t("desk.queues")}>
      <ul>
        ${[...QUEUES].map(
          ([queue, { icon: name }]) =>
            html`<li>
              <a
                href=${this.hrefs(queue)}
                aria-current=${queue === this.selected ? "page" : nothing}
                @click=${(event) => this.#choose(event, queue)}
              >
                ${icon(name)}<span>${t(`desk.queue.${queue}`)}</span>
                <span class="count">${this.#count(queue)}</span>
              </a>
            </li>`,
        )}
        <li class="area">
          <a
            href=${this.hrefs("knowledge")}
            aria-current=${this.selected === "knowledge" ? "page" : nothing}
            @click=${(event) => this.#choose(event, "knowledge")}
          >
            ${icon("book-open")}<span>${t("desk.knowledge")}</span>
          </a>
        </li>
      </ul>
      ${
        problem
          ? html`<span class="stale" title=${t("desk.queue.stale")}
              >${icon("triangle-alert")}<span class="hidden">${t("desk.queue.stale")}</span></span
            >`
          : nothing
      }
    </nav>`;
  }
}

define("cf-desk-queues", CfDeskQueues);
