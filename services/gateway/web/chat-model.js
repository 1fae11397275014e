/* One chat of the person who is signed in, kept true by the live stream: the one with the given id, else the open one,
   else none yet; the first message then begins it. Views draw `entries()`; they hold no state of their own.

   Event: change · arrived (detail {message}: somebody else's message came in live) */
import { ApiError, newKey } from "./api.js";
import { ofChats } from "./live-query.js";
import { Messages, optimistic, withMarks } from "./messages.js";
import { NEW_CHAT } from "./outbox.js";
import { t } from "./strings.js";

const PAGE = 50;
const EARLIER_CHATS = 10;
const QUEUE_EVERY = 10_000;
const HOURS_EVERY = 60_000;
const TYPING_SHOWN = 6_000;
const TYPING_EVERY = 3_000;
/** After so long without an answer it is said that it takes longer. */
const PATIENCE = 10_000;
const OPEN = ["ASSISTED", "WAITING_FOR_AGENT", "WITH_AGENT"];

export class ChatModel extends EventTarget {
  /** "loading" | "ready" | "missing" | "failed" */
  state = "loading";
  /** null: none has begun. */
  chat = null;
  /** Ended chats of this person, the last first. */
  past = [];
  /** GET /chats/availability, or null while it is not known. */
  availability = null;
  problem = null;
  loadingEarlier = false;
  /** {id, name, role} of who types, or null. */
  typing = null;
  #app;
  #wanted;
  #messages = null;
  #off = new AbortController();
  #least = 0;
  #position = 0;
  #followed = false;
  #soonTimer = 0;
  #typingTimer = 0;
  #patienceTimer = 0;
  #dueSince = null;
  #lastTyped = 0;

  /** `id`: of a chat to look at; null: the open one. */
  constructor(app, id = null) {
    super();
    this.#app = app;
    this.#wanted = id;
  }

  get id() {
    return this.chat?.id ?? null;
  }

  /** Where this chat's messages wait in the outbox. */
  get place() {
    return this.id ?? NEW_CHAT;
  }

  get messages() {
    return this.#messages?.items ?? [];
  }

  get unsent() {
    return this.#app.outbox?.for(this.place) ?? [];
  }

  get ended() {
    return this.chat?.status === "ENDED";
  }

  can(action) {
    return this.chat?.allowed_actions.includes(action) ?? false;
  }

  get #lastSaid() {
    return this.messages.findLast((message) => message.kind === "message");
  }

  get #due() {
    if (this.chat && this.chat.status !== "ASSISTED") return false;
    return this.unsent.some((item) => item.state === "sending") || this.#lastSaid?.author.role === "customer";
  }

  /** "none" | "writing" | "slow": whether an answer of the assistant is due. */
  get answer() {
    if (this.#dueSince === null) return "none";
    return Date.now() - this.#dueSince < PATIENCE ? "writing" : "slow";
  }

  /** The message whose buttons may be pressed: the last one of the assistant, while nothing was said since. */
  get offering() {
    if (this.chat?.status !== "ASSISTED" || this.unsent.length) return null;
    return this.#lastSaid?.author.role === "assistant" ? this.#lastSaid.id : null;
  }

  async open() {
    const { signal } = this.#off;
    const { live, outbox } = this.#app;
    this.#followed = live.position !== null;
    live.addEventListener("item", ({ detail }) => ofChats(detail) && this.#onItem(detail), { signal });
    live.addEventListener("signal", ({ detail }) => this.#onSignal(detail), { signal });
    live.addEventListener("resync", () => this.refresh(), { signal });
    live.addEventListener("current", ({ detail }) => this.#onCurrent(detail.position), { signal });
    outbox.addEventListener("change", () => this.#changed(), { signal });
    outbox.addEventListener("begun", ({ detail }) => this.#wanted === null && this.#begun(detail.chat), { signal });
    outbox.addEventListener("sent", ({ detail }) => this.#onSent(detail), { signal });
    const timers = [
      setInterval(() => this.#seen() && this.chat?.status === "WAITING_FOR_AGENT" && this.#loadChat(), QUEUE_EVERY),
      setInterval(() => this.#seen() && this.#loadHours(), HOURS_EVERY),
    ];
    signal.addEventListener("abort", () => timers.forEach(clearInterval));
    this.#loadHours();
    await this.#load();
  }

  close() {
    this.#off.abort();
    for (const timer of [this.#soonTimer, this.#typingTimer, this.#patienceTimer]) clearTimeout(timer);
  }

  /** Load again; what is shown stays until the answer is there. */
  async refresh() {
    this.#loadHours();
    await this.#load();
  }

  async retry() {
    this.state = "loading";
    this.#changed();
    await this.refresh();
  }

  get hasEarlier() {
    return this.#messages?.hasEarlier ?? false;
  }

  async earlier() {
    if (!this.hasEarlier || this.loadingEarlier) return;
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

  /** Say something, press a button that was offered, or both; begins the chat where there is none. */
  send({ body = "", attachments = [], button = null }) {
    this.#lastTyped = 0;
    return this.#app.outbox.add({ chatId: this.place, body, attachments, button });
  }

  /** A new chat after an ended one, or the first one. Throws ApiError. */
  async begin() {
    const body = this.chat ? { previous_chat: this.chat.id } : {};
    const { data } = await this.#app.api.insist("POST", "/chats", { body });
    this.#wanted = null;
    this.#begun(data);
  }

  /** POST /chats/{id}/<action> → Chat, or the ticket. Throws ApiError. */
  async run(action, body = {}, { method = "POST", key = newKey() } = {}) {
    if (!this.chat) await this.begin();
    const given = method === "DELETE" ? { key } : { body, key };
    const { data } = await this.#app.api.insist(method, `/chats/${this.id}/${action}`, given);
    this.#least = Math.max(this.#least, data.position ?? 0);
    if (action === "ticket") this.chat = { ...this.chat, ticket_id: data.id, ticket_number: data.number };
    else this.#takeChat(data);
    this.#changed();
    this.#soon();
    // What the system says of it may not come live: the stream may be away.
    this.#reloadMessages();
    return data;
  }

  /** Whether an answer helped. Throws ApiError; then the thumb is as it was. */
  async rate(message, helpful) {
    const before = message.feedback;
    this.#messages.change(message.id, { feedback: helpful });
    this.#changed();
    try {
      await this.run(`messages/${message.id}/feedback`, { helpful });
    } catch (error) {
      this.#messages.change(message.id, { feedback: before });
      this.#changed();
      throw error;
    }
  }

  /** Tell the other side that one types, at most every three seconds. */
  type() {
    const now = Date.now();
    if (!this.chat || this.ended || now - this.#lastTyped < TYPING_EVERY) return;
    this.#lastTyped = now;
    // Nobody waits for it, and the next key sends another.
    this.#app.api.send("POST", `/chats/${this.id}/typing`, { body: {} }).catch(() => {});
  }

  /** People's hours, as after a refusal that knew them better. */
  async loadHours() {
    await this.#loadHours();
  }

  /** The thread in order: {type: "day", at} · {type: "earlier"} · {type: "line", message} · {type: "message", message,
      state: "sent" | "sending" | "queued" | "failed", item} */
  entries() {
    const said = this.messages.map((message) => ({
      type: message.kind === "message" ? "message" : "line",
      key: message.id,
      message,
      state: "sent",
      at: message.created_at,
    }));
    const unsent = this.unsent.map((item) => ({
      type: "message",
      key: item.key,
      message: { ...optimistic(item, this.#app), feedback: null },
      state: item.state,
      item,
      at: item.createdAt,
    }));
    const earlier = this.hasEarlier ? this.#messages.total - this.messages.length : 0;
    return withMarks([...said, ...unsent], { earlier });
  }

  async #load() {
    const { api, live } = this.#app;
    const { signal } = this.#off;
    const options = { signal, minPosition: Math.max(this.#least, live.position ?? 0) };
    try {
      const [chat, past] = await Promise.all([this.#find(options), this.#loadPast(options)]);
      this.#position = Math.max(this.#position, chat.position ?? 0);
      this.past = past;
      if (chat.data) await this.#adopt(chat.data, options);
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

  /** → {data: chat | null, position} */
  async #find(options) {
    const { api } = this.#app;
    const id = this.#wanted ?? this.id;
    if (id) return api.get(`/chats/${id}`, options);
    const { data, position } = await api.get("/chats", { ...options, query: this.#own(OPEN, 1) });
    return { data: data.items[0] ?? null, position };
  }

  async #loadPast(options) {
    const { data } = await this.#app.api.get("/chats", { ...options, query: this.#own(["ENDED"], EARLIER_CHATS) });
    return data.items.filter((chat) => chat.message_count > 0);
  }

  /** An agent's list has everybody's chats. */
  #own(status, limit) {
    return { status, limit, customer: this.#app.me.id };
  }

  async #adopt(chat, options = {}) {
    if (chat.id !== this.id) {
      this.chat = null;
      this.#messages = new Messages(this.#app.api, `/chats/${chat.id}/messages`);
    }
    this.#takeChat(chat);
    await this.#messages.load(PAGE, { signal: this.#off.signal, ...options });
  }

  #takeChat(chat) {
    if (this.chat && chat.revision < this.chat.revision) return;
    this.chat = chat;
  }

  #begun(chat) {
    if (this.id === chat.id) return;
    if (this.ended) this.past = [this.chat, ...this.past];
    this.chat = chat;
    this.#messages = new Messages(this.#app.api, `/chats/${chat.id}/messages`);
    this.#changed();
  }

  #onItem({ position, data }) {
    if (data.chat_id !== this.id) {
      // The same person has begun one in another window or on another device.
      if (this.id === null && this.#wanted === null && this.state === "ready" && this.unsent.length === 0) {
        this.#least = Math.max(this.#least, position);
        this.#soon();
      }
      return;
    }
    const { message, status, owner, revision } = data;
    if (message) this.#take({ ...message, position: message.position ?? position });
    if (revision > this.chat.revision) this.chat = { ...this.chat, status, owner, revision };
    this.#least = Math.max(this.#least, position);
    // Which answer was rated, and how, stands in the messages only.
    if (data.name === "AnswerRated") this.#reloadMessages();
    this.#changed();
    this.#soon();
  }

  #take(message) {
    if (this.typing?.id === message.author.id) this.#setTyping(null);
    const fresh = this.#messages.take(message);
    if (fresh && message.author.id !== this.#app.me.id)
      this.dispatchEvent(new CustomEvent("arrived", { detail: { message } }));
  }

  #onSent({ item, message }) {
    if (item.chatId !== this.id) return;
    this.#messages.take(message);
    this.#least = Math.max(this.#least, message.position ?? 0);
    this.#changed();
    this.#soon();
  }

  #onSignal({ name, data }) {
    if (name !== "typing" || data.chat_id !== this.id || data.by.id === this.#app.me.id) return;
    this.#setTyping(data.by);
    this.#changed();
  }

  #setTyping(by) {
    clearTimeout(this.#typingTimer);
    this.typing = by;
    if (by) this.#typingTimer = setTimeout(() => (this.#setTyping(null), this.#changed()), TYPING_SHOWN);
  }

  #onCurrent(position) {
    const behind = !this.#followed && this.#position < position;
    this.#followed = true;
    if (this.state === "missing" || (!behind && this.state !== "failed")) return;
    this.#least = Math.max(this.#least, position);
    this.refresh();
  }

  /** The chat itself (status, allowed actions, place in the queue); events in a row count once. */
  #soon() {
    if (this.#soonTimer) return;
    this.#soonTimer = setTimeout(() => {
      this.#soonTimer = 0;
      if (this.chat) this.#loadChat();
      else this.#load();
    }, 40);
  }

  async #loadChat() {
    const { signal } = this.#off;
    const { id } = this;
    try {
      const { data } = await this.#app.api.get(`/chats/${id}`, { signal, minPosition: this.#least });
      if (id !== this.id) return;
      this.#takeChat(data);
      this.#changed();
    } catch (error) {
      if (!signal.aborted && !(error instanceof ApiError)) throw error;
    }
  }

  async #reloadMessages() {
    const { signal } = this.#off;
    try {
      await this.#messages.load(PAGE, { signal, minPosition: this.#least });
      this.#changed();
    } catch (error) {
      if (!signal.aborted && !(error instanceof ApiError)) throw error;
    }
  }

  async #loadHours() {
    const { signal } = this.#off;
    try {
      this.availability = (await this.#app.api.get("/chats/availability", { signal })).data;
      this.#changed();
    } catch (error) {
      // What was known stays; the next minute asks again.
      if (!signal.aborted && !(error instanceof ApiError)) throw error;
    }
  }

  #seen() {
    return document.visibilityState === "visible";
  }

  #changed() {
    if (!this.#due) {
      clearTimeout(this.#patienceTimer);
      this.#dueSince = null;
    } else if (this.#dueSince === null) {
      // By this machine's clock, which the message's time need not agree with.
      this.#dueSince = Date.now();
      this.#patienceTimer = setTimeout(() => this.#changed(), PATIENCE);
    }
    this.dispatchEvent(new Event("change"));
  }
}
