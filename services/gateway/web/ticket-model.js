/* One ticket with its thread, kept true by the live stream. Views draw `entries()`; they hold no state of their own.

   Event: change · arrived (detail {message}: somebody else's message came in live) */
import { ApiError, newKey } from "./api.js";
import { Messages, optimistic, withMarks } from "./messages.js";
import { t } from "./strings.js";

const PAGE = 30;
const MOST = 100;
const LINES = new Set([
  "TicketAssigned",
  "TicketUnassigned",
  "PriorityChanged",
  "CategoryChanged",
  "ClosingAnnounced",
  "SatisfactionRated",
]);

export class TicketModel extends EventTarget {
  /** "loading" | "ready" | "missing" | "failed" */
  state = "loading";
  ticket = null;
  history = [];
  problem = null;
  historyFailed = false;
  loadingEarlier = false;
  /** The id of the first message that was unread when the ticket was opened. */
  firstUnread = null;
  #app;
  #id;
  #messages;
  #off = new AbortController();
  #timer = 0;
  #least = 0;
  #position = 0;
  #marked = 0;
  #followed = false;

  constructor(app, id) {
    super();
    this.#app = app;
    this.#id = id;
    this.#messages = new Messages(app.api, `/tickets/${id}/messages`);
  }

  get id() {
    return this.#id;
  }

  get messages() {
    return this.#messages.items;
  }

  get hasEarlier() {
    return this.#messages.hasEarlier;
  }

  can(action) {
    return this.ticket?.allowed_actions.includes(action) ?? false;
  }

  /** Load and follow. */
  async open() {
    const { signal } = this.#off;
    const { live, outbox } = this.#app;
    this.#followed = live.position !== null;
    live.addEventListener("item", ({ detail }) => this.#onItem(detail), { signal });
    live.addEventListener("resync", () => this.refresh(), { signal });
    live.addEventListener("current", ({ detail }) => this.#onCurrent(detail.position), { signal });
    outbox.addEventListener("change", () => this.#changed(), { signal });
    outbox.addEventListener("sent", ({ detail }) => this.#onSent(detail), { signal });
    await this.#load();
  }

  close() {
    this.#off.abort();
    clearTimeout(this.#timer);
  }

  /** Load again; what is shown stays until the answer is there. */
  async refresh() {
    if (this.state === "ready") await this.#load();
    else await this.retry();
  }

  async retry() {
    this.state = "loading";
    this.#changed();
    await this.#load();
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

  /** POST /tickets/{id}/<action> → Ticket. Throws ApiError. */
  async run(action, body, { key = newKey(), revision } = {}) {
    const { data } = await this.#app.api.insist("POST", `/tickets/${this.#id}/${action}`, {
      body,
      key,
      revision,
    });
    this.#least = Math.max(this.#least, data.position ?? 0);
    this.#takeTicket(data);
    this.#changed();
    this.#soon();
    return data;
  }

  send(message) {
    return this.#app.outbox.add({ ...message, ticketId: this.#id });
  }

  /** Everything shown is read; call it when the newest message was visible in an active tab. */
  async markRead() {
    const revision = this.ticket?.revision ?? 0;
    if (!this.ticket?.unread_count || this.#marked >= revision) return;
    this.#marked = revision;
    try {
      await this.#app.api.send("POST", `/tickets/${this.#id}/read`, { body: { revision } });
      this.ticket = { ...this.ticket, unread_count: 0 };
      this.#changed();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#marked = 0;
    }
  }

  /** The thread in order: {type: "day", at} · {type: "new"} · {type: "earlier"} · {type: "line", entry} ·
      {type: "message", message, state: "sent" | "sending" | "queued" | "failed", item} */
  entries() {
    const { ticket } = this;
    if (!ticket) return [];
    const first = this.messages[0]?.position ?? 0;
    const lines = this.history
      .filter((entry) => entry.name !== "TicketOpened" && (entry.to_status || LINES.has(entry.name)))
      .filter((entry) => !this.hasEarlier || entry.position >= first)
      .map((entry) => ({
        type: "line",
        key: `l${entry.position}`,
        entry,
        at: entry.at,
        position: entry.position,
        rank: 1,
      }));
    const messages = this.messages.map((message) => ({
      type: "message",
      key: message.id,
      message,
      state: "sent",
      at: message.created_at,
      position: message.position,
      rank: 0,
    }));
    const shown = [...messages, ...lines].sort((a, b) => a.position - b.position || a.rank - b.rank);
    const unsent = this.#app.outbox.for(this.#id).map((item) => ({
      type: "message",
      key: item.key,
      message: optimistic(item, this.#app),
      state: item.state,
      item,
      at: item.createdAt,
    }));
    const earlier = this.hasEarlier ? this.#messages.total - this.messages.length : 0;
    const marked = withMarks([this.#description(), ...shown, ...unsent], { earlier, earlierAt: 1 });
    const unread = marked.findIndex((entry) => entry.key === this.firstUnread);
    return unread < 0 ? marked : [...marked.slice(0, unread), { type: "new", key: "new" }, ...marked.slice(unread)];
  }

  #description() {
    const { ticket } = this;
    const author = { id: ticket.customer.id, name: ticket.customer.name, role: "customer" };
    const message = {
      id: "description",
      author,
      body: ticket.description,
      internal: false,
      attachments: ticket.attachments,
      created_at: ticket.created_at,
    };
    return { type: "message", key: "description", message, state: "sent", at: ticket.created_at };
  }

  async #load() {
    const { api, live } = this.#app;
    const { signal } = this.#off;
    const options = { signal, minPosition: Math.max(this.#least, live.position ?? 0) };
    const path = `/tickets/${this.#id}`;
    try {
      const [ticket, , history] = await Promise.all([
        api.get(path, options),
        this.#messages.load(PAGE, options),
        api.get(`${path}/history`, options).catch((error) => {
          if (!(error instanceof ApiError) || error.status === 404) throw error;
          return null;
        }),
      ]);
      this.#position = Math.max(this.#position, ticket.position ?? 0);
      this.#takeTicket(ticket.data);
      this.historyFailed = history === null;
      for (const entry of history?.data.items ?? []) this.#takeHistory(entry);
      if (this.state !== "ready") await this.#findFirstUnread();
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

  #others() {
    return this.messages.filter((message) => message.author.id !== this.#app.me.id && !message.internal);
  }

  async #findFirstUnread() {
    const wanted = this.ticket.unread_count;
    if (!wanted) return;
    while (this.hasEarlier && this.#others().length < wanted)
      await this.#messages.loadEarlier(Math.min(MOST, wanted + PAGE), this.#off.signal);
    this.firstUnread = this.#others().at(-wanted)?.id ?? this.#others()[0]?.id ?? null;
  }

  #takeTicket(ticket) {
    if (!this.ticket || ticket.revision >= this.ticket.revision) this.ticket = ticket;
  }

  #takeHistory(entry) {
    if (this.history.some((known) => known.position === entry.position)) return;
    this.history = [...this.history, entry].sort((a, b) => a.position - b.position);
  }

  #onItem({ position, data }) {
    if (data.ticket_id !== this.#id || !this.ticket) return;
    const { message, ...entry } = data;
    this.#takeHistory({ ...entry, position: entry.position ?? position });
    const fresh = message && this.#messages.take({ ...message, position: message.position ?? position });
    if (fresh && message.author.id !== this.#app.me.id)
      this.dispatchEvent(new CustomEvent("arrived", { detail: { message } }));
    this.#least = Math.max(this.#least, position);
    this.#changed();
    this.#soon();
  }

  #onSent({ item, message }) {
    if (item.ticketId !== this.#id || !this.ticket) return;
    this.#messages.take(message);
    this.#least = Math.max(this.#least, message.position ?? 0);
    this.#changed();
    this.#soon();
  }

  #onCurrent(position) {
    const behind = !this.#followed && this.#position < position;
    this.#followed = true;
    if (this.state === "missing" || (!behind && this.state !== "failed")) return;
    this.#least = Math.max(this.#least, position);
    this.refresh();
  }

  /** The ticket itself (status, allowed actions, counts) after something happened; events in a row count once. */
  #soon() {
    if (this.#timer) return;
    this.#timer = setTimeout(async () => {
      this.#timer = 0;
      const { signal } = this.#off;
      try {
        const { data } = await this.#app.api.get(`/tickets/${this.#id}`, {
          signal,
          minPosition: this.#least,
        });
        this.#takeTicket(data);
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
