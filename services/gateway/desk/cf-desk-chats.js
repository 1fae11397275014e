/* <cf-desk-chats .app .presence=${Presence} selected="id" .linkTo=${(id) => href}> the chats of the desk: those that wait
   in their order, mine, those of others, those with the assistant; and whether I take any.

   Methods: focusRow(id), revealRow(id), neighbour(step), focusSearch() (there is none: the heading), reload().
   Event: cf-open (detail {id}). */
import { base, controls, states } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import "../web/elements/cf-time.js";
import { icon } from "../web/icons.js";
import { LiveQuery, ofChats } from "../web/live-query.js";
import { t } from "../web/strings.js";
import { full, span } from "../web/time.js";
import "./cf-desk-chat.js";
import { CAPACITIES, acceptChat, firstWords, oneLine } from "./chats.js";

const MOST = 100;
const TICK = 15_000;
const MINUTE = 60_000;

/** In the order in which they are shown. */
const PARTS = ["waiting", "mine", "others", "assisted"];

export class CfDeskChats extends CfElement {
  static properties = {
    presence: { attribute: false },
    selected: {},
    linkTo: { attribute: false },
    accepting: { state: true },
  };

  static styles = [
    base,
    controls,
    states,
    css`
      .tools {
        position: sticky;
        z-index: 5;
        inset-block-start: 0;
        display: grid;
        gap: var(--cf-2);
        padding: var(--cf-3) var(--cf-4) var(--cf-2);
        border-bottom: 1px solid var(--cf-line);
        background: var(--cf-surface);
      }
      h2 {
        font-size: var(--cf-text-l);
      }
      h2:focus-visible {
        outline: none;
      }
      .presence {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--cf-1) var(--cf-3);
        font-size: var(--cf-text-s);
      }
      .presence label {
        display: inline-flex;
        align-items: center;
        gap: var(--cf-2);
        min-height: 28px;
        font-weight: 500;
        cursor: pointer;
      }
      .presence .many {
        color: var(--cf-text-2);
        font-weight: 400;
      }
      select {
        width: auto;
        min-height: 28px;
        padding: 0 var(--cf-2);
        font-size: var(--cf-text-s);
      }
      input[role="switch"] {
        appearance: none;
        position: relative;
        width: 32px;
        height: 18px;
        min-height: 18px;
        border: 1px solid var(--cf-line-strong);
        border-radius: var(--cf-radius-round);
        background: var(--cf-surface);
        cursor: pointer;
        transition: background-color var(--cf-motion);
      }
      input[role="switch"]::before {
        content: "";
        position: absolute;
        inset-block-start: 2px;
        inset-inline-start: 2px;
        width: 12px;
        height: 12px;
        border-radius: 50%;
        background: var(--cf-line-strong);
        transition: translate var(--cf-motion);
      }
      input[role="switch"]:checked {
        border-color: var(--cf-ok);
        background: var(--cf-ok);
      }
      input[role="switch"]:checked::before {
        background: var(--cf-surface);
        translate: 14px 0;
      }
      @media (forced-colors: active) {
        input[role="switch"]::before {
          background: CanvasText;
        }
      }
      .notice {
        padding: var(--cf-2) var(--cf-4);
      }
      section + section {
        border-top: 1px solid var(--cf-line);
      }
      section h3 {
        display: flex;
        align-items: baseline;
        gap: var(--cf-2);
        padding: var(--cf-3) var(--cf-4) var(--cf-1);
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      section h3 span {
        font-weight: 400;
        font-variant-numeric: tabular-nums;
      }
      .waiting h3 {
        color: var(--cf-text);
      }
      .none,
      .more {
        padding: 0 var(--cf-4) var(--cf-3);
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      li {
        position: relative;
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 1px var(--cf-2);
        padding: 8px var(--cf-4) 9px 22px;
      }
      li:hover {
        background: var(--cf-subtle);
      }
      li.selected {
        background: var(--cf-accent-soft);
        box-shadow: inset 3px 0 var(--cf-accent);
      }
      a.who {
        overflow: hidden;
        color: var(--cf-text);
        font-weight: 500;
        text-decoration: none;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      a.who .hidden {
        inset-inline-start: 0;
      }
      a.who::after {
        content: "";
        position: absolute;
        inset: 0;
      }
      a.who:focus-visible {
        outline: none;
      }
      li:has(a.who:focus-visible) {
        outline: 2px solid var(--cf-focus);
        outline-offset: -2px;
      }
      li.owed a.who {
        font-weight: 700;
      }
      .dot {
        position: absolute;
        inset-block-start: 15px;
        inset-inline-start: 8px;
        width: 8px;
        height: 8px;
        border-radius: 50%;
        background: var(--cf-accent);
      }
      .words,
      .since {
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      .words {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .since {
        align-self: center;
        font-variant-numeric: tabular-nums;
        white-space: nowrap;
      }
      .waiting .since {
        color: var(--cf-warn);
        font-weight: 500;
      }
      .waiting .words,
      .waiting a.who {
        grid-column: 1;
      }
      li button {
        position: relative;
        z-index: 1;
        grid-row: 2;
        grid-column: 2;
        min-height: 26px;
        align-self: start;
      }
      li:not(:has(button)) .words {
        grid-column: 1 / -1;
      }
      .bones li {
        gap: var(--cf-2);
        grid-template-columns: minmax(0, 1fr);
        padding-block: var(--cf-4);
      }
      .bone:nth-child(2) {
        width: 60%;
      }
      @media (max-width: 999px) {
        .tools {
          position: static;
        }
      }
    `,
  ];

  #query = new LiveQuery(this, (options) => this.#load(options), { concerns: ofChats });
  #started = null;
  #off = null;
  #tick = 0;
  /** Where the selected chat stands, or stood last. */
  #at = null;

  constructor() {
    super();
    this.linkTo = (id) => `#${id}`;
    this.accepting = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#tick = setInterval(() => this.requestUpdate(), TICK);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.#tick);
    this.#off?.abort();
    this.#off = this.#started = null;
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    const who = this.app.state === "ready" ? this.app.me.id : null;
    if (who && who !== this.#started) this.#query.start(this.app);
    this.#started = who;
    if (this.presence && !this.#off) {
      this.#off = new AbortController();
      this.presence.addEventListener("change", () => this.requestUpdate(), { signal: this.#off.signal });
    }
  }

  updated() {
    const index = this.#items.findIndex(({ id }) => id === this.selected);
    if (index >= 0) this.#at = index;
    else if (!this.selected) this.#at = null;
  }

  get #items() {
    const { data } = this.#query;
    return data ? PARTS.flatMap((part) => data[part].items) : [];
  }

  /** The id of the chat `step` rows from the selected one, or null at an end. */
  neighbour(step) {
    const items = this.#items;
    if (this.#at === null) return (step > 0 ? items[0] : items.at(-1))?.id ?? null;
    const stands = items[this.#at]?.id === this.selected;
    return items[stands || step < 0 ? this.#at + step : this.#at]?.id ?? null;
  }

  reload() {
    this.#query.reload();
  }

  focusSearch() {
    this.renderRoot.querySelector("h2").focus();
  }

  focusRow(id) {
    const row = this.renderRoot.querySelector(`a[data-id="${CSS.escape(id ?? "")}"]`);
    (row ?? this.renderRoot.querySelector("a.who") ?? this.renderRoot.querySelector("h2")).focus();
  }

  revealRow(id) {
    this.renderRoot.querySelector(`a[data-id="${CSS.escape(id ?? "")}"]`)?.scrollIntoView({ block: "nearest" });
  }

  async #load(options) {
    const list = (status) => this.app.api.get("/chats", { ...options, query: { status, limit: MOST } });
    const answers = await Promise.all([list("WAITING_FOR_AGENT"), list("WITH_AGENT"), list("ASSISTED")]);
    const [waiting, taken, assisted] = answers.map(({ data }) => data);
    const mine = taken.items.filter(({ assignee }) => assignee.id === this.app.me.id);
    const others = taken.items.filter((chat) => !mine.includes(chat));
    return {
      position: Math.min(...answers.map(({ position }) => position ?? 0)),
      data: {
        waiting,
        mine: { items: mine, total: mine.length },
        others: { items: others, total: taken.total - mine.length },
        assisted,
      },
    };
  }

  async #accept(id) {
    this.accepting = id;
    const mine = await acceptChat(this.app, id);
    this.accepting = null;
    if (mine) this.emit("cf-open", { id });
    this.#query.reload();
  }

  #open(event, id) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button > 0) return;
    event.preventDefault();
    this.emit("cf-open", { id });
  }

  #presence() {
    const { available, capacity } = this.presence;
    const numbers = CAPACITIES.includes(capacity) ? CAPACITIES : [capacity, ...CAPACITIES].sort((a, b) => a - b);
    return html`<div class="presence">
      <label
        ><input
          type="checkbox"
          role="switch"
          .checked=${available}
          @change=${(event) => this.presence.set({ available: event.target.checked })}
        />${t("chats.available")}</label
      >
      <label class="many"
        >${t("chats.capacity")}
        <select @change=${(event) => this.presence.set({ capacity: Number(event.target.value) })}>
          ${numbers.map((number) => html`<option value=${number} ?selected=${number === capacity}>${number}</option>`)}
        </select></label
      >
    </div>`;
  }

  #row(part, chat) {
    const chosen = chat.id === this.selected;
    const owed = part === "mine" && chat.last_message?.author.role === "customer";
    const waiting = part === "waiting";
    const said = waiting || !chat.last_message ? firstWords(chat) : oneLine(chat.last_message.body);
    const words = part === "others" ? t("chats.row.with", { name: chat.assignee.name, words: said }) : said;
    return html`<li class="${chosen ? "selected" : ""} ${owed ? "owed" : ""}">
      ${owed ? html`<span class="dot" title=${t("chats.owed")}></span>` : nothing}
      <a
        class="who"
        data-id=${chat.id}
        href=${this.linkTo(chat.id)}
        aria-current=${chosen ? "true" : nothing}
        @click=${(event) => this.#open(event, chat.id)}
        >${chat.customer.name}${owed ? html`<span class="hidden">, ${t("chats.owed")}</span>` : nothing}</a
      >
      <span class="since"
        >${
          waiting
            ? html`<time datetime=${chat.waits_since} title=${full(new Date(chat.waits_since))}
                >${this.#waits(chat.waits_since)}</time
              >`
            : html`<cf-time at=${chat.updated_at} quiet></cf-time>`
        }</span
      >
      <span class="words" title=${words}>${words}</span>
      ${
        waiting
          ? html`<button
              class="compact"
              aria-label=${t("chats.accept.named", { name: chat.customer.name })}
              ?disabled=${this.accepting === chat.id}
              @click=${() => this.#accept(chat.id)}
            >
              ${t("chats.accept")}
            </button>`
          : nothing
      }
    </li>`;
  }

  #waits(at) {
    const time = Date.now() - new Date(at);
    return time < MINUTE ? t("chats.waits.new") : t("chats.waits", { time: span(time) });
  }

  #part(name) {
    const { items, total } = this.#query.data[name];
    if (items.length === 0 && name !== "waiting" && name !== "mine") return nothing;
    return html`<section class=${name} aria-labelledby="part-${name}">
      <h3 id="part-${name}">${t(`chats.part.${name}`)} <span>${total.toLocaleString()}</span></h3>
      ${
        items.length
          ? html`<ul>
              ${items.map((chat) => this.#row(name, chat))}
            </ul>`
          : html`<p class="none">${t(`chats.none.${name}`)}</p>`
      }
      ${total > items.length ? html`<p class="more">${t("chats.more", { n: total - items.length })}</p>` : nothing}
    </section>`;
  }

  #body() {
    const { data, problem } = this.#query;
    if (data) {
      if (Object.values(data).every(({ items }) => items.length === 0))
        return html`<div class="empty">
          <span class="badge">${icon("messages-square")}</span>
          <h3>${t("chats.empty.title")}</h3>
          <p>${t(this.presence.available ? "chats.empty.text" : "chats.empty.away")}</p>
        </div>`;
      return PARTS.map((name) => this.#part(name));
    }
    if (problem)
      return html`<div class="empty">
        <span class="badge">${icon("cloud-off")}</span>
        <h3>${t("chats.failed")}</h3>
        <p>${problem}</p>
        <div class="row">
          <button @click=${() => this.#query.reload()}>${icon("refresh-cw")}${t("app.retry")}</button>
        </div>
      </div>`;
    return html`<ul class="skeleton bones" aria-hidden="true">
        ${[1, 2, 3, 4].map(() => html`<li><div class="bone"></div><div class="bone"></div></li>`)}
      </ul>
      <p class="hidden" role="status">${t("chats.loading")}</p>`;
  }

  #alerts() {
    const stale = this.#query.problem && this.#query.data;
    const words = stale ? t("chats.stale") : this.presence.lost ? t("chats.lost") : null;
    return html`<div role="alert">
      ${words ? html`<p class="error notice">${icon("circle-alert")}${words}</p>` : nothing}
    </div>`;
  }

  render() {
    return html`<div class="tools">
        <h2 tabindex="-1">${t("desk.queue.chats.title")}</h2>
        ${this.#presence()}
      </div>
      ${this.#alerts()} ${this.#body()}`;
  }
}

define("cf-desk-chats", CfDeskChats);
