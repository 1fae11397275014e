/* <cf-desk-list .app queue="mine" .query=${query} selected="id" .linkTo=${(id) => href} .counts> the tickets of one
   queue with search, filters, sort and pages.

   Methods: focusSearch(), focusRow(id), revealRow(id), neighbour(step), reload().
   Events: cf-query (detail {query, replace}) · cf-open (detail {id}) · cf-queue (detail {queue}). */
import { base, controls, states } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import "../web/elements/cf-filter.js";
import "../web/elements/cf-status.js";
import "../web/elements/cf-time.js";
import { icon } from "../web/icons.js";
import { LiveQuery } from "../web/live-query.js";
import { statusWords, t } from "../web/strings.js";
import { initials } from "../web/text.js";
import { CATEGORIES, NO_FILTERS, PRIORITIES, SORTS, STATUSES, isFiltered, listQuery } from "./queues.js";

const PAGE = 25;
const TYPING = 250;
const SIGNALS = { LOW: "signal-low", MEDIUM: "signal-medium", HIGH: "signal-high", URGENT: "octagon-alert" };

export class CfDeskList extends CfElement {
  static properties = {
    queue: {},
    query: { attribute: false },
    selected: {},
    linkTo: { attribute: false },
    counts: { attribute: false },
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
      .search {
        position: relative;
      }
      .search > svg.icon {
        position: absolute;
        inset-block-start: 9px;
        inset-inline-start: 10px;
        color: var(--cf-text-2);
        pointer-events: none;
      }
      .search input {
        min-height: 34px;
        padding-block: 5px;
        padding-inline: 34px 36px;
      }
      .search input::-webkit-search-cancel-button {
        display: none;
      }
      .search button {
        position: absolute;
        inset-block-start: 3px;
        inset-inline-end: 4px;
      }
      .filters {
        display: flex;
        flex-wrap: wrap;
        gap: var(--cf-1);
      }
      cf-filter {
        --cf-control: 30px;
      }
      .foot {
        display: flex;
        align-items: center;
        gap: var(--cf-2);
        min-height: 28px;
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      .sort {
        position: relative;
        margin-inline-start: auto;
      }
      .sort select {
        width: auto;
        min-height: 28px;
        padding: 0 24px 0 var(--cf-2);
        border-color: transparent;
        background: transparent;
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
        font-weight: 500;
        appearance: none;
        cursor: pointer;
      }
      .sort select:hover {
        background: var(--cf-subtle);
      }
      .sort option {
        background: var(--cf-surface);
        color: var(--cf-text);
      }
      .sort svg.icon {
        position: absolute;
        inset-block-start: 7px;
        inset-inline-end: 6px;
        width: 14px;
        height: 14px;
        pointer-events: none;
      }
      li {
        position: relative;
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 2px var(--cf-2);
        padding: 10px var(--cf-4) 10px 22px;
        border-bottom: 1px solid var(--cf-line);
      }
      li:hover {
        background: var(--cf-subtle);
      }
      li.selected {
        background: var(--cf-accent-soft);
        box-shadow: inset 3px 0 var(--cf-accent);
      }
      a.subject {
        overflow: hidden;
        color: var(--cf-text);
        font-weight: 500;
        text-decoration: none;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      /* Where a cut-off subject ends, it would stand outside the page. */
      a.subject .hidden {
        inset-inline-start: 0;
      }
      a.subject::after {
        content: "";
        position: absolute;
        inset: 0;
      }
      a.subject:focus-visible {
        outline: none;
      }
      li:has(a.subject:focus-visible) {
        outline: 2px solid var(--cf-focus);
        outline-offset: -2px;
      }
      li.unread a.subject {
        font-weight: 700;
      }
      .dot {
        position: absolute;
        inset-block-start: 17px;
        inset-inline-start: 8px;
        width: 8px;
        height: 8px;
        border-radius: 50%;
        background: var(--cf-accent);
      }
      cf-time,
      .who,
      .meta {
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      cf-time {
        align-self: center;
      }
      .who {
        grid-column: 1 / -1;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .meta {
        grid-column: 1 / -1;
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--cf-1) 10px;
        margin-top: var(--cf-1);
      }
      .signal {
        display: inline-flex;
        align-items: center;
        gap: 4px;
      }
      .URGENT {
        color: var(--cf-danger);
        font-weight: 500;
      }
      .HIGH svg.icon {
        color: var(--cf-warn);
      }
      .meta .end {
        display: inline-flex;
        align-items: center;
        gap: var(--cf-2);
        margin-inline-start: auto;
      }
      .face {
        display: grid;
        place-items: center;
        width: 24px;
        height: 24px;
        border-radius: 50%;
        background: var(--cf-subtle);
        color: var(--cf-text-2);
        font-size: 10px;
        font-weight: 600;
      }
      li.selected .face,
      li:hover .face {
        background: var(--cf-surface);
      }
      li .face.me {
        background: var(--cf-accent);
        color: var(--cf-on-accent);
      }
      .pages {
        display: flex;
        justify-content: space-between;
        padding: var(--cf-3) var(--cf-4);
      }
      .notice {
        padding: var(--cf-2) var(--cf-4);
      }
      .bones {
        gap: var(--cf-2);
        grid-template-columns: minmax(0, 1fr);
        padding-block: var(--cf-4);
      }
      .bone:nth-child(2) {
        width: 55%;
      }
      .bone:nth-child(3) {
        width: 35%;
      }
      @media (max-width: 999px) {
        .tools {
          position: static;
        }
      }
    `,
  ];

  #list = new LiveQuery(this, (options) => this.#load(options));
  #started = null;
  #asked = "";
  #cursors = new Map();
  #typing = 0;
  /** Where the selected ticket stands, or stood last. */
  #at = null;

  constructor() {
    super();
    this.queue = "mine";
    this.query = NO_FILTERS;
    this.linkTo = (id) => `#${id}`;
    this.counts = null;
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    const who = this.app.state === "ready" ? this.app.me.id : null;
    const asked = JSON.stringify([this.queue, this.query]);
    if (who && who !== this.#started) this.#list.start(this.app);
    else if (who && asked !== this.#asked) this.#list.reload();
    if (changed.has("queue")) this.#cursors.clear();
    this.#asked = asked;
    this.#started = who;
  }

  updated() {
    const index = this.#items.findIndex((ticket) => ticket.id === this.selected);
    if (index >= 0) this.#at = index;
    else if (!this.selected) this.#at = null;
  }

  get #items() {
    return this.#shown?.items ?? [];
  }

  /** The id of the ticket `step` rows from the selected one, or null at an end. One that has just left the queue
      counts as standing where it stood. */
  neighbour(step) {
    const items = this.#items;
    if (this.#at === null) return (step > 0 ? items[0] : items.at(-1))?.id ?? null;
    const stands = items[this.#at]?.id === this.selected;
    const index = stands || step < 0 ? this.#at + step : this.#at;
    return items[index]?.id ?? null;
  }

  /** The answer for this queue; one for another queue is not shown under this one's name. */
  get #shown() {
    const { data } = this.#list;
    return data?.queue === this.queue ? data : null;
  }

  /** After what no live event tells: the reader has read a ticket. */
  reload() {
    this.#list.reload();
  }

  focusSearch() {
    const input = this.renderRoot.querySelector("#search");
    input.focus();
    input.select();
  }

  /** The row of a ticket, else the first one, else the heading. */
  focusRow(id) {
    const row = this.renderRoot.querySelector(`a[data-id="${CSS.escape(id ?? "")}"]`);
    (row ?? this.renderRoot.querySelector("a.subject") ?? this.renderRoot.querySelector("h2")).focus();
  }

  revealRow(id) {
    this.renderRoot.querySelector(`a[data-id="${CSS.escape(id ?? "")}"]`)?.scrollIntoView({ block: "nearest" });
  }

  async #load({ signal, minPosition }) {
    const { queue } = this;
    const query = { ...listQuery(queue, this.query), limit: PAGE };
    try {
      const answer = await this.app.api.get("/tickets", { query, signal, minPosition });
      return { ...answer, data: { ...answer.data, queue, page: this.query.page } };
    } catch (error) {
      // An old bookmark: its page is gone, the list is not.
      if (error.code === "invalid_cursor") this.#change({}, true);
      throw error;
    }
  }

  #change(change, replace = false) {
    this.emit("cf-query", { query: { ...this.query, page: 1, cursor: "", ...change }, replace });
  }

  #search(value) {
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.#change({ q: value.trim() }, true), TYPING);
  }

  #clear() {
    clearTimeout(this.#typing);
    this.renderRoot.querySelector("#search").value = "";
    this.#change({ ...NO_FILTERS, sort: this.query.sort });
  }

  #page(page, cursor) {
    this.#cursors.set(this.query.page, this.query.cursor);
    this.#change({ page, cursor });
    this.renderRoot.querySelector("h2").scrollIntoView({ block: "nearest" });
  }

  #previous() {
    const page = this.query.page - 1;
    const cursor = page > 1 ? this.#cursors.get(page) : "";
    if (cursor === undefined) this.#page(1, "");
    else this.#page(page, cursor);
  }

  #open(event, id) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button > 0) return;
    event.preventDefault();
    this.emit("cf-open", { id });
  }

  #filter(name, label, values, words) {
    return html`<cf-filter
      label=${label}
      .options=${values.map((value) => ({ value, label: words(value) }))}
      .selected=${this.query[name]}
      @cf-filter=${(event) => this.#change({ [name]: event.detail.selected })}
    ></cf-filter>`;
  }

  #tools() {
    const { query, queue } = this;
    const data = this.#shown;
    const from = ((data?.page ?? 1) - 1) * PAGE + 1;
    const words =
      data?.total > PAGE
        ? t("list.range", { from, to: from + data.items.length - 1, total: data.total })
        : t("list.count", { n: data?.total ?? 0 });
    return html`<div class="tools" role="search">
      <h2 tabindex="-1">${t(`desk.queue.${queue}.title`)}</h2>
      <div class="search">
        ${icon("search")}
        <input
          id="search"
          type="search"
          autocomplete="off"
          maxlength="200"
          aria-label=${t("list.search")}
          placeholder=${t("list.search.placeholder")}
          .value=${query.q}
          @input=${(event) => this.#search(event.target.value)}
        />
        ${
          query.q
            ? html`<button
                class="plain compact icon-only"
                aria-label=${t("list.clear_search")}
                @click=${() => (this.#change({ q: "" }), this.focusSearch())}
              >
                ${icon("x")}
              </button>`
            : nothing
        }
      </div>
      <div class="filters">
        ${
          queue === "all"
            ? this.#filter("status", t("list.status"), STATUSES, (value) => statusWords(value, true))
            : nothing
        }
        ${this.#filter("category", t("list.category"), CATEGORIES, (value) => t(`category.${value}`))}
        ${this.#filter("priority", t("list.priority"), PRIORITIES, (value) => t(`priority.${value}`))}
      </div>
      <div class="foot">
        <span role="status">${data?.items.length ? words : nothing}</span>
        ${isFiltered(queue, query) ? html`<button class="link" @click=${this.#clear}>${t("list.clear")}</button>` : nothing}
        <div class="sort">
          <select aria-label=${t("list.sort")} @change=${(event) => this.#change({ sort: event.target.value })}>
            ${SORTS.map((sort) => html`<option value=${sort} ?selected=${sort === query.sort}>${t(`sort.${sort}`)}</option>`)}
          </select>
          ${icon("chevron-down")}
        </div>
      </div>
    </div>`;
  }

  #assignee({ assignee }) {
    if (!assignee) return nothing;
    const words = t("desk.list.assigned", { name: assignee.name });
    return html`<span class="face ${assignee.id === this.app.me.id ? "me" : ""}" title=${words}
      ><span aria-hidden="true">${initials(assignee.name)}</span><span class="hidden">${words}</span></span
    >`;
  }

  #row(ticket) {
    const unread = ticket.unread_count;
    const files = ticket.attachment_count;
    const chosen = ticket.id === this.selected;
    return html`<li class="${chosen ? "selected" : ""} ${unread ? "unread" : ""}">
      ${unread ? html`<span class="dot" title=${t("list.unread", { n: unread })}></span>` : nothing}
      <a
        class="subject"
        data-id=${ticket.id}
        href=${this.linkTo(ticket.id)}
        title=${ticket.subject}
        aria-current=${chosen ? "true" : nothing}
        @click=${(event) => this.#open(event, ticket.id)}
        >${ticket.subject}${unread ? html`<span class="hidden">, ${t("list.unread", { n: unread })}</span>` : nothing}</a
      >
      <cf-time at=${ticket.updated_at} quiet></cf-time>
      <span class="who">${ticket.customer.name} · ${ticket.customer.account}</span>
      <span class="meta">
        <cf-status status=${ticket.status} agent></cf-status>
        <span class="signal ${ticket.priority}"
          >${icon(SIGNALS[ticket.priority])}${t(`priority.${ticket.priority}`)}</span
        >
        <span class="end">
          ${
            files
              ? html`<span title=${t("list.files", { n: files })}
                  >${icon("paperclip")}<span class="hidden">${t("list.files", { n: files })}</span></span
                >`
              : nothing
          }
          ${this.#assignee(ticket)}
        </span>
      </span>
    </li>`;
  }

  #empty({ name, title, text, actions = nothing }) {
    return html`<div class="empty">
      <span class="badge">${icon(name)}</span>
      <h3>${title}</h3>
      <p>${text}</p>
      <div class="row">${actions}</div>
    </div>`;
  }

  #nothingHere() {
    const { queue } = this;
    const others = this.counts?.unassigned ?? 0;
    const actions =
      queue === "mine" && others > 0
        ? html`<button @click=${() => this.emit("cf-queue", { queue: "unassigned" })}>
            ${t("desk.empty.mine.action", { n: others })}
          </button>`
        : nothing;
    const name = queue === "all" ? "inbox" : "circle-check";
    return this.#empty({ name, title: t(`desk.empty.${queue}.title`), text: t(`desk.empty.${queue}.text`), actions });
  }

  #body() {
    const data = this.#shown;
    const { problem } = this.#list;
    if (!data && problem) {
      const actions = html`<button @click=${() => this.#list.reload()}>${icon("refresh-cw")}${t("app.retry")}</button>`;
      return this.#empty({ name: "cloud-off", title: t("desk.list.failed"), text: problem, actions });
    }
    if (!data) {
      return html`<ul class="skeleton" aria-hidden="true">
          ${[1, 2, 3, 4, 5, 6].map(
            () =>
              html`<li class="bones">
                <div class="bone"></div>
                <div class="bone"></div>
                <div class="bone"></div>
              </li>`,
          )}
        </ul>
        <p class="hidden" role="status">${t("list.loading")}</p>`;
    }
    if (data.items.length > 0)
      return html`<ul>
        ${data.items.map((ticket) => this.#row(ticket))}
      </ul>`;
    if (!isFiltered(this.queue, this.query)) return this.#nothingHere();
    const actions = html`<button @click=${this.#clear}>${t("list.clear")}</button>`;
    return this.#empty({ name: "search", title: t("list.none.title"), text: t("list.none.text"), actions });
  }

  #pages() {
    const data = this.#shown;
    const { page } = this.query;
    if (!data || (page === 1 && !data.next_cursor)) return nothing;
    return html`<nav class="pages" aria-label=${t("list.pages")}>
      <button class="compact" ?disabled=${page === 1} @click=${this.#previous}>
        ${icon("chevron-left")}${page > 2 && !this.#cursors.has(page - 1) ? t("list.first") : t("list.previous")}
      </button>
      <button class="compact" ?disabled=${!data.next_cursor} @click=${() => this.#page(page + 1, data.next_cursor)}>
        ${t("list.next")}${icon("chevron-right")}
      </button>
    </nav>`;
  }

  render() {
    const stale = this.#list.problem && this.#shown;
    return html`${this.#tools()}
      <div role="alert">
        ${stale ? html`<p class="error notice">${icon("circle-alert")}${t("list.stale")}</p>` : nothing}
      </div>
      ${this.#body()} ${this.#pages()}`;
  }
}

define("cf-desk-list", CfDeskList);
