/* The messages of one ticket or chat as far as they are loaded: the newest page, earlier ones on demand, live ones as
   they come; each once, in order. And what both threads show around them. */
import { dayKey } from "./time.js";

export class Messages {
  items = [];
  total = 0;
  #api;
  #path;
  #earlier = null;

  /** `path`: where their pages are, such as "/tickets/<id>/messages". */
  constructor(api, path) {
    this.#api = api;
    this.#path = path;
  }

  get hasEarlier() {
    return this.#earlier !== null;
  }

  /** The newest page. What lies behind a gap is dropped and loads again as an earlier page. */
  async load(limit, options) {
    const { data } = await this.#api.get(this.#path, { ...options, query: { limit } });
    const oldest = data.items[0]?.position ?? 0;
    const newestKnown = this.items.at(-1)?.position ?? 0;
    const joined = this.items.length > 0 && oldest <= newestKnown;
    if (!joined) {
      this.items = [];
      this.#earlier = data.next_cursor;
    }
    this.#takeAll(data);
  }

  /** The page before those that are there. Throws ApiError. */
  async loadEarlier(limit, signal) {
    const query = { before: this.#earlier, limit };
    const { data } = await this.#api.get(this.#path, { query, signal });
    this.#takeAll(data);
    this.#earlier = data.next_cursor;
  }

  /** One that came in live or was just sent; true when it is new. */
  take(message) {
    if (this.#knows(message)) return false;
    this.#insert(message);
    this.total += 1;
    return true;
  }

  change(id, change) {
    this.items = this.items.map((message) => (message.id === id ? { ...message, ...change } : message));
  }

  #takeAll({ items, total }) {
    for (const message of items) {
      if (this.#knows(message)) this.change(message.id, message);
      else this.#insert(message);
    }
    this.total = total;
  }

  #knows({ id }) {
    return this.items.some((known) => known.id === id);
  }

  #insert(message) {
    this.items = [...this.items, message].sort((a, b) => a.position - b.position);
  }
}

/** Entries of a thread with what stands between them: {type: "day", at} where the day changes, and, after the first
    `earlierAt` entries, {type: "earlier", count} where `earlier` messages are not loaded yet. */
export function withMarks(entries, { earlier = 0, earlierAt = 0 } = {}) {
  const marked = [];
  let day = null;
  entries.forEach((entry, index) => {
    if (index === earlierAt && earlier > 0) {
      marked.push({ type: "earlier", key: "earlier", count: earlier });
      day = null;
    }
    const key = dayKey(new Date(entry.at));
    if (key !== day) marked.push({ type: "day", key: `d${key}${index}`, at: entry.at });
    day = key;
    marked.push(entry);
  });
  return marked;
}

/** A message of the outbox as it will stand in the thread. */
export function optimistic(item, app) {
  const { me } = app;
  return {
    id: item.key,
    kind: "message",
    author: { id: me.id, name: me.name, role: app.isAgent ? "agent" : "customer" },
    body: item.body || (item.button?.label ?? ""),
    internal: item.internal,
    attachments: item.attachments,
    action: item.button ?? null,
    sources: [],
    actions: [],
    created_at: item.createdAt,
  };
}
