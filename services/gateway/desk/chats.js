/* Chats at the desk, apart from any view: taking one, being there, and hearing of those that begin to wait. */
import { ApiError } from "../web/api.js";
import { t } from "../web/strings.js";

const REPORT = 20_000;
const CHECK = 5_000;
const STORED = "cf-desk-presence";
const NOTICE_CHARACTERS = 90;
const USUAL = { available: true, capacity: 4 };
export const CAPACITIES = [1, 2, 3, 4, 5, 6, 8, 10];

/** What the live items of a chat that change the queues are called. */
export const CHAT_MOVES = new Set([
  "ChatStarted",
  "AgentRequested",
  "RequestWithdrawn",
  "AgentJoined",
  "ChatTransferred",
  "ReturnedToQueue",
  "HandedBack",
  "ChatEnded",
]);

/** A text in one line, without blocks of code and without the marks of lists, code and bold. */
export function oneLine(text) {
  return text
    .replace(/^\s*```[^]*?(?:```|$(?![^]))/gm, "… ")
    .replace(/^\s*(?:[-*]|\d+[.)])\s+|\*\*|`/gm, "")
    .replace(/\s+/g, " ")
    .trim();
}

/** The first words of a chat, in one line. */
export function firstWords(chat) {
  return oneLine(chat.question ?? "") || t("chats.no_question");
}

/** Why a command on a chat was refused, for people. */
export function refusalWords(error) {
  if (error.code === "already_taken") return t("chats.taken", { name: error.problem.assignee.name });
  if (error.code === "at_capacity") return t("chats.at_capacity", { words: error.words });
  if (error.code === "not_allowed_in_status" || error.code === "chat_ended") return t("chats.moved_on");
  return t("ticket.action_failed", { reason: error.words });
}

/** Take a chat; true when it is mine now, else it was said why not. */
export async function acceptChat(app, id) {
  try {
    await app.api.insist("POST", `/chats/${id}/accept`, { body: {} });
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    app.notify(refusalWords(error), { kind: "danger" });
    return false;
  }
}

/** Counts for the queues: {waits, mine}. */
export async function countChats(api, options) {
  const count = (query) => api.get("/chats", { ...options, query: { ...query, limit: 1 } });
  const [waiting, mine] = await Promise.all([
    count({ status: "WAITING_FOR_AGENT" }),
    count({ status: "WITH_AGENT", assignee: "me" }),
  ]);
  return { waits: waiting.data.total, mine: mine.data.total };
}

/** Tells that this agent is there, while one is signed in. Of the desks that a person has open in a browser the one
    that holds a Web Lock reports. Event: change. */
export class Presence extends EventTarget {
  available = USUAL.available;
  capacity = USUAL.capacity;
  /** Whether the last report did not arrive. */
  lost = false;
  #app;
  #person = null;
  #off = null;
  #holds = false;
  #last = 0;

  constructor(app) {
    super();
    this.#app = app;
    app.addEventListener("change", () => this.#follow());
    this.#follow();
  }

  /** Remember and report at once. */
  set(change) {
    Object.assign(this, change);
    const { available, capacity } = this;
    localStorage.setItem(this.#stored, JSON.stringify({ available, capacity }));
    this.dispatchEvent(new Event("change"));
    return this.#report();
  }

  get #stored() {
    return `${STORED}:${this.#person}`;
  }

  #follow() {
    const person = this.#app.state === "ready" && this.#app.isAgent ? this.#app.me.id : null;
    if (person === this.#person) return;
    this.#off?.abort();
    this.#person = person;
    this.#holds = false;
    if (person === null) return;
    this.#read();
    const { signal } = (this.#off = new AbortController());
    addEventListener("storage", ({ key }) => key === this.#stored && this.#read(), { signal });
    // Timers of a hidden page are slowed down to one a minute; what comes from the network wakes it all the same.
    const check = () => this.#due();
    for (const type of ["current", "item"]) this.#app.live.addEventListener(type, check, { signal });
    const timer = setInterval(check, CHECK);
    signal.addEventListener("abort", () => clearInterval(timer));
    this.#hold(signal);
  }

  #read() {
    const { available, capacity } = { ...USUAL, ...JSON.parse(localStorage.getItem(this.#stored) ?? "null") };
    Object.assign(this, { available, capacity });
    this.dispatchEvent(new Event("change"));
  }

  #hold(signal) {
    const begin = () => {
      this.#holds = true;
      this.#report();
    };
    // Plain http from another machine has no Web Locks: each desk then reports.
    if (!navigator.locks) return begin();
    const whole = () => new Promise((resolve) => (begin(), signal.addEventListener("abort", resolve)));
    return navigator.locks.request(this.#stored, { signal }, whole).catch((error) => {
      if (!signal.aborted) throw error;
    });
  }

  #due() {
    if (this.#holds && Date.now() - this.#last >= REPORT - CHECK / 2) this.#report();
  }

  async #report() {
    const { available, capacity } = this;
    const { signal } = this.#off;
    this.#last = Date.now();
    try {
      await this.#app.api.send("PUT", "/chats/presence", { body: { available, capacity }, signal });
      this.#become(false);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      this.#last = 0;
      this.#become(true);
    }
  }

  #become(lost) {
    if (lost === this.lost) return;
    this.lost = lost;
    this.dispatchEvent(new Event("change"));
  }
}

/** Say when a chat begins to wait, while one takes chats, and when one is given to me. `open(id)` shows a chat. */
export function announceChats(app, presence, open) {
  app.live.addEventListener("item", async ({ detail: { position, name, data } }) => {
    const waits = name === "AgentRequested" || name === "ReturnedToQueue";
    const given = name === "ChatTransferred";
    if (!(waits && presence.available) && !given) return;
    if (!app.isAgent || data.by.id === app.me.id) return;
    let chat;
    try {
      chat = (await app.api.get(`/chats/${data.chat_id}`, { minPosition: position })).data;
    } catch (error) {
      if (error instanceof ApiError) return;
      throw error;
    }
    const first = firstWords(chat);
    const short = first.length > NOTICE_CHARACTERS ? `${first.slice(0, NOTICE_CHARACTERS)}…` : first;
    const words = { name: chat.customer.name, words: short };
    if (given && chat.assignee?.id === app.me?.id) {
      const run = () => open(chat.id);
      app.notify(t("chats.given", { ...words, by: data.by.name }), { action: { label: t("chats.open"), run } });
    } else if (waits && chat.status === "WAITING_FOR_AGENT") {
      const run = async () => (await acceptChat(app, chat.id)) && open(chat.id);
      app.notify(t("chats.begins", words), { action: { label: t("chats.accept"), run } });
    }
  });
}
