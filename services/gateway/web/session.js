/* Who is signed in. A session is `{getToken(): string|Promise<string|null>, renew?(), signOut?()}`; the page that
   mounts an element gives its own, DevelopmentSession serves the local default. */

const STORED = "cf-support-session";

/** Development sign-in: a token of POST /dev/token, kept for this tab. */
export class DevelopmentSession {
  #stored = JSON.parse(sessionStorage.getItem(STORED) ?? "null");

  get canChoose() {
    return true;
  }

  /** The people one may sign in as, or null where development sign-in is off. Throws when the server is away. */
  async people() {
    const answer = await fetch("/dev/people", { headers: { Accept: "application/json" } });
    if (answer.status === 404) return null;
    if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
    return (await answer.json()).items;
  }

  async signIn({ sub, name, email, account, roles }) {
    const person = { sub, name, email, account, roles };
    const answer = await fetch("/dev/token", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(person),
    });
    const body = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(body.detail ?? `HTTP ${answer.status}`);
    this.#stored = { token: body.access_token, person };
    sessionStorage.setItem(STORED, JSON.stringify(this.#stored));
  }

  getToken() {
    return this.#stored?.token ?? null;
  }

  /** Called after a 401: true when a new token is at hand. */
  async renew() {
    if (!this.#stored) return false;
    await this.signIn(this.#stored.person);
    return true;
  }

  signOut() {
    this.#stored = null;
    sessionStorage.removeItem(STORED);
  }
}
