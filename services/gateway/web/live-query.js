/* A query that stays true: loads, keeps the old answer while it refreshes, and loads again when a live item says
   that something changed. A lit ReactiveController: the host is updated on each change.

   `load({signal, minPosition})` → {data, position}. `concerns(item)` says which live items matter (default: those of
   tickets). */
import { ApiError } from "./api.js";
import { t } from "./strings.js";

const FIRST = 30;
const SPACING = 700;

/** Whether a live item is about a ticket. */
export const ofTickets = (item) => item.data.ticket_id !== undefined;

/** Whether a live item is about a chat. */
export const ofChats = (item) => item.data.chat_id !== undefined;

export class LiveQuery {
  data = null;
  problem = null;
  loading = false;
  #host;
  #app = null;
  #load;
  #concerns;
  #abort = null;
  #off = null;
  #position = null;
  #least = 0;
  #followed = false;
  #timer = 0;
  #last = 0;

  constructor(host, load, { concerns = ofTickets } = {}) {
    this.#host = host;
    this.#load = load;
    this.#concerns = concerns;
    host.addController(this);
  }

  hostDisconnected() {
    this.stop();
  }

  /** Begin, or begin anew for another app or after a sign-in. */
  start(app) {
    this.stop();
    this.#app = app;
    this.#position = null;
    this.#least = 0;
    this.#followed = app.live.position !== null;
    this.#off = new AbortController();
    const { signal } = this.#off;
    app.live.addEventListener("item", ({ detail }) => this.#concerns(detail) && this.#soon(detail.position), {
      signal,
    });
    app.live.addEventListener("resync", () => this.#soon(0), { signal });
    app.live.addEventListener("current", ({ detail }) => this.#onCurrent(detail.position), { signal });
    return this.reload();
  }

  stop() {
    this.#off?.abort();
    this.#abort?.abort();
    clearTimeout(this.#timer);
    this.#app = null;
  }

  /** Load now. A reload that is overtaken by a newer one is dropped. */
  async reload() {
    if (!this.#app) return;
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#last = Date.now();
    this.#abort?.abort();
    const { signal } = (this.#abort = new AbortController());
    this.loading = true;
    this.#host.requestUpdate();
    try {
      const minPosition = Math.max(this.#least, this.#app.live.position ?? 0);
      const { data, position } = await this.#load({ signal, minPosition });
      this.data = data;
      this.#position = position;
      this.problem = null;
    } catch (error) {
      if (signal.aborted) return;
      this.problem = error instanceof ApiError ? error.words : t("problem.unknown");
      if (!(error instanceof ApiError)) throw error;
    } finally {
      if (!signal.aborted) {
        this.loading = false;
        this.#host.requestUpdate();
      }
    }
  }

  /** What was loaded before the stream began may miss what happened in between. */
  #onCurrent(position) {
    const behind = !this.#followed && (this.#position ?? 0) < position;
    this.#followed = true;
    if (behind || this.problem) this.#soon(position);
  }

  #soon(position) {
    this.#least = Math.max(this.#least, position);
    if (this.#timer) return;
    const pause = Math.max(FIRST, this.#last + SPACING - Date.now());
    this.#timer = setTimeout(() => this.reload(), pause);
  }
}
