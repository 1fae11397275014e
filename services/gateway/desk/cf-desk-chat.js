/* <cf-desk-chat .app chat="id" .ticketHref=${(id) => href} back="href" back-label="…"> one chat for an agent: what was
   asked before, the conversation, the customer; accept, answer, pass on, make a ticket, end.

   Methods: reply() focuses the composer, take() accepts.
   Events: cf-back · cf-open-ticket (detail {id}) · cf-title (detail {title}). */
import { ApiError } from "../web/api.js";
import { base, controls, states } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import "../web/elements/cf-composer.js";
import "../web/elements/cf-dialog.js";
import "../web/elements/cf-menu.js";
import "../web/elements/cf-time.js";
import { CATEGORIES, PRIORITIES } from "../web/filters.js";
import { icon } from "../web/icons.js";
import { t } from "../web/strings.js";
import { firstName } from "../web/text.js";
import { dropTarget } from "../web/uploads.js";
import { DeskChatModel } from "./chat-model.js";
import "./cf-desk-chat-log.js";
import "./cf-desk-customer.js";
import { acceptChat, firstWords, refusalWords } from "./chats.js";
import { snippetSources } from "./snippets.js";

const BESIDE = matchMedia("(min-width: 1240px)");
const MODES = ["chat"];
const LONGEST_SUBJECT = 150;
const STATUS_ICONS = { ASSISTED: "sparkles", WAITING_FOR_AGENT: "hand", WITH_AGENT: "message-square", ENDED: "archive" };

export class CfDeskChat extends CfElement {
  static properties = {
    chat: {},
    back: {},
    backLabel: { attribute: "back-label" },
    ticketHref: { attribute: false },
    over: { state: true },
    arrived: { state: true },
    busy: { state: true },
    /** "end" | "ticket" | null */
    asking: { state: true },
    details: { state: true },
    summary: { state: true },
    agents: { state: true },
    wrong: { state: true },
  };

  static styles = [
    base,
    controls,
    states,
    css`
      :host {
        position: relative;
      }
      .layout {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
      }
      .conversation {
        position: relative;
        min-width: 0;
      }
      .head {
        padding: var(--cf-3) var(--cf-5);
        border-bottom: 1px solid var(--cf-line);
        background: var(--cf-surface);
      }
      .first {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--cf-2);
      }
      .title {
        min-width: 0;
      }
      h2 {
        overflow-wrap: anywhere;
        font-size: var(--cf-text-xl);
      }
      h2:focus-visible {
        outline: none;
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        gap: var(--cf-2);
        margin-inline-start: auto;
        --cf-control: 32px;
      }
      .actions > button,
      .actions > a.button {
        padding: 0 10px;
        font-size: var(--cf-text-s);
      }
      .actions > button.icon-only {
        padding: 0;
      }
      .status {
        display: inline-flex;
        align-items: center;
        gap: 5px;
        padding: 1px var(--cf-2);
        border-radius: var(--cf-radius-round);
        background: var(--cf-subtle);
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
        font-weight: 500;
      }
      .status svg.icon {
        width: 14px;
        height: 14px;
      }
      .WAITING_FOR_AGENT {
        background: var(--cf-warn-soft);
        color: var(--cf-warn);
      }
      .WITH_AGENT {
        background: var(--cf-info-soft);
        color: var(--cf-info);
      }
      .ASSISTED {
        background: var(--cf-progress-soft);
        color: var(--cf-progress);
      }
      .who {
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
        overflow-wrap: anywhere;
      }
      .thread {
        padding: var(--cf-4) var(--cf-5) var(--cf-2);
      }
      .summary {
        margin-bottom: var(--cf-4);
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius);
        background: var(--cf-surface);
        font-size: var(--cf-text-s);
      }
      .summary summary {
        padding: var(--cf-2) var(--cf-3);
        border-radius: var(--cf-radius);
        font-weight: 600;
        cursor: pointer;
      }
      .summary dl {
        display: grid;
        grid-template-columns: minmax(88px, auto) minmax(0, 1fr);
        gap: 6px var(--cf-4);
        padding: var(--cf-1) var(--cf-3) var(--cf-3);
      }
      .summary dt {
        color: var(--cf-text-2);
      }
      .summary dd {
        overflow-wrap: anywhere;
      }
      .summary li {
        display: grid;
        grid-template-columns: 16px minmax(0, 1fr);
        gap: 6px;
      }
      .summary li svg.icon {
        width: 14px;
        height: 14px;
        margin-top: 3px;
      }
      .answered svg.icon {
        color: var(--cf-ok);
      }
      .unanswered svg.icon {
        color: var(--cf-warn);
      }
      .typing {
        display: flex;
        align-items: center;
        gap: var(--cf-3);
        min-height: 24px;
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      .dots {
        display: inline-flex;
        justify-content: center;
        gap: 4px;
        width: 32px;
      }
      .dots i {
        width: 5px;
        height: 5px;
        border-radius: 50%;
        background: currentColor;
        opacity: 0.4;
        animation: dot 1.2s infinite;
      }
      .dots i:nth-child(2) {
        animation-delay: 0.15s;
      }
      .dots i:nth-child(3) {
        animation-delay: 0.3s;
      }
      @keyframes dot {
        30% {
          opacity: 1;
        }
      }
      @media (prefers-reduced-motion: reduce) {
        .dots i {
          animation: none;
        }
      }
      .back-row {
        position: sticky;
        z-index: 11;
        inset-block-start: 0;
        padding: 6px var(--cf-2);
        border-bottom: 1px solid var(--cf-line);
        background: var(--cf-surface);
      }
      .reply {
        position: sticky;
        z-index: 10;
        inset-block-end: 0;
        padding: var(--cf-2) var(--cf-5) var(--cf-4);
        background: linear-gradient(to top, var(--cf-bg) calc(100% - 8px), transparent);
      }
      .bar {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--cf-2) var(--cf-4);
        padding: var(--cf-3) var(--cf-4);
        border: 1px solid var(--cf-line-strong);
        border-radius: var(--cf-radius-l);
        background: var(--cf-surface);
      }
      .bar p {
        flex: 1 1 220px;
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
      .panel {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        align-content: start;
        gap: var(--cf-6);
        padding: var(--cf-4) var(--cf-5);
        background: var(--cf-surface);
      }
      .panel > :not(:first-child) {
        padding-top: var(--cf-4);
        border-top: 1px solid var(--cf-line);
      }
      .panel h3 {
        margin-bottom: var(--cf-2);
        font-size: var(--cf-text-m);
      }
      .facts {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: var(--cf-1) var(--cf-4);
        font-size: var(--cf-text-s);
      }
      .facts dt {
        color: var(--cf-text-2);
      }
      .facts dd {
        text-align: end;
        overflow-wrap: anywhere;
      }
      .drawer {
        position: fixed;
        inset: 0 0 0 auto;
        width: min(360px, 100vw);
        max-width: none;
        height: 100dvh;
        max-height: none;
        margin: 0;
        padding: 0;
        border: 0;
        border-inline-start: 1px solid var(--cf-line);
        background: var(--cf-surface);
        color: var(--cf-text);
        box-shadow: var(--cf-shadow-l);
      }
      .drawer::backdrop {
        background: var(--cf-scrim);
      }
      .drawer .shut {
        position: absolute;
        z-index: 1;
        inset-block-start: var(--cf-3);
        inset-inline-end: var(--cf-3);
      }
      .drop {
        position: absolute;
        z-index: 20;
        inset: var(--cf-2);
        display: grid;
        place-items: start center;
        padding-top: 30vh;
        border: 2px dashed var(--cf-accent);
        border-radius: var(--cf-radius-l);
        background: color-mix(in srgb, var(--cf-accent-soft) 88%, transparent);
        color: var(--cf-accent);
        font-weight: 600;
        pointer-events: none;
      }
      .form {
        display: grid;
        gap: var(--cf-3);
      }
      .bones {
        display: grid;
        gap: var(--cf-4);
        padding: var(--cf-5);
      }
      .bone.wide {
        width: 60%;
        height: 20px;
      }
      .bone.text {
        max-width: 68ch;
        height: 48px;
      }
      @media (max-width: 999px) {
        .head,
        .thread {
          padding-inline: var(--cf-4);
        }
        .actions {
          margin-inline-start: 0;
        }
        .reply {
          padding: var(--cf-2) var(--cf-3) var(--cf-3);
        }
      }
      @media (max-height: 559px) {
        .reply {
          position: static;
        }
      }
      @media (min-width: 1000px) {
        .back-row {
          display: none;
        }
      }
      @media (min-width: 1000px) and (min-height: 560px) {
        :host {
          height: 100%;
        }
        .layout {
          height: 100%;
          grid-template-rows: minmax(0, 1fr);
        }
        .conversation {
          display: grid;
          grid-template-rows: auto minmax(0, 1fr) auto;
          min-height: 0;
        }
        .thread {
          overflow-y: auto;
        }
        .reply {
          position: relative;
        }
        .beside {
          overflow-y: auto;
          border-inline-start: 1px solid var(--cf-line);
          background: var(--cf-surface);
        }
      }
      @media (min-width: 1240px) {
        .layout.two {
          grid-template-columns: minmax(0, 1fr) 296px;
        }
      }
    `,
  ];

  #model = null;
  #off = null;
  #undrop = null;
  #sized = null;
  #atEnd = true;
  #opened = false;
  #sources = [];

  constructor() {
    super();
    this.back = "#";
    this.backLabel = "";
    this.ticketHref = (id) => `#${id}`;
    this.#reset();
  }

  connectedCallback() {
    super.connectedCallback();
    this.#undrop = dropTarget(this, {
      onFiles: (files) => this.#composer?.addFiles(files),
      onOver: (over) => (this.over = over && Boolean(this.#composer)),
    });
    BESIDE.addEventListener("change", this.#onWidth);
    // Keeps what has the focus, and short notices, from hiding under the reply box.
    this.#sized = new ResizeObserver((entries) => {
      const reply = entries.find(({ target }) => target.classList.contains("reply"));
      if (reply) {
        const room = Math.ceil(reply.borderBoxSize[0].blockSize);
        const { style } = document.documentElement;
        style.scrollPaddingBottom = `${room}px`;
        style.scrollPaddingTop = `${this.renderRoot.querySelector(".back-row")?.offsetHeight ?? 0}px`;
        style.setProperty("--cf-foot", `${room}px`);
      }
      if (this.#atEnd && this.#opened) this.#log?.toEnd();
    });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#undrop();
    BESIDE.removeEventListener("change", this.#onWidth);
    this.#sized.disconnect();
    document.documentElement.style.scrollPadding = "";
    document.documentElement.style.removeProperty("--cf-foot");
    this.#close();
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (this.app.state === "ready" && this.chat && this.#model?.id !== this.chat) this.#openChat();
  }

  updated() {
    const drawer = this.renderRoot.querySelector(".drawer");
    if (drawer && !drawer.open) drawer.showModal();
  }

  get #composer() {
    return this.renderRoot.querySelector("cf-composer");
  }

  get #log() {
    return this.renderRoot.querySelector("cf-desk-chat-log");
  }

  get #mine() {
    const { status, assignee } = this.#model.chat;
    return status === "WITH_AGENT" && assignee?.id === this.app.me.id;
  }

  reply() {
    this.#composer?.focus();
  }

  async take() {
    const model = this.#model;
    if (this.busy || !model?.can("accept")) return;
    this.busy = true;
    const mine = await acceptChat(this.app, model.id);
    this.busy = false;
    if (model !== this.#model) return;
    await model.refresh();
    await this.updateComplete;
    if (mine) this.reply();
    else this.#toHeading();
  }

  #onWidth = () => {
    this.details = false;
    this.requestUpdate();
  };

  #reset() {
    this.over = this.busy = this.details = false;
    this.arrived = 0;
    this.asking = this.summary = null;
    this.agents = [];
    this.wrong = "";
  }

  #close() {
    this.#off?.abort();
    this.#model?.close();
    this.#model = null;
  }

  #openChat() {
    this.#close();
    this.#reset();
    this.#opened = false;
    this.#atEnd = true;
    const model = (this.#model = new DeskChatModel(this.app, this.chat));
    const { signal } = (this.#off = new AbortController());
    model.addEventListener("change", () => this.#onChange(), { signal });
    model.addEventListener("arrived", () => this.#onArrived(), { signal });
    model.open();
    this.#loadSummary(signal);
  }

  /** What was said before one came; the conversation below says the same at length, so a failure needs no words. */
  async #loadSummary(signal) {
    try {
      const { data } = await this.app.api.get(`/chats/${this.chat}/summary`, { signal });
      this.summary = data;
    } catch (error) {
      if (!signal.aborted && !(error instanceof ApiError)) throw error;
    }
  }

  async #onChange() {
    const model = this.#model;
    const keep = this.#atEnd;
    this.requestUpdate();
    if (model.state !== "ready") return;
    await this.updateComplete;
    await this.#log?.updateComplete;
    if (this.#model !== model || !this.#log) return;
    if (!this.#opened) {
      this.#opened = true;
      const { customer } = model.chat;
      this.#sources = snippetSources(this.app.api, { agent: this.app.me, customer });
      this.requestUpdate();
      this.emit("cf-title", { title: t("chats.title", { name: customer.name }) });
      this.#log.toEnd();
      this.#sized.observe(this.#log);
    } else if (keep) this.#log.toEnd();
    const reply = this.renderRoot.querySelector(".reply");
    if (reply) this.#sized.observe(reply);
  }

  #onArrived() {
    if (!this.#atEnd) this.arrived += 1;
  }

  #onEnd(visible) {
    this.#atEnd = visible;
    if (visible) this.arrived = 0;
  }

  async #send({ detail: { body, attachments } }) {
    this.#model.send({ body, attachments });
    await this.updateComplete;
    await this.#log.updateComplete;
    this.#log.toEnd();
  }

  /** Where what had the focus is gone. */
  async #toHeading() {
    await this.updateComplete;
    this.renderRoot.querySelector("h2").focus({ preventScroll: true });
  }

  async #do(action, body, done) {
    if (this.busy) return null;
    this.busy = true;
    try {
      const data = await this.#model.run(action, body);
      this.app.notify(typeof done === "function" ? done(data) : done, { kind: "ok" });
      return data;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.wrong = Object.values(error.errors)[0]?.[0] ?? "";
      if (!this.wrong) this.app.notify(refusalWords(error), { kind: "danger" });
      return null;
    } finally {
      this.busy = false;
    }
  }

  async #loadAgents() {
    try {
      this.agents = (await this.app.api.get("/chats/desk")).data.agents;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.app.notify(t("desk.assignee.failed"), { kind: "danger" });
    }
  }

  #transfer(id) {
    const agent = this.agents.find((one) => one.id === id);
    const assignee = agent ? { id: agent.id, name: agent.name } : null;
    return this.#do("transfer", { assignee }, assignee ? t("chats.transfer.done", assignee) : t("chats.queue.done"));
  }

  async #more(action) {
    if (action === "end") this.asking = "end";
    else if (await this.#do("hand-back", {}, t("chats.hand_back.done"))) this.#toHeading();
  }

  async #end() {
    if (!(await this.#do("end", {}, t("chats.end.done")))) return;
    this.asking = null;
    this.#toHeading();
  }

  async #makeTicket() {
    const value = (id) => this.renderRoot.querySelector(`#${id}`).value;
    const subject = value("subject").trim();
    this.wrong = subject.length < 3 ? t("check.subject_short") : "";
    if (this.wrong) return;
    const body = { subject, category: value("category"), priority: value("priority") };
    const ticket = await this.#do("ticket", body, ({ number }) => t("chats.ticket.done", { number }));
    if (!ticket) return;
    this.asking = null;
    this.#toHeading();
  }

  #back(event) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button > 0) return;
    event.preventDefault();
    this.emit("cf-back");
  }

  #toTicket(event, id) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button > 0) return;
    event.preventDefault();
    this.details = false;
    this.emit("cf-open-ticket", { id });
  }

  #backRow() {
    return html`<div class="back-row">
      <a class="button plain compact" href=${this.back} @click=${this.#back}>${icon("arrow-left")}${this.backLabel}</a>
    </div>`;
  }

  #status() {
    const { status, assignee, queue_position: place } = this.#model.chat;
    const words =
      status === "WITH_AGENT"
        ? this.#mine
          ? t("chats.status.mine")
          : t("chats.status.with", { name: assignee.name })
        : status === "WAITING_FOR_AGENT" && place
          ? t("chats.status.place", { n: place })
          : t(`chats.status.${status}`);
    return html`<span class="status ${status}" role="status">${icon(STATUS_ICONS[status])}${words}</span>`;
  }

  #transferMenu() {
    const others = this.agents.filter(({ id }) => id !== this.app.me.id && id !== this.#model.chat.assignee?.id);
    const items = others.map(({ id, name, available, capacity, chats }) => ({
      value: id,
      label: name,
      hint: available ? t("chats.load", { n: chats, capacity }) : t("chats.away"),
      icon: available ? "user-check" : "user-x",
    }));
    return html`<cf-menu
      label=${t("chats.transfer")}
      .items=${[...items, { value: "", label: t("chats.transfer.queue"), hint: t("chats.transfer.queue.hint"), icon: "undo-2" }]}
      ?disabled=${this.busy}
      @cf-menu-open=${this.#loadAgents}
      @cf-choose=${({ detail }) => this.#transfer(detail.value)}
      >${t("chats.transfer")}</cf-menu
    >`;
  }

  #ticketAction() {
    const { ticket_id: id, ticket_number: number } = this.#model.chat;
    if (id)
      return html`<a class="button" href=${this.ticketHref(id)} @click=${(event) => this.#toTicket(event, id)}
        >${icon("ticket")}${number}</a
      >`;
    return html`<button ?disabled=${this.busy} @click=${() => ((this.wrong = ""), (this.asking = "ticket"))}>
      ${icon("ticket")}${t("chats.ticket")}
    </button>`;
  }

  #actions() {
    const model = this.#model;
    const items = [
      { value: "hand-back", label: t("chats.hand_back"), hint: t("chats.hand_back.hint"), icon: "sparkles" },
      { value: "end", label: t("chats.end"), hint: t("chats.end.hint"), icon: "archive", danger: true },
    ];
    return html`<div class="actions">
      ${model.can("transfer") ? this.#transferMenu() : nothing} ${this.#ticketAction()}
      ${
        this.#mine
          ? html`<cf-menu
              label=${t("chats.more_actions")}
              side="end"
              .items=${items}
              ?disabled=${this.busy}
              @cf-choose=${({ detail }) => this.#more(detail.value)}
              >${t("chats.more_actions")}</cf-menu
            >`
          : nothing
      }
      ${
        BESIDE.matches
          ? nothing
          : html`<button
              class="plain icon-only"
              aria-label=${t("chats.details")}
              title=${t("chats.details")}
              aria-haspopup="dialog"
              @click=${() => (this.details = true)}
            >
              ${icon("panel-right")}
            </button>`
      }
    </div>`;
  }

  #head() {
    const { customer } = this.#model.chat;
    return html`<header class="head">
      <div class="first">
        <div class="title">
          <h2 tabindex="-1">${customer.name}</h2>
          <p class="who">${customer.account}</p>
        </div>
        ${this.#status()} ${this.#actions()}
      </div>
    </header>`;
  }

  #summary() {
    const { summary } = this;
    if (!summary?.question) return nothing;
    const { question, last_question: last, answers, choices, requested_because: because } = summary;
    const row = (words, content) => html`<dt>${words}</dt><dd>${content}</dd>`;
    const answer = ({ title, answered }) =>
      html`<li class=${answered ? "answered" : "unanswered"}>
        ${icon(answered ? "check" : "circle-help")}<span
          >${answered ? (title ?? t("chats.summary.answered")) : t("chats.summary.unanswered")}</span
        >
      </li>`;
    return html`<details class="summary" ?open=${this.#model.chat.status !== "ENDED"}>
      <summary>${t("chats.summary")}</summary>
      <dl>
        ${row(t("chats.summary.question"), question)}
        ${last && last !== question ? row(t("chats.summary.last"), last) : nothing}
        ${because ? row(t("chats.summary.because"), because) : nothing}
        ${answers.length ? row(t("chats.summary.answers"), html`<ul>${answers.map(answer)}</ul>`) : nothing}
        ${choices.length ? row(t("chats.summary.choices"), choices.map(({ label }) => label).join(" · ")) : nothing}
      </dl>
    </details>`;
  }

  #reply() {
    const model = this.#model;
    return html`<div class="reply">
      ${
        this.arrived
          ? html`<button class="compact jump" @click=${() => this.#log.toEnd()}>
              ${icon("arrow-down")}${t("thread.jump", { n: this.arrived })}
            </button>`
          : nothing
      }
      ${
        this.#mine
          ? html`<cf-composer
              .app=${this.app}
              .modes=${MODES}
              ticket=${model.id}
              .completions=${this.#sources}
              @cf-send=${this.#send}
              @cf-write=${({ detail }) => detail.value && model.sayTyping()}
            ></cf-composer>`
          : this.#instead()
      }
    </div>`;
  }

  /** What stands in the composer's place while I do not have the chat. */
  #instead() {
    const { status, assignee, customer, end_reason: reason, ended_at: ended } = this.#model.chat;
    if (status === "ENDED")
      return html`<div class="bar">
        <p class="muted">${t(`chats.ended.${reason ?? "AGENT"}`)} · <cf-time at=${ended}></cf-time></p>
      </div>`;
    if (status === "WITH_AGENT")
      return html`<div class="bar"><p class="muted">${t("chats.bar.with", { name: assignee.name })}</p></div>`;
    const words = status === "WAITING_FOR_AGENT" ? "chats.bar.waits" : "chats.bar.assisted";
    return html`<div class="bar">
      <p>${t(words, { name: firstName(customer.name) })}</p>
      <button class="primary" ?disabled=${this.busy} @click=${() => this.take()}>
        ${icon("user-check")}${t(status === "WAITING_FOR_AGENT" ? "chats.accept" : "chats.take")}
      </button>
    </div>`;
  }

  #typing() {
    const [by] = this.#model.typing;
    if (!by) return nothing;
    return html`<span class="dots" aria-hidden="true"><i></i><i></i><i></i></span>${t("chats.typing", { name: by.name })}`;
  }

  #panel() {
    const { chat } = this.#model;
    const fact = (words, value) => html`<dt>${words}</dt><dd>${value}</dd>`;
    const time = (at) => html`<cf-time at=${at} side="end"></cf-time>`;
    return html`<div
      class="panel"
      @cf-open=${(event) => {
        event.stopPropagation();
        this.details = false;
        this.emit("cf-open-ticket", { id: event.detail.id });
      }}
    >
      <cf-desk-customer
        .app=${this.app}
        .ticket=${{ id: null, customer: chat.customer }}
        .linkTo=${this.ticketHref}
      ></cf-desk-customer>
      <section aria-label=${t("chats.facts")}>
        <h3>${t("chats.facts")}</h3>
        <dl class="facts">
          ${fact(t("chats.fact.began"), time(chat.created_at))}
          ${chat.waits_since ? fact(t("chats.fact.waits"), time(chat.waits_since)) : nothing}
          ${fact(t("ticket.detail.updated"), time(chat.updated_at))}
          ${chat.ended_at ? fact(t("chats.fact.ended"), time(chat.ended_at)) : nothing}
          ${fact(t("chats.fact.messages"), chat.message_count.toLocaleString())}
          ${
            chat.ticket_id
              ? fact(
                  t("desk.ticket"),
                  html`<a
                    href=${this.ticketHref(chat.ticket_id)}
                    @click=${(event) => this.#toTicket(event, chat.ticket_id)}
                    >${chat.ticket_number}</a
                  >`,
                )
              : nothing
          }
        </dl>
      </section>
    </div>`;
  }

  #aside() {
    if (BESIDE.matches)
      return html`<section class="beside" aria-label=${t("chats.details")}>${this.#panel()}</section>`;
    if (!this.details) return nothing;
    return html`<dialog
      class="drawer"
      aria-label=${t("chats.details")}
      @close=${() => (this.details = false)}
      @click=${(event) => event.target === event.currentTarget && (this.details = false)}
    >
      <button class="plain icon-only compact shut" aria-label=${t("app.close")} @click=${() => (this.details = false)}>
        ${icon("x")}
      </button>
      ${this.#panel()}
    </dialog>`;
  }

  #endDialog() {
    return html`<cf-dialog
      heading=${t("chats.end.title")}
      .open=${this.asking === "end"}
      @cf-close=${() => (this.asking = null)}
    >
      <p>${t("chats.end.text", { name: firstName(this.#model.chat.customer.name) })}</p>
      <button slot="actions" @click=${() => (this.asking = null)}>${t("app.cancel")}</button>
      <button slot="actions" class="primary" ?disabled=${this.busy} @click=${this.#end}>
        ${icon("archive")}${t("chats.end")}
      </button>
    </cf-dialog>`;
  }

  #ticketDialog() {
    return html`<cf-dialog
      heading=${t("chats.ticket")}
      .open=${this.asking === "ticket"}
      @cf-close=${() => (this.asking = null)}
    >
      ${
        this.asking === "ticket"
          ? html`<div class="form">
              <p class="muted">${t(this.#mine ? "chats.ticket.text" : "chats.ticket.text_ends")}</p>
              <div class="field">
                <label for="subject">${t("new.subject")}</label>
                <input
                  id="subject"
                  maxlength=${LONGEST_SUBJECT}
                  .value=${firstWords(this.#model.chat).slice(0, LONGEST_SUBJECT)}
                  aria-invalid=${this.wrong ? "true" : nothing}
                  aria-describedby="wrong"
                />
                <p id="wrong" role="alert" class=${this.wrong ? "error" : ""}>
                  ${this.wrong ? html`${icon("circle-alert")}${this.wrong}` : nothing}
                </p>
              </div>
              <div class="field">
                <label for="category">${t("new.category")}</label>
                <select id="category">
                  ${CATEGORIES.map(
                    (value) =>
                      html`<option value=${value} ?selected=${value === "GENERAL"}>
                        ${t(`category.${value}`)}
                      </option>`,
                  )}
                </select>
              </div>
              <div class="field">
                <label for="priority">${t("new.priority")}</label>
                <select id="priority">
                  ${PRIORITIES.map(
                    (value) =>
                      html`<option value=${value} ?selected=${value === "MEDIUM"}>
                        ${t(`priority.${value}`)}
                      </option>`,
                  )}
                </select>
              </div>
            </div>`
          : nothing
      }
      <button slot="actions" @click=${() => (this.asking = null)}>${t("app.cancel")}</button>
      <button slot="actions" class="primary" ?disabled=${this.busy} @click=${this.#makeTicket}>
        ${icon("ticket")}${t("chats.ticket")}
      </button>
    </cf-dialog>`;
  }

  render() {
    const model = this.#model;
    const state = model?.state ?? "loading";
    if (state === "loading") {
      return html`${this.#backRow()}
        <div class="bones skeleton" aria-hidden="true">
          <div class="bone wide"></div>
          <div class="bone text"></div>
          <div class="bone text"></div>
        </div>
        <p class="hidden" role="status">${t("chats.loading_one")}</p>`;
    }
    if (state !== "ready") {
      const missing = state === "missing";
      return html`${this.#backRow()}
        <div class="empty" role="alert">
          <span class="badge">${icon(missing ? "search" : "cloud-off")}</span>
          <h2 tabindex="-1">${t(missing ? "chats.missing.title" : "chats.failed_one")}</h2>
          <p>${missing ? t("desk.missing.text") : model.problem}</p>
          ${
            missing
              ? nothing
              : html`<div class="row">
                  <button @click=${() => model.retry()}>${icon("refresh-cw")}${t("app.retry")}</button>
                </div>`
          }
        </div>`;
    }
    return html`<div
        class="layout ${BESIDE.matches ? "two" : ""}"
        @cf-end=${(event) => this.#onEnd(event.detail.visible)}
      >
        <div class="conversation">
          ${this.#backRow()} ${this.#head()}
          <div class="thread">
            ${this.#summary()}
            <cf-desk-chat-log .app=${this.app} .model=${model} agent>
              <p class="typing" role="status">${this.#typing()}</p>
            </cf-desk-chat-log>
          </div>
          ${this.#reply()} ${this.over ? html`<div class="drop">${t("composer.drop")}</div>` : nothing}
        </div>
        ${this.#aside()}
      </div>
      ${this.#endDialog()} ${this.#ticketDialog()}`;
  }
}

define("cf-desk-chat", CfDeskChat);
