/* The page's address: which tab, which ticket, which filters.

   <base>/tickets[?status=…&category=…&priority=…&q=…&sort=…&page=…&cursor=…] · <base>/tickets/new[?follow_up_to=…&subject=…] ·
   <base>/tickets/<id> · <base>/knowledge-base[?q=…&category=…] · <base>/knowledge-base/<slug>[?version=…][#section] ·
   <base>/faq[#id] · <base>/live-chat[/<id>]
   Event: change. */

import { CATEGORIES, NO_FILTERS, PRIORITIES, SORTS, STATUSES } from "../web/filters.js";

export const TABS = ["tickets", "knowledge-base", "faq", "live-chat"];
const LISTS = { status: STATUSES, category: CATEGORIES, priority: PRIORITIES };

export class Router extends EventTarget {
  /** {tab, view: "list" | "new" | "ticket" | null, ticketId, followUpTo, subject, query, hash, chatId,
      article: {slug, version, hash, category, q}} */
  route;
  #base;
  #scrolls = new Map();
  #entry = history.state?.cfEntry ?? 0;

  constructor(base) {
    super();
    this.#base = base.replace(/\/$/, "");
    this.route = this.#parse();
  }

  start() {
    addEventListener("popstate", this.#onPop);
    history.replaceState({ ...history.state, cfEntry: this.#entry }, "");
  }

  stop() {
    removeEventListener("popstate", this.#onPop);
  }

  href(tab, ...rest) {
    return [this.#base, tab, ...rest].join("/");
  }

  listHref(query) {
    const params = new URLSearchParams();
    for (const name of Object.keys(LISTS)) for (const value of query[name]) params.append(name, value);
    if (query.q) params.set("q", query.q);
    if (query.sort !== NO_FILTERS.sort) params.set("sort", query.sort);
    if (query.page > 1 && query.cursor) {
      params.set("page", query.page);
      params.set("cursor", query.cursor);
    }
    return this.href("tickets") + (params.size ? `?${params}` : "");
  }

  chatHref(id) {
    return this.href("live-chat", ...(id ? [id] : []));
  }

  articleHref({ slug = "", category = "", q = "" }) {
    const params = new URLSearchParams(Object.entries({ q, category }).filter(([, value]) => value));
    return this.href("knowledge-base", ...(slug ? [slug] : [])) + (params.size ? `?${params}` : "");
  }

  go(href, { replace = false } = {}) {
    this.#scrolls.set(this.#entry, scrollY);
    if (!replace) this.#entry += 1;
    history[replace ? "replaceState" : "pushState"]({ cfEntry: this.#entry }, "", href);
    // What the address points at inside the page is shown by the element that has it.
    this.#changed(replace || location.hash ? null : 0);
  }

  #onPop = (event) => {
    this.#scrolls.set(this.#entry, scrollY);
    this.#entry = event.state?.cfEntry ?? 0;
    this.#changed(this.#scrolls.get(this.#entry) ?? (location.hash ? null : 0));
  };

  #changed(scroll) {
    this.route = this.#parse();
    this.dispatchEvent(new CustomEvent("change", { detail: { scroll } }));
  }

  #parse() {
    const { pathname, search } = location;
    const hash = decodeURIComponent(location.hash.slice(1));
    const inside = pathname.startsWith(this.#base) ? pathname.slice(this.#base.length) : "";
    const [tab = "", what = ""] = inside.split("/").filter(Boolean);
    const params = new URLSearchParams(search);
    const route = { tab: TABS.includes(tab) ? tab : "tickets", view: null, ticketId: null, followUpTo: null, hash };
    if (route.tab === "live-chat") return { ...route, chatId: what || null, query: NO_FILTERS };
    if (route.tab !== "tickets") {
      const text = (name) => (params.get(name) ?? "").slice(0, 200);
      const article = {
        slug: what,
        version: /^[1-9]\d{0,8}$/.test(text("version")) ? text("version") : "",
        hash,
        category: what ? "" : text("category"),
        q: what ? "" : text("q").trim(),
      };
      return { ...route, article, query: NO_FILTERS };
    }
    if (what === "new")
      return {
        ...route,
        view: "new",
        followUpTo: params.get("follow_up_to"),
        subject: params.get("subject"),
        query: NO_FILTERS,
      };
    if (what) return { ...route, view: "ticket", ticketId: what, query: NO_FILTERS };
    const query = { ...NO_FILTERS };
    for (const [name, known] of Object.entries(LISTS)) {
      query[name] = known.filter((value) => params.getAll(name).includes(value));
    }
    query.q = (params.get("q") ?? "").slice(0, 200);
    query.sort = SORTS.find((sort) => sort === params.get("sort")) ?? NO_FILTERS.sort;
    query.cursor = params.get("cursor") ?? "";
    query.page = query.cursor ? Math.max(2, Number(params.get("page")) || 2) : 1;
    return { ...route, view: "list", query };
  }
}
