/* <cf-chat .app chat="id"> the live chat: one conversation with the assistant and, in hours, with a person. Without
   `chat` it is the open one of the person who is signed in, or a new one. Can stand alone.

   Properties: hrefTo(id | null), articleHref({slug, anchor}), faqHref(id), ticketHref(id) → addresses.
   Events: cf-go (detail {href}; preventDefault() keeps the link from being followed) · cf-new: a ticket is asked for. */
import { ApiError, newKey } from "../web/api.js";
import { plainClick } from "../web/article.js";
import { base, controls, states } from "../web/base.js";
import { ChatModel } from "../web/chat-model.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import "../web/elements/cf-composer.js";
import "../web/elements/cf-dialog.js";
import "../web/elements/cf-menu.js";
import "../web/elements/cf-time.js";
import { CATEGORIES, PRIORITIES } from "../web/filters.js";
import { icon } from "../web/icons.js";
import { t } from "../web/strings.js";
import { firstName } from "../web/text.js";
import { inBothZones } from "../web/time.js";
import { dropTarget } from "../web/uploads.js";
import "./cf-chat-thread.js";

const STARTERS = ["password", "status", "server"];

export class CfChat extends CfElement {
  static properties = {
    chat: {},
    hrefTo: { attribute: false },
    articleHref: { attribute: false },
    faqHref: { attribute: false },
    ticketHref: { attribute: false },
    arrived: { state: true },
    busy: { state: true },
    over: { state: true },
    offer: { state: true },
    errors: { state: true },
  };

  static styles = [
    base,
    controls,
    states,
    css`
      .card {
        position: relative;
        display: grid;
        grid-template-rows: auto minmax(0, 1fr) auto;
        height: calc(100dvh - 150px);
        min-height: 460px;
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius-l);
        background: var(--cf-surface);
        overflow: clip;
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--cf-2) var(--cf-3);
        min-height: 56px;
        padding: var(--cf-2) var(--cf-3) var(--cf-2) var(--cf-4);
        border-bottom: 1px solid var(--cf-line);
      }
      .head .who {
        display: flex;
        align-items: center;
        gap: 10px;
        min-width: 0;
      }
      .badge-icon {
        display: grid;
        place-items: center;
        width: 32px;
        height: 32px;
        flex: none;
        border-radius: 50%;
        background: var(--cf-accent-soft);
        color: var(--cf-accent);
      }
      h2 {
        font-size: var(--cf-text-m);
      }
      .head p {
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
        line-height: 1.35;
      }
      .scroll {
        overflow-y: auto;
        overscroll-behavior: contain;
        padding: var(--cf-4) var(--cf-5);
      }
      .scroll:focus-visible {
        outline-offset: -3px;
      }
      .inside {
        max-width: 800px;
        margin: 0 auto;
      }
      .foot {
        position: relative;
        padding: 0 var(--cf-5) var(--cf-4);
      }
      .status {
        min-height: 24px;
        padding: 2px 0;
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      .dots {
        display: inline-flex;
        gap: 3px;
        margin-inline-end: 6px;
      }
      .dots i {
        width: 5px;
        height: 5px;
        border-radius: 50%;
        background: currentColor;
      }
      @media (prefers-reduced-motion: no-preference) {
        .dots i {
          animation: dot 1.2s infinite;
        }
        .dots i:nth-child(2) {
          animation-delay: 0.15s;
        }
        .dots i:nth-child(3) {
          animation-delay: 0.3s;
        }
      }
      @keyframes dot {
        50% {
          opacity: 0.25;
        }
      }
      .note {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--cf-2) var(--cf-3);
        margin-bottom: var(--cf-2);
        padding: var(--cf-2) var(--cf-3);
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius);
        background: var(--cf-bg);
      }
      .note > p {
        flex: 1 1 240px;
      }
      .note.waits {
        border-color: transparent;
        background: var(--cf-info-soft);
        color: var(--cf-info);
      }
      .jump {
        position: absolute;
        inset-block-start: -36px;
        inset-inline: 0;
        width: fit-content;
        margin-inline: auto;
        border-radius: var(--cf-radius-round);
        border-color: var(--cf-accent);
        color: var(--cf-accent);
        box-shadow: var(--cf-shadow-l);
      }
      .start {
        display: grid;
        gap: var(--cf-5);
        padding: var(--cf-4) 0;
      }
      .start h3 {
        font-size: var(--cf-text-xl);
      }
      .start h4 {
        margin: 0 0 var(--cf-2);
        font-size: var(--cf-text-m);
        font-weight: 600;
      }
      .can {
        display: grid;
        gap: var(--cf-2);
        margin-top: var(--cf-3);
      }
      .can li {
        display: grid;
        grid-template-columns: 16px minmax(0, 1fr);
        gap: var(--cf-2);
      }
      .can svg.icon {
        margin-top: 3px;
        color: var(--cf-accent);
      }
      .starters {
        display: flex;
        flex-wrap: wrap;
        gap: var(--cf-2);
      }
      .starters button {
        border-radius: var(--cf-radius-round);
      }
      .past li + li {
        border-top: 1px solid var(--cf-line);
      }
      .past a {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--cf-3);
        min-height: 40px;
        color: var(--cf-text);
        text-decoration: none;
      }
      .past a:hover span:first-child {
        text-decoration: underline;
      }
      .past a span:first-child {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .past a span:last-child {
        flex: none;
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      .drop {
        position: absolute;
        z-index: 20;
        inset: 0;
        display: grid;
        place-items: center;
        border: 2px dashed var(--cf-accent);
        border-radius: var(--cf-radius-l);
        background: color-mix(in srgb, var(--cf-accent-soft) 88%, transparent);
        color: var(--cf-accent);
        font-weight: 600;
        pointer-events: none;
      }
      form {
        display: grid;
        gap: var(--cf-3);
      }
      .two {
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: var(--cf-3);
      }
      .bones {
        display: grid;
        gap: var(--cf-4);
      }
      .bone {
        width: 60%;
        height: 44px;
      }
      .bone:nth-child(2) {
        width: 40%;
        justify-self: end;
      }
      @media (max-width: 640px) {
        .head .badge-icon,
        .head p:not(.role) {
          display: none;
        }
        .card {
          height: calc(100dvh - 134px);
        }
        .head {
          padding: var(--cf-2) var(--cf-2) var(--cf-2) var(--cf-3);
        }
        .scroll {
          padding: var(--cf-3);
        }
        .foot {
          padding: 0 var(--cf-2) var(--cf-2);
        }
      }
    `,
  ];

  #model = null;
  #off = null;
  /** Whether the view follows the newest message, until the reader scrolls away from it. */
  #follows = true;
  #height = 0;
  #top = 0;
  #undrop = () => {};
  #sized = null;
  #ticketKey = "";

  constructor() {
    super();
    this.chat = null;
    this.arrived = 0;
    this.busy = this.over = false;
    this.offer = null;
    this.errors = {};
    this.hrefTo = (id) => `/support/live-chat${id ? `/${id}` : ""}`;
    this.articleHref = ({ slug, anchor }) => `/support/knowledge-base/${slug}${anchor ? `#${anchor}` : ""}`;
    this.faqHref = (id) => `/support/faq#${id}`;
    this.ticketHref = (id) => `/support/tickets/${id}`;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#undrop = dropTarget(this, {
      onOver: (over) => (this.over = over && this.#writes),
      onFiles: (files) => this.#composer?.addFiles(files),
    });
    this.#sized = new ResizeObserver(() => {
      const { foot, scroll } = this.#parts;
      // Notices stand above the composer; a hidden panel has no height.
      document.documentElement.style.setProperty("--cf-foot", `${Math.ceil(foot?.offsetHeight ?? 0)}px`);
      if (scroll) this.#height = scroll.scrollHeight - scroll.clientHeight;
      if (this.#follows) this.#follow();
    });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#undrop();
    this.#sized.disconnect();
    document.documentElement.style.removeProperty("--cf-foot");
    this.#close();
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (this.app.state !== "ready" || !this.#isCustomer) this.#close();
    else if (!this.#model || changed.has("chat")) this.#open();
  }

  updated() {
    const { foot, scroll, thread } = this.#parts;
    for (const part of [foot, scroll, thread]) if (part) this.#sized.observe(part);
  }

  get #isCustomer() {
    return this.app.me?.roles.includes("customer") ?? false;
  }

  get #parts() {
    const find = (selector) => this.renderRoot.querySelector(selector);
    return { foot: find(".foot"), scroll: find(".scroll"), thread: find("cf-chat-thread") };
  }

  get #composer() {
    return this.renderRoot.querySelector("cf-composer");
  }

  get #writes() {
    const model = this.#model;
    return model?.state === "ready" && (!model.chat || model.can("write"));
  }

  #close() {
    this.#off?.abort();
    this.#model?.close();
    this.#model = null;
  }

  #open() {
    this.#close();
    this.#follows = true;
    this.arrived = 0;
    this.offer = null;
    this.#model = new ChatModel(this.app, this.chat || null);
    const { signal } = (this.#off = new AbortController());
    this.#model.addEventListener("change", () => this.requestUpdate(), { signal });
    this.#model.addEventListener("arrived", () => this.#onArrived(), { signal });
    this.#model.open();
  }

  #onArrived() {
    if (!this.#follows) this.arrived += 1;
  }

  #onScroll({ target }) {
    const height = target.scrollHeight - target.clientHeight;
    // What grew or shrank moves the page, too; only the reader stops it from following.
    const byReader = height === this.#height;
    this.#height = height;
    if (height - target.scrollTop < 32) this.#follows = true;
    else if (byReader && target.scrollTop < this.#top) this.#follows = false;
    this.#top = target.scrollTop;
    if (this.#follows) this.arrived = 0;
  }

  /** Show the newest message: its end, or its beginning where it is longer than the view. */
  #follow() {
    const { scroll, thread } = this.#parts;
    const last = thread?.newest;
    if (!last) {
      if (scroll) scroll.scrollTop = 0;
      return;
    }
    const beginning = last.getBoundingClientRect().top - scroll.getBoundingClientRect().top + scroll.scrollTop;
    scroll.scrollTop = Math.min(scroll.scrollHeight - scroll.clientHeight, beginning - 8);
    this.#top = scroll.scrollTop;
  }

  #toEnd() {
    const { scroll } = this.#parts;
    this.#follows = true;
    this.arrived = 0;
    scroll.scrollTop = scroll.scrollHeight;
  }

  #send(message) {
    this.#model.send(message);
    this.#toEnd();
  }

  /** Do something that may be refused; true when it is done. */
  async #try(act) {
    if (this.busy) return false;
    this.busy = true;
    try {
      await act();
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.code === "outside_business_hours") await this.#model.loadHours();
      this.app.notify(t("ticket.action_failed", { reason: error.words }), { kind: "danger" });
      return false;
    } finally {
      this.busy = false;
    }
  }

  async #person() {
    if (await this.#try(() => this.#model.run("handoff"))) this.#composer?.focus();
  }

  async #withdraw() {
    const done = await this.#try(() => this.#model.run("handoff", {}, { method: "DELETE" }));
    // The button that had the focus is gone.
    if (done) this.#composer?.focus();
  }

  async #end() {
    if (!(await this.#try(() => this.#model.run("end")))) return;
    await this.updateComplete;
    this.renderRoot.querySelector("#again")?.focus();
  }

  async #again() {
    if (!(await this.#try(() => this.#model.begin()))) return;
    if (this.chat) this.#go(this.hrefTo(null));
    await this.updateComplete;
    this.#composer?.focus();
  }

  /** One click: everything that the ticket says comes from the conversation. */
  #ticket() {
    return this.#try(() => this.#model.run("ticket"));
  }

  #act({ action }) {
    if (action.kind === "talk_to_person") this.#person();
    else if (action.kind === "open_ticket") this.#offerTicket(action);
    else this.#send({ button: action });
  }

  #offerTicket(action) {
    this.errors = {};
    this.#ticketKey = newKey();
    this.offer = action;
  }

  async #confirmTicket(event) {
    event.preventDefault();
    const fields = new FormData(event.target);
    const body = {};
    for (const [name, value] of fields) if (value.trim()) body[name] = value.trim();
    if (body.subject && body.subject.length < 3) {
      this.errors = { subject: t("check.subject_short") };
      return;
    }
    this.busy = true;
    try {
      await this.#model.run("ticket", body, { key: this.#ticketKey });
      this.offer = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // Another body needs another key.
      this.#ticketKey = newKey();
      const errors = Object.entries(error.errors).map(([name, [words]]) => [name, words]);
      this.errors = errors.length ? Object.fromEntries(errors) : { all: error.words };
    } finally {
      this.busy = false;
    }
  }

  #go(href) {
    if (this.emit("cf-go", { href })) location.assign(href);
  }

  #onLink(event, href) {
    if (!plainClick(event)) return;
    if (!this.emit("cf-go", { href })) event.preventDefault();
  }

  #onLine({ action }) {
    if (action === "withdraw") this.#withdraw();
    else if (action === "end") this.#end();
    else this.#ticket();
  }

  #who() {
    const { chat } = this.#model;
    if (chat?.status === "WITH_AGENT" && chat.assignee)
      return { sign: "user", title: firstName(chat.assignee.name), lead: t("thread.agent"), role: true };
    if (chat?.status === "WAITING_FOR_AGENT")
      return { sign: "hourglass", title: t("chat.waiting"), lead: t("chat.waiting.lead") };
    if (chat?.status === "ENDED") return { sign: "archive", title: t("chat.ended"), lead: t("chat.ended.lead") };
    return { sign: "bot", title: t("chat.assistant"), lead: t("chat.assistant.lead") };
  }

  #head() {
    const model = this.#model;
    const { sign, title, lead, role } = this.#who();
    const open = model.availability?.human;
    const person = open && (!model.chat || model.can("request_agent"));
    const items = [
      ...(model.can("make_ticket") && !model.chat.ticket_id && model.messages.length
        ? [{ value: "ticket", label: t("chat.ticket_of_chat"), icon: "ticket" }]
        : []),
      ...(model.can("end") ? [{ value: "end", label: t("chat.end"), icon: "x" }] : []),
    ];
    return html`<div class="head">
      <div class="who">
        <span class="badge-icon">${icon(sign)}</span>
        <div>
          <h2>${title}</h2>
          <p class=${role ? "role" : ""}>${lead}</p>
        </div>
      </div>
      <div class="row">
        ${
          this.chat
            ? html`<a
                class="button plain"
                href=${this.hrefTo(null)}
                @click=${(event) => this.#onLink(event, this.hrefTo(null))}
                >${icon("arrow-left")}${t("chat.back")}</a
              >`
            : nothing
        }
        ${
          person
            ? html`<button ?disabled=${this.busy} @click=${this.#person}>${icon("user")}${t("chat.person")}</button>`
            : nothing
        }
        ${
          items.length
            ? html`<cf-menu
                label=${t("chat.more")}
                variant="plain icon-only"
                side="end"
                .items=${items}
                @cf-choose=${({ detail }) => (detail.value === "end" ? this.#end() : this.#ticket())}
                >${icon("more-horizontal")}</cf-menu
              >`
            : nothing
        }
      </div>
    </div>`;
  }

  #start() {
    const person = this.#model.availability?.human;
    return html`<div class="start">
      <div>
        <h3>${t("chat.start.title")}</h3>
        <ul class="can">
          ${["answers", "guides", "status", "people"].map(
            (what) => html`<li>${icon("check")}<span>${t(`chat.start.${what}`)}</span></li>`,
          )}
        </ul>
      </div>
      <div class="starters" role="group" aria-label=${t("chat.starters")}>
        ${STARTERS.map(
          (name) =>
            html`<button @click=${() => this.#send({ body: t(`chat.starter.${name}`) })}>
              ${t(`chat.starter.${name}`)}
            </button>`,
        )}
        ${
          person
            ? html`<button ?disabled=${this.busy} @click=${this.#person}>${icon("user")}${t("chat.person")}</button>`
            : nothing
        }
      </div>
      <p class="muted small">${t("chat.beta")}</p>
      ${this.#pastChats()}
    </div>`;
  }

  #pastChats() {
    const { past } = this.#model;
    if (!past.length) return nothing;
    return html`<section aria-labelledby="past">
      <h4 id="past">${t("chat.past")}</h4>
      <ul class="past">
        ${past.map((chat) => {
          const href = this.hrefTo(chat.id);
          return html`<li>
            <a href=${href} @click=${(event) => this.#onLink(event, href)}>
              <span>${chat.question ?? t("chat.past.none")}</span>
              <span>${chat.ticket_number ?? nothing} <cf-time quiet at=${chat.updated_at}></cf-time></span>
            </a>
          </li>`;
        })}
      </ul>
    </section>`;
  }

  #status() {
    const { typing, answer } = this.#model;
    const dots = html`<span class="dots" aria-hidden="true"><i></i><i></i><i></i></span>`;
    if (typing) return html`${dots}${t("chat.typing", { name: firstName(typing.name) })}`;
    if (answer === "writing") return html`${dots}${t("chat.writing")}`;
    return answer === "slow" ? t("chat.slow") : nothing;
  }

  #waits() {
    const { chat } = this.#model;
    return html`<div class="note waits">
      <p role="status">
        ${chat.queue_position ? t("chat.place", { n: chat.queue_position }) : t("chat.waiting.lead")}
      </p>
      <button class="compact" ?disabled=${this.busy} @click=${this.#withdraw}>${t("chat.withdraw")}</button>
    </div>`;
  }

  #closed() {
    const model = this.#model;
    const { availability } = model;
    if (availability?.human !== false || model.chat?.status === "WITH_AGENT") return nothing;
    const { opens_at: opens, timezone } = availability;
    const city = timezone.split("/").at(-1).replaceAll("_", " ");
    const { there, here } = opens ? inBothZones(new Date(opens), timezone) : { there: null, here: null };
    const when = here ? t("chat.back_at.both", { there, city, here }) : t("chat.back_at", { there, city });
    const said = model.chat && model.messages.length > 0;
    return html`<div class="note">
      <p>${there ? when : t("chat.back_at.unknown")}</p>
      ${
        said
          ? html`<button class="compact" ?disabled=${this.busy} @click=${this.#ticket}>
              ${icon("ticket")}${t("chat.ticket_of_chat")}
            </button>`
          : html`<button class="compact" @click=${() => this.emit("cf-new")}>
              ${icon("plus")}${t("coming.ticket")}
            </button>`
      }
    </div>`;
  }

  #over() {
    const { chat } = this.#model;
    const href = chat.ticket_id ? this.ticketHref(chat.ticket_id) : null;
    return html`<div class="note">
      <p role="status">
        ${href ? t("chat.ended.ticket") : t("chat.ended.text")}
        ${
          href
            ? html`<a href=${href} @click=${(event) => this.#onLink(event, href)}
                >${t("chat.ticket", { number: chat.ticket_number })}</a
              >`
            : nothing
        }
      </p>
      <span class="row wrap">
        ${
          href
            ? nothing
            : html`<button class="compact" ?disabled=${this.busy} @click=${this.#ticket}>
                ${icon("ticket")}${t("chat.ticket_of_chat")}
              </button>`
        }
        <button class="compact primary" id="again" ?disabled=${this.busy} @click=${this.#again}>
          ${icon("plus")}${t("chat.again")}
        </button>
      </span>
    </div>`;
  }

  #foot() {
    const model = this.#model;
    const note = model.ended ? this.#over() : model.can("withdraw_request") ? this.#waits() : this.#closed();
    return html`<div class="foot">
      ${
        this.arrived
          ? html`<button class="compact jump" @click=${this.#toEnd}>
              ${icon("arrow-down")}${t("thread.jump", { n: this.arrived })}
            </button>`
          : nothing
      }
      <div class="inside">
        <div class="status" role="status">${this.#status()}</div>
        ${note}
        ${
          this.#writes
            ? html`<cf-composer
                .app=${this.app}
                .modes=${["chat"]}
                ticket="live-chat"
                @cf-send=${({ detail }) => this.#send(detail)}
                @cf-write=${({ detail }) => detail.value.trim() && model.type()}
              ></cf-composer>`
            : nothing
        }
      </div>
    </div>`;
  }

  #select(name, values, chosen) {
    return html`<div class="field">
      <label for=${name}>${t(`new.${name}`)}</label>
      <select id=${name} name=${name}>
        ${values.map(
          (value) => html`<option value=${value} ?selected=${value === chosen}>${t(`${name}.${value}`)}</option>`,
        )}
      </select>
    </div>`;
  }

  #error(name) {
    return this.errors[name] ? html`<p class="error">${icon("circle-alert")}${this.errors[name]}</p>` : nothing;
  }

  #ticketForm() {
    const { offer } = this;
    return html`<cf-dialog
      heading=${t("chat.form.title")}
      .open=${offer !== null}
      @cf-close=${() => (this.offer = null)}
    >
      ${
        offer
          ? html`<form id="form" novalidate @submit=${this.#confirmTicket}>
              <p class="muted">${t("chat.form.text")}</p>
              <div role="alert">${["all", "subject", "description"].map((name) => this.#error(name))}</div>
              <div class="field">
                <label for="subject">${t("new.subject")}</label>
                <input
                  id="subject"
                  name="subject"
                  maxlength="150"
                  aria-invalid=${Boolean(this.errors.subject)}
                  .value=${offer.subject ?? ""}
                />
              </div>
              <div class="two">
                ${this.#select("category", CATEGORIES, offer.category ?? "GENERAL")}
                ${this.#select("priority", PRIORITIES, offer.priority ?? "MEDIUM")}
              </div>
              <div class="field">
                <label for="description">${t("chat.form.description")}</label>
                <textarea id="description" name="description" rows="5" .value=${offer.description ?? ""}></textarea>
              </div>
            </form>`
          : nothing
      }
      <button slot="actions" @click=${() => (this.offer = null)}>${t("app.cancel")}</button>
      <button
        slot="actions"
        class="primary"
        ?disabled=${this.busy}
        @click=${() => this.renderRoot.querySelector("#form").requestSubmit()}
      >
        ${icon("ticket")}${t("coming.ticket")}
      </button>
    </cf-dialog>`;
  }

  #empty(sign, title, text, action = nothing) {
    return html`<div class="empty" role="alert">
      <span class="badge">${icon(sign)}</span>
      <h2>${title}</h2>
      <p>${text}</p>
      <div class="row">${action}</div>
    </div>`;
  }

  render() {
    if (this.app.state !== "ready") return nothing;
    if (!this.#isCustomer) return this.#empty("message-circle", t("chat.customers.title"), t("chat.customers.text"));
    const model = this.#model;
    if (model.state === "loading") {
      return html`<div class="card">
        <div class="head"></div>
        <div class="scroll" aria-busy="true">
          <div class="bones skeleton" aria-hidden="true">
            <div class="bone"></div>
            <div class="bone"></div>
            <div class="bone"></div>
          </div>
          <p class="hidden" role="status">${t("chat.loading")}</p>
        </div>
      </div>`;
    }
    if (model.state === "missing") {
      const href = this.hrefTo(null);
      return this.#empty(
        "search",
        t("chat.missing.title"),
        t("chat.missing.text"),
        html`<a class="button" href=${href} @click=${(event) => this.#onLink(event, href)}>${t("chat.back")}</a>`,
      );
    }
    if (model.state === "failed") {
      return this.#empty(
        "cloud-off",
        t("chat.failed"),
        model.problem,
        html`<button @click=${() => model.retry()}>${icon("refresh-cw")}${t("app.retry")}</button>
          <button @click=${() => this.emit("cf-new")}>${icon("plus")}${t("coming.ticket")}</button>`,
      );
    }
    const begun = model.messages.length > 0 || model.unsent.length > 0;
    return html`<div class="card">
        ${this.#head()}
        <div
          class="scroll"
          tabindex="0"
          role="region"
          aria-label=${t("tabs.live-chat")}
          @scroll=${this.#onScroll}
        >
          <div class="inside">
            ${begun || model.chat?.status === "WAITING_FOR_AGENT" || model.ended ? nothing : this.#start()}
            <cf-chat-thread
              .app=${this.app}
              .model=${model}
              .articleHref=${this.articleHref}
              .faqHref=${this.faqHref}
              .ticketHref=${this.ticketHref}
              @cf-action=${({ detail }) => this.#act(detail)}
              @cf-rate=${({ detail }) => this.#try(() => model.rate(detail.message, detail.helpful))}
              @cf-line=${({ detail }) => this.#onLine(detail)}
            ></cf-chat-thread>
          </div>
        </div>
        ${this.#foot()} ${this.over ? html`<div class="drop">${t("composer.drop")}</div>` : nothing}
      </div>
      ${this.#ticketForm()}`;
  }
}

define("cf-chat", CfChat);
