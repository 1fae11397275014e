/* The HTTP API as a small client: bearer token, deadlines, problem+json as ApiError, idempotency keys, and
   read-your-writes (after a command every query of tickets and chats asks for at least the command's position). */
import { t } from "./strings.js";

const DEADLINE = 15_000;
/** What can wait for a position. */
const FOLLOWS = /^\/(tickets(\/|$)|chats(\/[0-9a-f-]{36}(\/messages)?)?$)/;

/** A refused or failed request. `status` 0 means that no answer came; then `code` is network or timeout. */
export class ApiError extends Error {
  constructor(status, problem = {}, retryAfter = null) {
    super(problem.detail || problem.title || t("problem.unknown"));
    this.name = "ApiError";
    this.status = status;
    this.code = problem.code ?? "unknown";
    this.errors = problem.errors ?? {};
    this.problem = problem;
    this.retryAfter = retryAfter;
  }

  /** True when the same request may succeed later. */
  get transient() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /** A sentence for people. */
  get words() {
    if (this.code === "network" || this.code === "timeout") return t(`problem.${this.code}`);
    if (this.status === 429) return t("problem.rate_limited");
    if (this.status >= 500) return t("problem.unavailable");
    return this.message;
  }
}

export function newKey() {
  // randomUUID is missing where the page came over plain http from another machine.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Api {
  #session;
  #written = 0;

  /** `session`: see session.js. `onSignedOut()` is called when the server no longer takes the token. */
  constructor({ base = "/api/v1", session, onSignedOut = () => {} }) {
    this.base = base;
    this.#session = session;
    this.onSignedOut = onSignedOut;
  }

  /** The position of the newest command that this page has sent. */
  get written() {
    return this.#written;
  }

  noteWritten(position) {
    if (Number.isFinite(position)) this.#written = Math.max(this.#written, position);
  }

  /** GET → {data, revision, position}. `query` values may be lists (repeated) and are left out when empty. */
  get(path, { query = {}, signal, minPosition } = {}) {
    const params = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      for (const one of [value].flat())
        if (one !== null && one !== undefined && one !== "") params.append(name, one);
    }
    const least = Math.max(minPosition ?? 0, this.#written);
    if (least > 0 && FOLLOWS.test(path)) params.set("min_position", least);
    const search = params.size ? `?${params}` : "";
    return this.#request("GET", path + search, { signal });
  }

  /** A command → {data, revision, position}. `key` makes a repetition harmless; keep it for the same body. */
  async send(method, path, { body, key = newKey(), revision, signal } = {}) {
    const headers = { "Idempotency-Key": key };
    if (revision !== undefined) headers["If-Match"] = `"${revision}"`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const payload = body === undefined ? undefined : JSON.stringify(body);
    const answer = await this.#request(method, path, { headers, body: payload, signal });
    this.noteWritten(answer.data?.position);
    return answer;
  }

  /** Like `send`, tried again up to three times while the trouble is transient. */
  async insist(method, path, options = {}) {
    const fixed = { key: newKey(), ...options };
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.send(method, path, fixed);
      } catch (error) {
        if (!(error instanceof ApiError) || !error.transient || error.status === 429 || attempt === 3)
          throw error;
        await new Promise((resolve) => setTimeout(resolve, attempt * 600));
      }
    }
  }

  /** The content of a file as a Blob. */
  async blob(path, { signal } = {}) {
    return (await this.raw(path, { signal, deadline: 120_000 })).blob();
  }

  /** A GET whose body the caller reads; used for files and live streams. */
  async raw(path, { headers = {}, signal, deadline = DEADLINE } = {}) {
    const answer = await this.#fetch(path, { headers, signal }, deadline);
    if (!answer.ok) throw await problemOf(answer);
    return answer;
  }

  /** POST /attachments with progress (0–1) → Attachment. */
  async upload(file, { key = newKey(), onProgress = () => {}, signal } = {}) {
    const token = await this.#session.getToken();
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", `${this.base}/attachments`);
      request.setRequestHeader("Authorization", `Bearer ${token}`);
      request.setRequestHeader("Idempotency-Key", key);
      request.setRequestHeader("Accept", "application/json");
      request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
      request.onload = () => {
        const body = parse(request.responseText);
        if (request.status >= 200 && request.status < 300) resolve(body);
        else reject(new ApiError(request.status, body));
      };
      request.onerror = () => reject(new ApiError(0, { code: "network" }));
      request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
      signal?.addEventListener("abort", () => request.abort(), { once: true });
      const form = new FormData();
      form.append("file", file, file.name);
      request.send(form);
    });
  }

  async #request(method, path, { headers = {}, body, signal } = {}) {
    const answer = await this.#fetch(path, { method, headers, body, signal }, DEADLINE, { whole: true });
    if (!answer.ok) throw await problemOf(answer);
    const data = answer.status === 204 ? null : await whole(answer, signal);
    const revision = answer.headers.get("ETag")?.match(/\d+/)?.[0];
    const position = answer.headers.get("X-Position") ?? data?.position;
    return {
      data,
      revision: revision === undefined ? null : Number(revision),
      position: position === undefined || position === null ? null : Number(position),
    };
  }

  /** `whole`: the deadline covers the body too, not only the time until the answer begins. */
  async #fetch(path, options, deadline, { whole = false, again = true } = {}) {
    const token = await this.#session.getToken();
    const limit = new AbortController();
    const late = setTimeout(() => limit.abort(new DOMException("deadline", "TimeoutError")), deadline);
    const signal = options.signal ? AbortSignal.any([options.signal, limit.signal]) : limit.signal;
    const headers = { Accept: "application/json", ...options.headers };
    if (token) headers.Authorization = `Bearer ${token}`;
    let answer;
    try {
      answer = await fetch(this.base + path, { ...options, headers, signal, cache: "no-store" });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new ApiError(0, { code: limit.signal.aborted ? "timeout" : "network" });
    } finally {
      if (!whole || !answer) clearTimeout(late);
    }
    if (answer.status !== 401) return answer;
    const renewed = again && (await Promise.resolve(this.#session.renew?.()).catch(() => false));
    if (renewed) return this.#fetch(path, options, deadline, { whole, again: false });
    this.onSignedOut();
    return answer;
  }
}

async function whole(answer, signal) {
  try {
    return await answer.json();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, { code: error.name === "TimeoutError" ? "timeout" : "network" });
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

async function problemOf(answer) {
  const wait = Number(answer.headers.get("Retry-After"));
  return new ApiError(answer.status, parse(await answer.text()), wait > 0 ? wait : null);
}
