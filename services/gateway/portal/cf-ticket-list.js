/* <cf-ticket-list .app .query=${query} .linkTo=${(id) => href}> tickets with search, filters, sort and pages.

   `query`: {status: [], category: [], priority: [], q, sort, page, cursor} as in router.js.
   Events: cf-query (detail {query, replace}); a host that keeps the address calls preventDefault(), else the list keeps
   its query itself · cf-open (detail {id}) when a ticket is chosen · cf-new when the first ticket is asked for. */
import { base, controls, states } from "../web/base.js";
import "../web/elements/cf-filter.js";
import "../web/elements/cf-priority.js";
import "../web/elements/cf-status.js";
import "../web/elements/cf-time.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import { icon } from "../web/icons.js";
import { LiveQuery } from "../web/live-query.js";
import { statusWords, t } from "../web/strings.js";
import { CATEGORIES, NO_FILTERS, PRIORITIES, SORTS, STATUSES } from "../web/filters.js";

const PAGE = 25;

export class CfTicketList extends CfElement {
  static properties = { query: { attribute: false }, linkTo: { attribute: false } };

  static styles = [
    base,
    controls,
    states,
    css`
      .tools {
        display: flex;
        flex-wrap: wrap;
        gap: var(--cf-2);
        margin-bottom: var(--cf-3);
      }
      .search {
        position: relative;
        flex: 1 1 240px;
        max-width: 380px;
      }
      .search > svg.icon {
        position: absolute;
        inset-block-start: 10px;
        inset-inline-start: 11px;
        color: var(--cf-text-2);
        pointer-events: none;
      }
      .search input {
        padding-inline: 34px 36px;
      }
      .search input::-webkit-search-cancel-button {
        display: none;
      }
      .search button {
        position: absolute;
        inset-block-start: 4px;
        inset-inline-end: 4px;
      }
      .sort {
        position: relative;
        margin-inline-start: auto;
      }
      .sort select {
        width: auto;
        padding-inline-end: 30px;
        appearance: none;
        font-weight: 500;
        cursor: pointer;
      }
      .sort svg.icon {
        position: absolute;
        inset-block-start: 10px;
        inset-inline-end: 10px;
        pointer-events: none;
      }
      .card {
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius-l);
        background: var(--cf-surface);
      }
      [role="row"] {
        display: grid;
        grid-template-columns: 112px minmax(0, 1fr) 92px 104px 184px 108px;
        gap: 0 var(--cf-3);
        align-items: center;
        padding: 0 var(--cf-4);
      }
      .agent [role="row"] {
        grid-template-columns: 112px minmax(0, 1fr) 140px 84px 96px 168px 100px;
      }
      .head {
        min-height: 38px;
        border-bottom: 1px solid var(--cf-line);
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
        font-weight: 500;
      }
      .ticket {
        position: relative;
        min-height: 52px;
        border-bottom: 1px solid var(--cf-line);
      }
      [role="rowgroup"]:last-child .ticket:last-child {
        border-bottom: 0;
        border-end-start-radius: var(--cf-radius-l);
        border-end-end-radius: var(--cf-radius-l);
      }
      .ticket:hover {
        background: var(--cf-subtle);
      }
      .ticket .number,
      .ticket .meta {
        color: var(--cf-text-2);
      }
      .chip {
        display: flex;
      }
      .subject {
        display: flex;
        align-items: center;
        gap: var(--cf-2);
        min-width: 0;
      }
      .subject a {
        overflow: hidden;
        color: var(--cf-text);
        font-weight: 500;
        text-decoration: none;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .subject a::after {
        content: "";
        position: absolute;
        inset: 0;
      }
      .subject a:focus-visible {
        outline: none;
      }
      .ticket:has(a:focus-visible) {
        outline: 2px solid var(--cf-focus);
        outline-offset: -2px;
        border-radius: var(--cf-radius);
      }
      .unread .subject a {
        font-weight: 700;
      }
      .dot {
        flex: none;
        min-width: 18px;
        padding: 0 5px;
        border-radius: var(--cf-radius-round);
        background: var(--cf-accent);
        color: var(--cf-on-accent);
        font-size: var(--cf-text-xs);
        font-weight: 600;
        line-height: 18px;
        text-align: center;
      }
      .clip {
        display: inline-flex;
        color: var(--cf-text-2);
      }
      .clip svg.icon {
        width: 14px;
        height: 14px;
      }
      .activity {
        text-align: end;
        color: var(--cf-text-2);
      }
      .who {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .foot {
        display: flex;
        align-items: center;
        justify-content: space-between;
        min-height: 52px;
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      .notice {
        margin-bottom: var(--cf-2);
      }
      .skeleton .ticket {
        pointer-events: none;
      }
      @media (max-width: 860px) {
        .head {
          position: absolute;
          width: 1px;
          height: 1px;
          min-height: 0;
          overflow: hidden;
          clip-path: inset(50%);
        }
        [role="row"].ticket,
        .agent [role="row"].ticket {
          grid-template-columns: auto auto minmax(0, 1fr) auto;
          gap: 6px var(--cf-3);
          padding: var(--cf-3) var(--cf-4);
        }
        .subject {
          grid-area: 1 / 1 / 2 / -1;
        }
        .state {
          grid-area: 2 / 1 / 3 / 4;
        }
        .activity {
          grid-area: 2 / 4 / 3 / 5;
        }
        .ticket .number {
          grid-row: 3;
        }
        .ticket .priority {
          grid-row: 3;
        }
        .meta.category,
        .meta.who {
          grid-row: 3;
        }
        .subject a {
          white-space: normal;
          overflow-wrap: anywhere;
        }
        .meta,
        .number {
          font-size: var(--cf-text-s);
        }
      }
      @media (max-width: 560px) {
        .search {
          flex-basis: 100%;
          max-width: none;
        }
        .meta.category {
          display: none;
        }
        .sort {
          margin-inline-start: 0;
        }
      }
    `,
  ];

  #list = new LiveQuery(this, (options) => this.#load(options));
  #started = null;
  #cursors = new Map();
  #typing = 0;

  constructor() {
    super();
    this.query = NO_FILTERS;
    this.linkTo = (id) => `#${id}`;
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    const who = this.app.state === "ready" ? this.app.me.id : null;
    if (who && who !== this.#started) this.#list.start(this.app);
    else if (who && changed.has("query") && !same(changed.get("query"), this.query)) this.#list.reload();
    this.#started = who;
  }

  focusSearch() {
    this.renderRoot.querySelector("#search").focus();
  }

  async #load({ signal, minPosition }) {
    const { status, category, priority, q, sort, cursor } = this.query;
    const query = { status, category, priority, q, sort, cursor, limit: PAGE };
    try {
      const answer = await this.app.api.get("/tickets", { query, signal, minPosition });
      return { ...answer, data: { ...answer.data, for: this.query } };
    } catch (error) {
      // An old bookmark: its page is gone, the list is not.
      if (error.code === "invalid_cursor") this.#change({}, true);
      throw error;
    }
  }

  #change(change, replace = false) {
    const query = { ...this.query, page: 1, cursor: "", ...change };
    if (this.emit("cf-query", { query, replace })) this.query = query;
  }

  #search(value) {
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.#change({ q: value.trim() }, true), 250);
  }

  #clear() {
    clearTimeout(this.#typing);
    this.renderRoot.querySelector("#search").value = "";
    this.#change({ ...NO_FILTERS, sort: this.query.sort });
  }

  #page(page, cursor) {
    this.#cursors.set(this.query.page, this.query.cursor);
    this.#change({ page, cursor });
    this.renderRoot.querySelector("#count").scrollIntoView({ block: "nearest" });
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

  get #filtered() {
    const { status, category, priority, q } = this.query;
    return Boolean(q) || status.length + category.length + priority.length > 0;
  }

  #tools() {
    const { query } = this;
    const agent = this.app.isAgent;
    const options = (values, words) => values.map((value) => ({ value, label: words(value) }));
    return html`<div class="tools" role="search">
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
      <cf-filter
        label=${t("list.status")}
        .options=${options(STATUSES, (value) => statusWords(value, agent))}
        .selected=${query.status}
        @cf-filter=${(event) => this.#change({ status: event.detail.selected })}
      ></cf-filter>
      <cf-filter
        label=${t("list.category")}
        .options=${options(CATEGORIES, (value) => t(`category.${value}`))}
        .selected=${query.category}
        @cf-filter=${(event) => this.#change({ category: event.detail.selected })}
      ></cf-filter>
      <cf-filter
        label=${t("list.priority")}
        .options=${options(PRIORITIES, (value) => t(`priority.${value}`))}
        .selected=${query.priority}
        @cf-filter=${(event) => this.#change({ priority: event.detail.selected })}
      ></cf-filter>
      ${this.#filtered ? html`<button class="plain" @click=${this.#clear}>${icon("x")}${t("list.clear")}</button>` : nothing}
      <div class="sort">
        <select aria-label=${t("list.sort")} @change=${(event) => this.#change({ sort: event.target.value })}>
          ${SORTS.map((sort) => html`<option value=${sort} ?selected=${sort === query.sort}>${t(`sort.${sort}`)}</option>`)}
        </select>
        ${icon("chevron-down")}
      </div>
    </div>`;
  }

  #row(ticket) {
    const agent = this.app.isAgent;
    const unread = ticket.unread_count;
    const files = ticket.attachment_count ?? ticket.attachments.length;
    return html`<div role="row" class="ticket ${unread ? "unread" : ""}">
      <span role="cell" class="number">${ticket.number}</span>
      <span role="cell" class="subject">
        ${unread ? html`<span class="dot" aria-hidden="true">${unread > 9 ? "9+" : unread}</span>` : nothing}
        <a
          href=${this.linkTo(ticket.id)}
          title=${ticket.subject}
          @click=${(event) => this.#open(event, ticket.id)}
          >${ticket.subject}${unread ? html`<span class="hidden">, ${t("list.unread", { n: unread })}</span>` : nothing}</a
        >
        ${
          files
            ? html`<span class="clip" title=${t("list.files", { n: files })}
                >${icon("paperclip")}<span class="hidden">${t("list.files", { n: files })}</span></span
              >`
            : nothing
        }
      </span>
      ${agent ? html`<span role="cell" class="meta who">${ticket.customer.name}</span>` : nothing}
      <span role="cell" class="meta category">${t(`category.${ticket.category}`)}</span>
      <span role="cell" class="meta chip priority"
        ><cf-priority priority=${ticket.priority}></cf-priority
      ></span>
      <span role="cell" class="chip state"
        ><cf-status status=${ticket.status} ?agent=${agent}></cf-status
      ></span>
      <span role="cell" class="activity small"><cf-time at=${ticket.updated_at} quiet></cf-time></span>
    </div>`;
  }

  #table(items) {
    const columns = [
      "number",
      "subject",
      ...(this.app.isAgent ? ["customer"] : []),
      "category",
      "priority",
      "status",
    ];
    return html`<div
      role="table"
      class="card ${this.app.isAgent ? "agent" : ""}"
      aria-label=${t("list.title")}
    >
      <div role="rowgroup">
        <div role="row" class="head">
          ${columns.map((column) => html`<span role="columnheader">${t(`list.column.${column}`)}</span>`)}
          <span role="columnheader" class="activity">${t("list.column.activity")}</span>
        </div>
      </div>
      <div role="rowgroup">${items.map((ticket) => this.#row(ticket))}</div>
    </div>`;
  }

  #skeleton() {
    const widths = [62, 48, 71, 55, 66, 44, 58, 69];
    return html`<div class="card skeleton" aria-hidden="true">
        ${widths.map(
          (width) =>
            html`<div role="presentation" class="ticket bones">
              <svg width="100%" height="52">
                <rect x="16" y="20" width="88" height="12" rx="4" fill="var(--cf-subtle)" />
                <rect x="140" y="20" width="${width * 0.5}%" height="12" rx="4" fill="var(--cf-subtle)" />
              </svg>
            </div>`,
        )}
      </div>
      <p class="hidden" role="status">${t("list.loading")}</p>`;
  }

  #empty({ name, title, text, actions }) {
    return html`<div class="card empty">
      <span class="badge">${icon(name)}</span>
      <h3>${title}</h3>
      <p>${text}</p>
      <div class="row">${actions}</div>
    </div>`;
  }

  #body() {
    const { data, problem } = this.#list;
    if (!data) {
      if (!problem) return this.#skeleton();
      const actions = html`<button @click=${() => this.#list.reload()}>
        ${icon("refresh-cw")}${t("app.retry")}
      </button>`;
      return this.#empty({ name: "cloud-off", title: t("list.failed.title"), text: problem, actions });
    }
    if (data.items.length > 0) return this.#table(data.items);
    if (this.#filtered) {
      const actions = html`<button @click=${this.#clear}>${t("list.clear")}</button>`;
      return this.#empty({ name: "search", title: t("list.none.title"), text: t("list.none.text"), actions });
    }
    const actions = this.app.me?.roles.includes("customer")
      ? html`<button class="primary" @click=${() => this.emit("cf-new")}>
          ${icon("plus")}${t("list.new")}
        </button>`
      : nothing;
    return this.#empty({ name: "inbox", title: t("list.empty.title"), text: t("list.empty.text"), actions });
  }

  #pages() {
    const { data } = this.#list;
    const { page } = data?.for ?? this.query;
    const total = data?.total ?? 0;
    const from = (page - 1) * PAGE + 1;
    const to = from + (data?.items.length ?? 0) - 1;
    const words = total > PAGE ? t("list.range", { from, to, total }) : t("list.count", { n: total });
    return html`<div class="foot">
      <span id="count" role="status">${data?.items.length ? words : ""}</span>
      ${
        page > 1 || data?.next_cursor
          ? html`<nav class="row" aria-label=${t("list.pages")}>
              <button class="compact" ?disabled=${page === 1} @click=${this.#previous}>
                ${icon("chevron-left")}${page > 1 && page - 1 > 1 && !this.#cursors.has(page - 1) ? t("list.first") : t("list.previous")}
              </button>
              <button
                class="compact"
                ?disabled=${!data?.next_cursor}
                @click=${() => this.#page(page + 1, data.next_cursor)}
              >
                ${t("list.next")}${icon("chevron-right")}
              </button>
            </nav>`
          : nothing
      }
    </div>`;
  }

  render() {
    const stale = this.#list.problem && this.#list.data;
    return html`${this.#tools()}
      <div role="alert">
        ${stale ? html`<p class="error notice">${icon("circle-alert")}${t("list.stale")}</p>` : nothing}
      </div>
      ${this.#body()} ${this.#pages()}`;
  }
}

function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

define("cf-ticket-list", CfTicketList);
