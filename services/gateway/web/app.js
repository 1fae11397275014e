/* What all elements of a page share: session, API client, live stream, outbox, who is signed in, short notices.
   An element takes it as its `app` property, or uses the page's own one (`sharedApp()`).

   Events of SupportApp: change (state, me or hub changed) · notice (detail {words, kind, action}) */
import { Api, ApiError } from "./api.js";
import { LiveStream } from "./live.js";
import { Outbox } from "./outbox.js";
import { DevelopmentSession } from "./session.js";
import { t } from "./strings.js";

export class SupportApp extends EventTarget {
  /** "starting" | "signed-out" | "ready" | "failed" */
  state = "starting";
  /** {id, name, email, account, roles} of GET /me. */
  me = null;
  /** GET /support/hub, or null while it is not there. */
  hub = null;
  /** Why nobody is signed in, or why the start failed; for people. */
  reason = null;
  #session;
  #run = 0;

  constructor({ base = "/api/v1", session = new DevelopmentSession() } = {}) {
    super();
    this.#session = session;
    const current = {
      getToken: () => this.#session.getToken(),
      renew: () => this.#session.renew?.() ?? false,
    };
    this.api = new Api({ base, session: current, onSignedOut: () => this.#signedOut(t("sign_in.expired")) });
    this.live = new LiveStream(this.api);
    this.outbox = null;
    this.live.addEventListener("state", (event) => event.detail.state === "live" && this.outbox?.flush());
  }

  get session() {
    return this.#session;
  }

  /** Give another session (the host's own tokens) and begin anew. */
  set session(session) {
    this.#session = session;
    this.start();
  }

  get isAgent() {
    return this.me?.roles.some((role) => role === "agent" || role === "admin") ?? false;
  }

  async start() {
    const run = (this.#run += 1);
    this.outbox?.close();
    this.#become("starting");
    try {
      if (!(await this.#session.getToken())) {
        if (run === this.#run) this.#signedOut(null);
        return;
      }
      this.#loadHub();
      const { data } = await this.api.get("/me");
      if (run !== this.#run) return;
      this.me = data;
    } catch (error) {
      if (run !== this.#run || error.status === 401) return;
      this.#become("failed", error instanceof ApiError ? error.words : error.message);
      return;
    }
    this.outbox = new Outbox(this.api, this.me.id);
    this.live.start(this.me.id);
    this.outbox.flush();
    this.#become("ready");
  }

  signOut() {
    this.#session.signOut?.();
    this.#signedOut(null);
  }

  /** Show a short notice; `action` is {label, run}. */
  notify(words, { kind = "info", action = null } = {}) {
    this.dispatchEvent(new CustomEvent("notice", { detail: { words, kind, action } }));
  }

  async #loadHub() {
    try {
      this.hub = (await this.api.get("/support/hub")).data;
      this.dispatchEvent(new Event("change"));
    } catch {
      // The cards are links beside the point; the page works without them and asks again when it is back.
      this.live.addEventListener("current", () => this.hub || this.#loadHub(), { once: true });
    }
  }

  #signedOut(reason) {
    this.live.stop();
    this.outbox?.close();
    this.me = null;
    this.#become("signed-out", reason);
  }

  #become(state, reason = null) {
    this.state = state;
    this.reason = reason;
    this.dispatchEvent(new Event("change"));
  }
}

let shared = null;

/** The one app of this page, made and started when it is first asked for. */
export function sharedApp() {
  if (!shared) {
    shared = new SupportApp();
    shared.start();
  }
  return shared;
}
