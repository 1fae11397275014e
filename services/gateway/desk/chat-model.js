/* A customer's chat as an agent has it before them, kept true by the live stream. Views draw `entries()`; they hold no
   state of their own.

   Events: change · arrived (detail {message}: somebody else's message came in live) */
import { ApiError } from "../web/api.js";
import { Messages, optimistic, withMarks } from "../web/messages.js";
import { t } from "../web/strings.js";

const PAGE = 50;
const SHOWN_TYPING = 6_000;
const SAY_TYPING = 3_000;

export class DeskChatModel extends EventTarget {
  /** "loading" | "ready" | "missing" | "failed" */
  state = "loading";
  chat = null;
  problem = null;
  loadingEarlier = false;
  #app;
  #id;
  #messages;
  #off = new AbortController();
  #timer = 0;
  #least = 0;
  #position = 0;
  #followed = false;
  #typing = new Map();
  #said = 0;
  #held = [];

  constructor(app, id) {
    super();
    this.#app = app;
    this.#id = id;
    this.#messages = new Messages(app.api, `/chats/${id}/messages`);
  }

  get id() {
    return this.#id;
  }

  /** Who types now, other than oneself: [{id, name, role}]. */
  get typing() {
    return [...this.#typing.values()].map(({ by }) => by);
  }

  can(action) {
    return this.chat?.allowed_actions.includes(action) ?? false;
  }

  /** Load and follow. */
  async open() {
    const { signal } = this.#off;
    const { live, outbox } = this.#app;
    this.#followed = live.position !== null;
    live.addEventListener("item", ({ detail }) => this.#onItem(detail), { signal });
    live.addEventListener("signal", ({ detail }) => this.#onSignal(detail), { signal });
    live.addEventListener("resync", () => this.#load(), { signal });
    live.addEventListener("current", ({ detail }) => this.#onCurrent(detail.position), { signal });
    outbox.addEventListener("change", () => (this.#takeHeld(), this.#changed()), { signal });
    outbox.addEventListener("sent", ({ detail }) => this.#onSent(detail), { signal });
    await this.#load();
  }

  close() {
    this.#off.abort();
    clearTimeout(this.#timer);
    for (const { timer } of this.#typing.values()) clearTimeout(timer);
  }

  /** Load again; what is shown stays until the answer is there. */
  refresh() {
    return this.#load();
  }

  async retry() {
    this.state = "loading";
    this.#changed();
    await this.#load();
  }

  async earlier() {
    if (!this.#messages.hasEarlier || this.loadingEarlier) return;
    this.loadingEarlier = true;
    this.#changed();
    try {
      await this.#messages.loadEarlier(PAGE, this.#off.signal);
    } catch (error) {
      this.#app.notify(error.words ?? t("problem.unknown"), { kind: "danger" });
    } finally {
      this.loadingEarlier = false;
      this.#changed();
    }
  }

  /** POST /chats/{id}/<action> → what it answers. Throws ApiError. */
  async run(action, body = {}) {
    try {
      const { data } = await this.#app.api.insist("POST", `/chats/${this.#id}/${action}`, { body });
      this.#least = Math.max(this.#least, data.position ?? 0);
      if (data.id === this.#id) this.#takeChat(data);
      return data;
    } finally {
      // Also after a refusal: then somebody else has changed it.
      this.#changed();
      this.#soon();
    }
  }

  send({ body, attachments }) {
    return this.#app.outbox.add({ chatId: this.#id, body, attachments });
  }

  /** Tell the other side that one types; at most every three seconds. */
  sayTyping() {
    if (Date.now() - this.#said < SAY_TYPING) return;
    this.#said = Date.now();
    // A sign for a moment: where it is lost, nothing is missing.
    this.#app.api.send("POST", `/chats/${this.#id}/typing`, { body: {}, signal: this.#off.signal }).catch(() => {});
  }

  /** The thread in order: {type: "day", at} · {type: "earlier", count} · {type: "line", message} · {type: "message",
      message, state: "sent" | "sending" | "queued" | "failed", item} */
  entries() {
    const { items, total, hasEarlier } = this.#messages;
    const said = items.map((message) => ({
      type: message.kind === "message" ? "message" : "line",
      key: message.id,
      message,
      state: "sent",
      at: message.created_at,
    }));
    const unsent = this.#app.outbox.for(this.#id).map((item) => ({
      type: "message",
      key: item.key,
      message: optimistic(item, this.#app),
      state: item.state,
      item,
      at: item.createdAt,
    }));
    return withMarks([...said, ...unsent], { earlier: hasEarlier ? total - items.length : 0 });
  }

  async #load() {
    const { api, live } = this.#app;
    const { signal } = this.#off;
    const options = { signal, minPosition: Math.max(this.#least, live.position ?? 0) };
    const path = `/chats/${this.#id}`;
    try {
      const [chat] = await Promise.all([api.get(path, options), this.#messages.load(PAGE, options)]);
      this.#position = Math.max(this.#position, chat.position ?? 0);
      this.#takeChat(chat.data);
      this.state = "ready";
      this.problem = null;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      this.problem = error.words;
      if (error.status === 404) this.state = "missing";
      else if (this.state !== "ready") this.state = "failed";
    }
    this.#changed();
  }

  #takeChat(chat) {
    if (!this.chat || chat.revision >= this.chat.revision) this.chat = chat;
  }

  #onItem({ position, data }) {
    if (data.chat_id !== this.#id) return;
    this.#least = Math.max(this.#least, position);
    if (!this.chat) return;
    const { message } = data;
    if (message) {
      this.#forgetTyping(message.author.id);
      if (message.author.id === this.#app.me.id) this.#held.push({ ...message, position });
      else if (this.#messages.take({ ...message, position }))
        this.dispatchEvent(new CustomEvent("arrived", { detail: { message } }));
      this.#takeHeld();
    }
    // How an answer was rated stands in the messages only.
    if (data.name === "AnswerRated") this.#load();
    this.#changed();
    this.#soon();
  }

  /** One's own message may come back live before its answer, which says which one of those on their way it is. */
  #takeHeld() {
    if (this.#app.outbox.for(this.#id).some(({ state }) => state === "sending")) return;
    for (const message of this.#held) this.#messages.take(message);
    this.#held = [];
  }

  #onSignal({ name, data }) {
    if (name !== "typing" || data.chat_id !== this.#id || data.by.id === this.#app.me?.id) return;
    clearTimeout(this.#typing.get(data.by.id)?.timer);
    const timer = setTimeout(() => (this.#forgetTyping(data.by.id), this.#changed()), SHOWN_TYPING);
    this.#typing.set(data.by.id, { by: data.by, timer });
    this.#changed();
  }

  #forgetTyping(id) {
    clearTimeout(this.#typing.get(id)?.timer);
    this.#typing.delete(id);
  }

  #onSent({ item, message }) {
    if (item.chatId !== this.#id || !this.chat) return;
    this.#messages.take(message);
    this.#least = Math.max(this.#least, message.position ?? 0);
    this.#changed();
    this.#soon();
  }

  #onCurrent(position) {
    const behind = !this.#followed && this.#position < position;
    this.#followed = true;
    if (!behind && this.state === "ready") return;
    this.#least = Math.max(this.#least, position);
    this.#load();
  }

  /** The chat itself after something happened; events in a row count once. */
  #soon() {
    if (this.#timer) return;
    this.#timer = setTimeout(async () => {
      this.#timer = 0;
      const { signal } = this.#off;
      try {
        const { data } = await this.#app.api.get(`/chats/${this.#id}`, { signal, minPosition: this.#least });
        this.#takeChat(data);
        this.#changed();
      } catch (error) {
        if (!signal.aborted && !(error instanceof ApiError)) throw error;
      }
    }, 40);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
