/* Messages on their way. Each keeps its idempotency key from the first try to the last, over reloads too, so a
   repetition can't double it. Order is kept for each ticket and chat. Without a connection they wait and go by themselves.

   Item: {key, ticketId | chatId, body, attachments: [Attachment], internal, action, button, previousChat, createdAt,
   state, problem}
     action: "messages" | "request-information";  state: "sending" | "queued" | "failed"
     chatId may be NEW_CHAT: the first message begins the chat, after `previousChat` where there was one
     button: an action that the assistant offered
   Events: change · begun (detail {chat}) · sent (detail {item, message}) */
import { ApiError, newKey } from "./api.js";

export const NEW_CHAT = "new";

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

  /** `id`: of a ticket or a chat. */
  for(id) {
    return this.#items.filter((item) => idOf(item) === id);
  }

  /** Queue and send. Answers the item. */
  add({ body, attachments = [], internal = false, action = "messages", ...more }) {
    const item = {
      key: newKey(),
      ...more,
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
    for (const id of new Set(this.#items.map(idOf))) this.#flushOne(id);
  }

  async #flushOne(id) {
    if (this.#busy.has(id)) return;
    this.#busy.add(id);
    try {
      while (!this.#closed.signal.aborted) {
        const item = this.#items.find((one) => idOf(one) === id && one.state !== "failed");
        if (!item || !(await this.#send(item))) return;
      }
    } finally {
      this.#busy.delete(id);
    }
  }

  /** True when the next one may go. */
  async #send(item) {
    if (item.state !== "sending") this.#update(item.key, { state: "sending" });
    try {
      if (item.chatId === NEW_CHAT) await this.#begin(item);
      const body = { body: item.body };
      if (item.attachments.length) body.attachments = item.attachments.map((file) => file.id);
      if (item.internal) body.internal = true;
      if (item.button) body.action = item.button;
      const place = item.chatId ? `/chats/${item.chatId}` : `/tickets/${item.ticketId}`;
      const path = `${place}/${item.action}`;
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

  /** The chat's key derives from the message's: sent again, it is the same chat. */
  async #begin({ key, previousChat }) {
    const body = previousChat ? { previous_chat: previousChat } : {};
    const { signal } = this.#closed;
    const { data } = await this.#api.send("POST", "/chats", { body, key: `${key}-chat`, signal });
    for (const item of this.for(NEW_CHAT)) this.#update(item.key, { chatId: data.id });
    this.dispatchEvent(new CustomEvent("begun", { detail: { chat: data } }));
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

function idOf(item) {
  return item.ticketId ?? item.chatId;
}
