/* <cf-sign-in .app roles="customer,agent"> development sign-in: choose a person. Where it is off, it says where to
   sign in. `roles` says which groups there are, in order; `heading` replaces the title. Signs the app in by itself; event cf-signed-in (detail person). */
import { base, controls, states } from "../base.js";
import { CfElement, css, define, html, nothing } from "../element.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";
import { initials } from "../text.js";

export class CfSignIn extends CfElement {
  static properties = {
    roles: {},
    heading: {},
    people: { state: true },
    problem: { state: true },
    busy: { state: true },
  };

  static styles = [
    base,
    controls,
    states,
    css`
      :host {
        max-width: 460px;
        margin: 0 auto;
        padding: var(--cf-10) var(--cf-4);
      }
      h1 {
        margin-bottom: var(--cf-1);
      }
      h2 {
        margin: var(--cf-6) 0 var(--cf-2);
        font-size: var(--cf-text-m);
      }
      ul {
        overflow: hidden;
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius-l);
        background: var(--cf-surface);
      }
      li + li {
        border-top: 1px solid var(--cf-line);
      }
      li button {
        display: grid;
        grid-template-columns: 32px minmax(0, 1fr) 16px;
        gap: var(--cf-3);
        width: 100%;
        min-height: 60px;
        padding: var(--cf-2) var(--cf-4);
        border: 0;
        border-radius: 0;
        font-weight: 400;
        text-align: start;
        white-space: normal;
      }
      li button:focus-visible {
        outline-offset: -3px;
        border-radius: var(--cf-radius-l);
      }
      li svg.icon {
        color: var(--cf-text-2);
      }
      .face {
        display: grid;
        place-items: center;
        width: 32px;
        height: 32px;
        border-radius: 50%;
        background: var(--cf-accent-soft);
        color: var(--cf-accent);
        font-size: var(--cf-text-xs);
        font-weight: 600;
      }
      .name {
        display: block;
        font-weight: 500;
      }
      .what {
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      .notice {
        margin-top: var(--cf-3);
        padding: var(--cf-2) var(--cf-3);
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius);
        background: var(--cf-surface);
      }
    `,
  ];

  constructor() {
    super();
    this.roles = "customer,agent";
    this.people = undefined;
    this.problem = "";
    this.busy = false;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#load();
  }

  async #load() {
    this.problem = "";
    if (!this.app.session.canChoose) {
      this.people = null;
      return;
    }
    try {
      this.people = await this.app.session.people();
    } catch {
      this.problem = t("sign_in.people_failed");
    }
  }

  async #choose(person) {
    this.busy = true;
    this.problem = "";
    try {
      await this.app.session.signIn(person);
      await this.app.start();
      this.emit("cf-signed-in", person);
    } catch (error) {
      this.problem = t("sign_in.failed", { reason: error.message });
    } finally {
      this.busy = false;
    }
  }

  #group(role) {
    const people = this.people.filter((person) =>
      role === "customer" ? person.roles.includes("customer") : !person.roles.includes("customer"),
    );
    if (people.length === 0) return nothing;
    return html`<h2>${t(role === "customer" ? "sign_in.customers" : "sign_in.agents")}</h2>
      <ul>
        ${people.map(
          (person) =>
            html`<li>
              <button ?disabled=${this.busy} @click=${() => this.#choose(person)}>
                <span class="face" aria-hidden="true">${initials(person.name)}</span>
                <span
                  ><span class="name">${person.name}</span
                  ><span class="what"
                    >${[person.title, person.account].filter(Boolean).join(" · ")}</span
                  ></span
                >
                ${icon("chevron-right")}
              </button>
            </li>`,
        )}
      </ul>`;
  }

  render() {
    const { people } = this;
    return html`<h1 tabindex="-1">${this.heading ?? t("sign_in.title")}</h1>
      <p class="muted">${people === null ? t("sign_in.elsewhere") : t("sign_in.lead")}</p>
      ${this.app.reason ? html`<p class="notice">${this.app.reason}</p>` : nothing}
      <div role="alert">
        ${
          this.problem
            ? html`<p class="notice error">
                ${icon("circle-alert")}${this.problem}
                ${people ? nothing : html`<button class="link" @click=${this.#load}>${t("app.retry")}</button>`}
              </p>`
            : nothing
        }
      </div>
      ${people ? this.roles.split(",").map((role) => this.#group(role)) : nothing}`;
  }
}

define("cf-sign-in", CfSignIn);
