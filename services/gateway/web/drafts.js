/* An unsent reply to one ticket: kept in this browser at once and on the server after a second, so it survives a
   reload and follows to another device. What this browser has not brought to the server yet wins over the server.

   Events: state (detail {state: "saving" | "saved" | "local", at: Date}) ·
           elsewhere (detail {body, attachments}: another tab wrote or sent it) */

const PAUSE = 1_000;

export class Draft extends EventTarget {
  #api;
  #path;
  #stored;
  #timer = 0;
  #last = Promise.resolve();

  constructor(api, person, ticketId, kind = "reply") {
    super();
    this.#api = api;
    // The server keeps one draft for each person and ticket: the public reply. A note stays in this browser.
    this.#path = kind === "reply" ? `/tickets/${ticketId}/draft` : null;
    this.#stored = `cf-support-draft:${person}:${ticketId}:${kind}`;
    addEventListener("storage", this.#onStorage);
  }

  /** Stop following the other tabs. */
  close() {
    removeEventListener("storage", this.#onStorage);
  }

  #onStorage = ({ key, newValue }) => {
    if (key !== this.#stored) return;
    const { body, attachments } = JSON.parse(newValue ?? "null") ?? { body: "", attachments: [] };
    this.dispatchEvent(new CustomEvent("elsewhere", { detail: { body, attachments } }));
  };

  /** → {body, attachments} or null. Throws nothing: without the server it answers what this browser has. */
  async load() {
    const here = this.#read();
    if (here?.unsynced) {
      this.#sync();
      return here.body || here.attachments.length ? here : null;
    }
    if (!this.#path) return here;
    try {
      const { data } = await this.#api.get(this.#path);
      return data && (data.body || data.attachments?.length) ? data : null;
    } catch {
      return here;
    }
  }

  save(body, attachments) {
    this.#write({ body, attachments, unsynced: this.#path !== null });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#sync(), PAUSE);
  }

  /** Forget it, here and on the server. */
  clear() {
    clearTimeout(this.#timer);
    if (this.#path) {
      this.#write({ body: "", attachments: [], unsynced: true });
      this.#sync();
    } else {
      localStorage.removeItem(this.#stored);
    }
  }

  #sync() {
    const draft = this.#read();
    if (!draft) return;
    if (!this.#path) {
      this.#tell("local");
      return;
    }
    if (draft.body || draft.attachments.length) this.#tell("saving");
    // One after the other: a late answer of an older save must not overwrite a newer one.
    this.#last = this.#last.then(() => this.#bring(draft));
  }

  async #bring(draft) {
    const empty = !draft.body && draft.attachments.length === 0;
    try {
      if (empty) await this.#api.send("DELETE", this.#path);
      else {
        const attachments = draft.attachments.map((file) => file.id);
        await this.#api.send("PUT", this.#path, { body: { body: draft.body, attachments } });
      }
    } catch {
      this.#tell("local");
      return;
    }
    const now = this.#read();
    if (now && now.body === draft.body && now.attachments.length === draft.attachments.length) {
      if (empty) localStorage.removeItem(this.#stored);
      else this.#write({ ...now, unsynced: false });
    }
    if (!empty) this.#tell("saved");
  }

  #read() {
    return JSON.parse(localStorage.getItem(this.#stored) ?? "null");
  }

  #write(draft) {
    localStorage.setItem(this.#stored, JSON.stringify(draft));
  }

  #tell(state) {
    this.dispatchEvent(new CustomEvent("state", { detail: { state, at: new Date() } }));
  }
}
