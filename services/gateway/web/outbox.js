/* Messages on their way. Each keeps its idempotency key from the first try to the last, over reloads too, so a
   repetition can't double it. Order is kept for each ticket. Without a connection they wait and go by themselves.

   Item: {key, place, ticketId, body, attachments: [Attachment], internal, action, createdAt, state, problem}
     place: "tickets" | "chats"; ticketId is the id there
     action: "messages" | "request-information";  state: "sending" | "queued" | "failed"
   Events: change · sent (detail {item, message}) */
import { ApiError, newKey } from "./api.js";

const PAUSES = [1_000, 2_000, 5_000, 10_000, 20_000];

export class Outbox extends EventTarget {
  #api;
  #prefix;
  #items = [];
  #busy = new Set();
  #timer = 0;
  #tries = 0;
  #closed = new AbortController();

  constructor(api, person) {
    super();
    this.#api = api;
    this.#prefix = `cf-support-outbox:${person}:`;
    this.#items = Object.keys(localStorage)
      .filter((name) => name.startsWith(this.#prefix))
      .flatMap((name) => JSON.parse(localStorage.getItem(name)) ?? [])
      .map((item) => (item.state === "sending" ? { ...item, state: "queued" } : item))
      .sort((one, other) => one.createdAt.localeCompare(other.createdAt));
    addEventListener("online", () => this.flush(), { signal: this.#closed.signal });
  }

  /** Send nothing more: the person has signed out. What is left goes when the same person is back. */
  close() {
    this.#closed.abort();
    clearTimeout(this.#timer);
  }

  for(ticketId) {
    return this.#items.filter((item) => item.ticketId === ticketId);
  }

  /** Queue and send. Answers the item. */
  add({ place = "tickets", ticketId, body, attachments = [], internal = false, action = "messages" }) {
    const item = {
      key: newKey(),
      place,
      ticketId,
      body,
      attachments,
      internal,
      action,
      createdAt: new Date().toISOString(),
      state: "sending",
      problem: null,
    };
    this.#items.push(item);
    this.#keep(item);
    this.#changed();
    this.flush();
    return item;
  }

  retry(key) {
    this.#update(key, { state: "sending", problem: null });
    this.flush();
  }

  remove(key) {
    this.#drop(key);
    this.#changed();
    this.flush();
  }

  /** Try everything that is not refused; called again by itself after a pause, and when the stream is back. */
  flush() {
    clearTimeout(this.#timer);
    for (const ticketId of new Set(this.#items.map((item) => item.ticketId))) this.#flushTicket(ticketId);
  }

  async #flushTicket(ticketId) {
    if (this.#busy.has(ticketId)) return;
    this.#busy.add(ticketId);
    try {
      while (!this.#closed.signal.aborted) {
        const item = this.#items.find((one) => one.ticketId === ticketId && one.state !== "failed");
        if (!item || !(await this.#send(item))) return;
      }
    } finally {
      this.#busy.delete(ticketId);
    }
  }

  /** True when the next one may go. */
  async #send(item) {
    if (item.state !== "sending") this.#update(item.key, { state: "sending" });
    try {
      const ids = item.attachments.map((file) => file.id);
      const body = { body: item.body };
      if (ids.length) body.attachments = ids;
      if (item.internal) body.internal = true;
      const path = `/${item.place ?? "tickets"}/${item.ticketId}/${item.action}`;
      const { signal } = this.#closed;
      const answer = await this.#api.send("POST", path, { body, key: item.key, signal });
      this.#tries = 0;
      this.#drop(item.key);
      this.dispatchEvent(new CustomEvent("sent", { detail: { item, message: answer.data } }));
      this.#changed();
      return true;
    } catch (error) {
      if (this.#closed.signal.aborted) return false;
      if (!(error instanceof ApiError)) throw error;
      if (error.transient) {
        this.#update(item.key, { state: "queued" });
        this.#later(error.retryAfter);
        return false;
      }
      if (error.status === 401) {
        this.#update(item.key, { state: "queued" });
        return false;
      }
      this.#update(item.key, { state: "failed", problem: { code: error.code, words: error.words } });
      return true;
    }
  }

  #later(seconds) {
    const pause = seconds ? seconds * 1000 : PAUSES[Math.min(this.#tries, PAUSES.length - 1)];
    this.#tries += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), pause);
  }

  #update(key, change) {
    const item = this.#items.find((one) => one.key === key);
    if (!item) return;
    Object.assign(item, change);
    this.#keep(item);
    this.#changed();
  }

  /** Each in a place of its own, so that two tabs do not write over each other's. */
  #keep(item) {
    localStorage.setItem(this.#prefix + item.key, JSON.stringify(item));
  }

  #drop(key) {
    this.#items = this.#items.filter((one) => one.key !== key);
    localStorage.removeItem(this.#prefix + key);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
