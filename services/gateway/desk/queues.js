/* The queues of the desk and its address.

   <base>/<queue>[/<ticket id>][?status=…&category=…&priority=…&q=…&sort=…&page=…&cursor=…]
   The status filter is for the queue "all"; the other queues are statuses themselves. Event of DeskRouter: change. */
import { CATEGORIES, NO_FILTERS, PRIORITIES, SORTS, STATUSES } from "../web/filters.js";

export { CATEGORIES, NO_FILTERS, PRIORITIES, SORTS, STATUSES };

const UNSOLVED = ["OPEN", "IN_PROGRESS", "WAITING_ON_CUSTOMER"];
const LISTS = { status: STATUSES, category: CATEGORIES, priority: PRIORITIES };

/** name → {icon, filter: what GET /tickets is asked for}; in the queue "chats", which has none, an id is a chat's */
export const QUEUES = new Map([
  ["mine", { icon: "inbox", filter: { assignee: "me", status: UNSOLVED } }],
  ["unassigned", { icon: "circle-dashed", filter: { assignee: "none", status: UNSOLVED } }],
  ["waiting", { icon: "reply", filter: { status: ["WAITING_ON_CUSTOMER"] } }],
  ["all", { icon: "layers", filter: {} }],
  ["chats", { icon: "messages-square" }],
]);

/** What GET /tickets is asked for: the queue's own filter wins over the reader's. */
export function listQuery(queue, { status, category, priority, q, sort, cursor }) {
  return { status, category, priority, q, sort, cursor, ...QUEUES.get(queue).filter };
}

export function isFiltered(queue, { status, category, priority, q }) {
  const lists = category.length + priority.length + (queue === "all" ? status.length : 0);
  return Boolean(q) || lists > 0;
}

export class DeskRouter extends EventTarget {
  /** {queue, ticketId: string|null, query} */
  route;
  #base;

  constructor(base) {
    super();
    this.#base = base.replace(/\/$/, "");
    this.route = this.#parse();
  }

  start() {
    addEventListener("popstate", this.#changed);
  }

  stop() {
    removeEventListener("popstate", this.#changed);
  }

  href(queue, ticketId = null, query = NO_FILTERS) {
    const params = new URLSearchParams();
    for (const name of Object.keys(LISTS)) {
      if (name === "status" && queue !== "all") continue;
      for (const value of query[name]) params.append(name, value);
    }
    if (query.q) params.set("q", query.q);
    if (query.sort !== NO_FILTERS.sort) params.set("sort", query.sort);
    if (query.page > 1 && query.cursor) {
      params.set("page", query.page);
      params.set("cursor", query.cursor);
    }
    const path = [this.#base, queue, ...(ticketId ? [ticketId] : [])].join("/");
    return path + (params.size ? `?${params}` : "");
  }

  go(href, { replace = false } = {}) {
    history[replace ? "replaceState" : "pushState"](null, "", href);
    this.#changed();
  }

  #changed = () => {
    this.route = this.#parse();
    this.dispatchEvent(new Event("change"));
  };

  #parse() {
    const { pathname, search } = location;
    const inside = pathname.startsWith(this.#base) ? pathname.slice(this.#base.length) : "";
    const [name = "", ticketId = null] = inside.split("/").filter(Boolean);
    const queue = QUEUES.has(name) ? name : "mine";
    const params = new URLSearchParams(search);
    const query = { ...NO_FILTERS };
    for (const [list, known] of Object.entries(LISTS)) {
      query[list] = known.filter((value) => params.getAll(list).includes(value));
    }
    query.q = (params.get("q") ?? "").slice(0, 200);
    query.sort = SORTS.find((sort) => sort === params.get("sort")) ?? NO_FILTERS.sort;
    query.cursor = params.get("cursor") ?? "";
    query.page = query.cursor ? Math.max(2, Number(params.get("page")) || 2) : 1;
    return { queue, ticketId, query };
  }
}
