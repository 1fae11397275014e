/* One live stream for each browser. The tab that holds a Web Lock reads GET /live and hands every item to the
   other tabs over a BroadcastChannel; when it closes, the next tab takes over at the position it has seen.
   Items of a service arrive in order, once each. A tab that hears nothing for a while (its leader was frozen) takes the lock.

   Events of LiveStream:
     item      detail {position, name, data}           data as in the HTTP API
     signal    detail {name, data}                     without a position: shown for a moment, as typing
     resync    detail {after}                          the gap is too large: load everything anew
     current   detail {position, caughtUp}             everything up to position was handed out; caughtUp = how
                                                       many items came in after an interruption, else 0
     state     detail {state}                          "connecting" | "live" | "lost" */

const SILENCE = 25_000;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;

export class LiveStream extends EventTarget {
  state = "connecting";
  /** Everything up to here was handed out; null before the first connection. */
  position = null;
  /** What the stream gave as id last: the place to resume from. */
  #place = null;
  /** Service → position of its last item. */
  #seen = {};
  #api;
  #channel = null;
  #name = "";
  #leading = null;
  #stop = null;
  #heard = 0;
  #watch = 0;
  #wake = () => {};
  #cut = () => {};
  #quiet = 0;

  constructor(api) {
    super();
    this.#api = api;
  }

  /** Begin for the person with this id; streams of different people never mix. */
  start(person) {
    this.stop();
    this.#stop = new AbortController();
    this.#name = `cf-support-live:${this.#api.base}:${person}`;
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = (event) => this.#fromLeader(event.data);
    if (navigator.locks) this.#channel.postMessage({ kind: "hello" });
    this.#heard = Date.now();
    this.#queueForLead(false);
    this.#watch = setInterval(() => this.#checkLeader(), 5_000);
    const nudge = () => document.visibilityState === "visible" && this.#nudge();
    addEventListener("online", nudge, { signal: this.#stop.signal });
    // A connection that was cut stays silent; the browser knows at once.
    addEventListener("offline", () => this.#cut(), { signal: this.#stop.signal });
    document.addEventListener("visibilitychange", nudge, { signal: this.#stop.signal });
  }

  stop() {
    this.#stop?.abort();
    this.#channel?.close();
    clearInterval(this.#watch);
    clearTimeout(this.#quiet);
    this.#stop = this.#channel = this.#leading = null;
    this.position = this.#place = null;
    this.#seen = {};
    this.state = "connecting";
  }

  #queueForLead(steal) {
    const { signal } = this.#stop;
    if (!navigator.locks) {
      // Plain http from another machine has no Web Locks: each tab then reads its own stream.
      this.#leading = new AbortController();
      this.#lead(signal);
      return;
    }
    const options = steal ? { steal: true } : { signal };
    navigator.locks
      .request(this.#name, options, async () => {
        const term = new AbortController();
        this.#leading = term;
        await this.#lead(AbortSignal.any([term.signal, signal]));
        if (this.#leading === term) this.#leading = null;
      })
      .catch(() => {
        // Another tab took the lock: this one goes back into the queue.
        this.#leading?.abort();
        this.#leading = null;
        if (!signal.aborted) this.#queueForLead(false);
      });
  }

  #checkLeader() {
    if (this.#leading || document.visibilityState !== "visible") return;
    if (Date.now() - this.#heard > SILENCE) {
      this.#heard = Date.now();
      this.#queueForLead(true);
    }
  }

  #fromLeader(message) {
    if (message.kind === "hello") {
      if (this.#leading) this.#tell(this.#asState(this.state));
      return;
    }
    if (message.kind === "nudge") {
      this.#wake();
      return;
    }
    this.#heard = Date.now();
    if (!this.#leading) this.#take(message);
  }

  #nudge() {
    this.#wake();
    this.#channel?.postMessage({ kind: "nudge" });
  }

  /** Tell this tab and all others. */
  #hand(message) {
    this.#tell(message);
    this.#take(message);
  }

  #tell(message) {
    this.#channel?.postMessage(message);
  }

  #take(message) {
    if (message.kind === "item") {
      const { service, place, item } = message;
      if (item.position <= Math.max(this.#seen[service] ?? 0, upTo(this.#place, service))) return;
      this.#seen[service] = item.position;
      this.#place = place;
      this.position = Math.max(this.position ?? 0, item.position);
      this.#emit("item", item);
    } else if (message.kind === "signal") {
      this.#emit("signal", message.signal);
    } else if (message.kind === "resync") {
      this.position = message.after ?? this.position;
      this.#place = message.place ?? this.#place;
      this.#emit("resync", { after: message.after });
    } else if (message.kind === "current") {
      if (message.position !== null) this.position = Math.max(this.position ?? 0, message.position);
      this.#place = message.place ?? this.#place;
      this.#emit("current", { position: this.position, caughtUp: message.caughtUp });
    } else if (message.kind === "state") {
      const first = this.position === null && message.position !== null && message.position !== undefined;
      if (first) {
        this.position = message.position;
        this.#place = message.place;
      }
      if (message.state !== this.state) {
        this.state = message.state;
        this.#emit("state", { state: message.state });
      }
      if (first) this.#emit("current", { position: this.position, caughtUp: 0 });
    }
  }

  #asState(state) {
    return { kind: "state", state, position: this.position, place: this.#place };
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  async #lead(signal) {
    let pause = FIRST_PAUSE;
    while (!signal.aborted) {
      let wait = null;
      try {
        await this.#read(signal, () => (pause = FIRST_PAUSE));
      } catch (error) {
        if (signal.aborted) break;
        wait = error.retryAfter ? error.retryAfter * 1000 : null;
        if (error.status === 401) break;
      }
      if (signal.aborted) break;
      this.#hand(this.#asState("lost"));
      await this.#rest(wait ?? pause * (0.75 + Math.random() / 2), signal);
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
  }

  #rest(milliseconds, signal) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = resolve;
      signal.addEventListener("abort", resolve, { once: true });
      signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
    });
  }

  async #read(signal, onConnected) {
    const stall = new AbortController();
    this.#cut = () => stall.abort();
    const both = AbortSignal.any([signal, stall.signal]);
    const after = this.#place === null ? "" : `?after=${encodeURIComponent(this.#place)}`;
    const answer = await this.#api.raw(`/live${after}`, {
      headers: { Accept: "text/event-stream" },
      signal: both,
    });
    let timer = 0;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(() => stall.abort(), SILENCE);
    };
    const catchUp = { resumed: after !== "", count: 0, first: true, done: false };
    const reader = answer.body.getReader();
    const onGone = () => reader.cancel().catch(() => {});
    both.addEventListener("abort", onGone, { once: true });
    const parser = new EventParser((event) => this.#onEvent(event, catchUp, onConnected));
    const decoder = new TextDecoder();
    try {
      for (alive(); ; alive()) {
        const { value, done } = await reader.read();
        if (done || both.aborted) return;
        parser.push(decoder.decode(value, { stream: true }));
      }
    } finally {
      clearTimeout(timer);
      clearTimeout(this.#quiet);
    }
  }

  #onEvent({ id, event, data }, catchUp, onConnected) {
    const body = JSON.parse(data);
    if (event === "heartbeat") {
      if (catchUp.first) {
        onConnected();
        const fresh = { position: body.position, place: String(body.position) };
        this.#hand({ ...this.#asState("live"), ...(catchUp.resumed ? {} : fresh) });
        // The first heartbeat names the head, which may lie before items that are still on their way here.
        if (catchUp.resumed) this.#settle(catchUp);
        else catchUp.done = true;
      } else {
        // With an id it is a place to resume from: everything up to it was sent.
        this.#finish(catchUp, id === "" ? {} : { position: body.position, place: id });
      }
      catchUp.first = false;
    } else if (event === "resync") {
      catchUp.done = true;
      this.#hand({ kind: "resync", after: body.after, place: id || null });
    } else if (id !== "") {
      // An id begins with the position of its event.
      const item = { position: Number.parseInt(id, 10), name: event, data: body };
      this.#hand({ kind: "item", service: body.ticket_id ? "tickets" : "chat", place: id, item });
      if (!catchUp.done) {
        catchUp.count += 1;
        this.#settle(catchUp);
      }
    } else {
      this.#hand({ kind: "signal", signal: { name: event, data: body } });
    }
  }

  #settle(catchUp) {
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#finish(catchUp, {}), 600);
  }

  #finish(catchUp, { position = null, place = null }) {
    clearTimeout(this.#quiet);
    this.#hand({ kind: "current", position, place, caughtUp: catchUp.done ? 0 : catchUp.count });
    catchUp.done = true;
  }
}

/** How far the events of `service` are known at a place: "110.chat-130" is 130 for chat and 110 for the others. */
function upTo(place, service) {
  if (place === null) return 0;
  const named = place.match(new RegExp(`\\.${service}-([0-9]+)`));
  return Number(named ? named[1] : Number.parseInt(place, 10));
}

/** Server-sent events out of text that arrives in pieces: onEvent({id, event, data}). */
export class EventParser {
  #rest = "";
  #event = { id: "", event: "message", data: [] };

  constructor(onEvent) {
    this.onEvent = onEvent;
  }

  push(text) {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop();
    for (const line of lines) this.#line(line);
  }

  #line(line) {
    if (line === "") {
      const { id, event, data } = this.#event;
      this.#event = { id: "", event: "message", data: [] };
      if (data.length) this.onEvent({ id, event, data: data.join("\n") });
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.#event.data.push(value);
    else if (name === "id" || name === "event") this.#event[name] = value;
  }
}
