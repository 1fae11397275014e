/* <cf-desk-ticket .app ticket="id" .linkTo=${(id) => href} .chatHref=${(id) => href} back="href" back-label="…"> one ticket for an agent: what
   it is and what may be done, conversation, public reply or internal note, customer, history.

   Methods: reply(), note(), take(), resolve().
   Events: cf-back · cf-open (detail {id}) · cf-open-chat (detail {id}) · cf-title (detail {title}) · cf-read when nothing is unread any more. */
import { ApiError } from "../web/api.js";
import { base, controls, states } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import "../web/elements/cf-composer.js";
import "../web/elements/cf-dialog.js";
import "../web/elements/cf-menu.js";
import "../web/elements/cf-priority.js";
import "../web/elements/cf-status.js";
import "../web/elements/cf-thread.js";
import "../web/elements/cf-time.js";
import { icon } from "../web/icons.js";
import { t } from "../web/strings.js";
import { TicketModel } from "../web/ticket-model.js";
import { absolute } from "../web/time.js";
import { dropTarget } from "../web/uploads.js";
import "./cf-desk-customer.js";
import "./cf-desk-history.js";
import "./cf-desk-past.js";
import { Conflict, afterSent, change } from "./change.js";
import { CATEGORIES, PRIORITIES } from "./queues.js";
import { snippetSources } from "./snippets.js";

const SIGNALS = { LOW: "signal-low", MEDIUM: "signal-medium", HIGH: "signal-high", URGENT: "octagon-alert" };
const BESIDE = matchMedia("(min-width: 1240px)");

export class CfDeskTicket extends CfElement {
  static properties = {
    ticket: {},
    back: {},
    backLabel: { attribute: "back-label" },
    linkTo: { attribute: false },
    chatHref: { attribute: false },
    over: { state: true },
    arrived: { state: true },
    busy: { state: true },
    asking: { state: true },
    details: { state: true },
    past: { state: true },
    agents: { state: true },
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
        display: grid;
        gap: var(--cf-2);
        padding: var(--cf-3) var(--cf-5);
        border-bottom: 1px solid var(--cf-line);
        background: var(--cf-surface);
      }
      .head .first {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--cf-2);
      }
      .head .actions {
        display: flex;
        flex-wrap: wrap;
        gap: var(--cf-2);
        margin-inline-start: auto;
      }
      .head .actions button {
        --cf-control: 32px;
        padding: 0 10px;
        font-size: var(--cf-text-s);
      }
      .head .actions button.icon-only {
        padding: 0;
      }
      h2 {
        overflow-wrap: anywhere;
        font-size: var(--cf-text-xl);
      }
      h2:focus-visible {
        outline: none;
      }
      .properties {
        display: flex;
        flex-wrap: wrap;
        gap: var(--cf-1);
        margin-inline-start: -8px;
      }
      .property {
        display: inline-flex;
        align-items: center;
        gap: 6px;
        font-weight: 500;
      }
      .property span {
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .URGENT {
        color: var(--cf-danger);
      }
      .HIGH svg.icon {
        color: var(--cf-warn);
      }
      .number-box {
        display: inline-flex;
        align-items: center;
        color: var(--cf-text-2);
      }
      .thread {
        padding: var(--cf-4) var(--cf-5) var(--cf-2);
      }
      .back-row {
        position: sticky;
        z-index: 11;
        inset-block-start: 0;
        padding: 6px var(--cf-2);
        border-bottom: 1px solid var(--cf-line);
        background: var(--cf-surface);
      }
      .state {
        display: flex;
        align-items: start;
        gap: var(--cf-2);
        margin-top: var(--cf-3);
        padding: var(--cf-2) var(--cf-3);
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius);
        background: var(--cf-surface);
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      .state svg.icon {
        margin-top: 2px;
      }
      .reply {
        position: sticky;
        z-index: 10;
        inset-block-end: 0;
        padding: var(--cf-2) var(--cf-5) var(--cf-4);
        background: linear-gradient(to top, var(--cf-bg) calc(100% - 8px), transparent);
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
      dl {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: var(--cf-1) var(--cf-4);
        font-size: var(--cf-text-s);
      }
      dt {
        color: var(--cf-text-2);
      }
      dd {
        text-align: end;
        overflow-wrap: anywhere;
      }
      .late {
        color: var(--cf-danger);
        font-weight: 500;
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
        height: 64px;
      }
      .close-text {
        display: grid;
        gap: var(--cf-2);
      }
      @media (max-width: 999px) {
        .head,
        .thread {
          padding-inline: var(--cf-4);
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
  #atEnd = false;
  #opened = false;
  #sized = null;
  #snippets = [];

  constructor() {
    super();
    this.over = false;
    this.arrived = 0;
    this.busy = false;
    this.asking = null;
    this.details = false;
    this.past = null;
    this.agents = [];
    this.back = "#";
    this.backLabel = "";
    this.linkTo = this.chatHref = (id) => `#${id}`;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#undrop = dropTarget(this, {
      onFiles: (files) => this.#composer?.addFiles(files),
      onOver: (over) => (this.over = over && Boolean(this.#composer)),
    });
    document.addEventListener("visibilitychange", this.#read);
    BESIDE.addEventListener("change", this.#onWidth);
    // Keeps what has the focus, and short notices, from hiding under the reply box.
    this.#sized = new ResizeObserver((entries) => {
      const reply = entries.find((entry) => entry.target.classList.contains("reply"));
      if (reply) {
        const room = Math.ceil(reply.borderBoxSize[0].blockSize);
        const { style } = document.documentElement;
        style.scrollPaddingBottom = `${room}px`;
        style.scrollPaddingTop = `${this.renderRoot.querySelector(".back-row")?.offsetHeight ?? 0}px`;
        style.setProperty("--cf-foot", `${room}px`);
      }
      if (this.#atEnd && this.#opened) this.#thread?.toEnd();
    });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#undrop();
    document.removeEventListener("visibilitychange", this.#read);
    BESIDE.removeEventListener("change", this.#onWidth);
    this.#sized.disconnect();
    document.documentElement.style.scrollPadding = "";
    document.documentElement.style.removeProperty("--cf-foot");
    this.#close();
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (this.app.state === "ready" && this.ticket && this.#model?.id !== this.ticket) this.#openTicket();
  }

  updated() {
    const drawer = this.renderRoot.querySelector(".drawer");
    if (drawer && !drawer.open) drawer.showModal();
  }

  get #composer() {
    return this.renderRoot.querySelector("cf-composer");
  }

  get #thread() {
    return this.renderRoot.querySelector("cf-thread");
  }

  async reply() {
    await this.#write("reply");
  }

  async note() {
    await this.#write("note");
  }

  async take() {
    const { me } = this.app;
    if (!this.#model?.can("assign") || this.#model.ticket.assignee?.id === me.id) return;
    await this.#assign({ id: me.id, name: me.name });
  }

  async resolve() {
    if (this.#model?.can("resolve")) await this.#do("resolve", {}, "status", t("desk.resolve.done"));
  }

  async #write(mode) {
    const composer = this.#composer;
    if (!composer?.modes.includes(mode)) return;
    composer.mode = mode;
    await composer.updateComplete;
    composer.focus();
  }

  #onWidth = () => {
    this.details = false;
    this.requestUpdate();
  };

  #close() {
    this.#off?.abort();
    this.#model?.close();
    this.#model = null;
  }

  #openTicket() {
    this.#close();
    this.#opened = false;
    this.#atEnd = false;
    this.arrived = 0;
    this.asking = this.past = null;
    this.details = false;
    this.#model = new TicketModel(this.app, this.ticket);
    const { signal } = (this.#off = new AbortController());
    this.#model.addEventListener("change", () => this.#onChange(), { signal });
    this.#model.addEventListener("arrived", () => this.#onArrived(), { signal });
    this.#model.open();
  }

  async #onChange() {
    const model = this.#model;
    const keep = this.#atEnd && this.#opened;
    this.requestUpdate();
    if (model.state !== "ready") return;
    await this.updateComplete;
    await this.#thread?.updateComplete;
    if (this.#model !== model || !this.#thread) return;
    if (!this.#opened) {
      this.#opened = true;
      this.#snippets = snippetSources(this.app.api, { agent: this.app.me, customer: model.ticket.customer });
      this.requestUpdate();
      this.emit("cf-title", { title: `${model.ticket.number} ${model.ticket.subject}` });
      this.#atEnd = this.#thread.toStart();
      this.#sized.observe(this.#thread);
    } else if (keep) {
      this.#thread.toEnd();
    }
    const reply = this.renderRoot.querySelector(".reply");
    if (reply) this.#sized.observe(reply);
    this.#read();
  }

  #onArrived() {
    if (!this.#atEnd || document.visibilityState !== "visible") this.arrived += 1;
  }

  #onEnd(visible) {
    this.#atEnd = visible;
    if (visible) this.arrived = 0;
    this.#read();
  }

  #read = async () => {
    const model = this.#model;
    if (!this.#atEnd || !this.#opened || document.visibilityState !== "visible" || !model?.ticket.unread_count) return;
    await model.markRead();
    if (model === this.#model && model.ticket.unread_count === 0) this.emit("cf-read");
  };

  async #send(event) {
    const { then, ...message } = event.detail;
    const action = then === "ask" ? "request-information" : "messages";
    const model = this.#model;
    const item = model.send({ ...message, action });
    if (then === "resolve") afterSent(this.app.outbox, item, () => this.#resolveAfter(model.id));
    await this.updateComplete;
    await this.#thread.updateComplete;
    this.#thread.toEnd();
  }

  /** Also when another ticket is open by now: what was promised with the reply happens. */
  async #resolveAfter(id) {
    try {
      if (this.#model?.id === id) await this.#model.run("resolve", {});
      else await this.app.api.insist("POST", `/tickets/${id}/resolve`, { body: {} });
      this.app.notify(t("desk.resolve.done"), { kind: "ok" });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.app.notify(t("desk.send.resolve_failed", { reason: error.words }), { kind: "danger" });
    }
  }

  async #do(action, body, field, done) {
    if (this.busy) return false;
    this.busy = true;
    try {
      await change(this.#model, action, body, field);
      this.app.notify(done, { kind: "ok" });
      return true;
    } catch (error) {
      if (error instanceof Conflict) this.app.notify(error.message, { kind: "danger" });
      else if (error instanceof ApiError)
        this.app.notify(t("ticket.action_failed", { reason: error.words }), { kind: "danger" });
      else throw error;
      return false;
    } finally {
      this.busy = false;
    }
  }

  #assign(assignee) {
    const done =
      assignee === null
        ? t("desk.unassigned")
        : assignee.id === this.app.me.id
          ? t("desk.take.done")
          : t("desk.assigned", { name: assignee.name });
    return this.#do("assign", { assignee }, "assignee", done);
  }

  #onAssignee(id) {
    this.#assign(id === "" ? null : this.#colleagues().find((agent) => agent.id === id));
  }

  async #loadAgents() {
    try {
      this.agents = (await this.app.api.get("/agents")).data.items;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.app.notify(t("desk.assignee.failed"), { kind: "danger" });
    }
  }

  #colleagues() {
    const { me } = this.app;
    const { assignee } = this.#model.ticket;
    const known = new Map(
      [me, ...(assignee ? [assignee] : []), ...this.agents].map(({ id, name }) => [id, { id, name }]),
    );
    return [...known.values()];
  }

  async #copy() {
    await navigator.clipboard.writeText(this.#model.ticket.number);
    this.app.notify(t("ticket.copied"), { kind: "ok" });
  }

  async #confirm() {
    const done = this.asking === "close" ? await this.#finish() : await this.#reopen();
    if (done) this.asking = null;
  }

  #finish() {
    return this.#do("close", {}, "status", t("desk.close.done"));
  }

  #reopen() {
    const reason = this.renderRoot.querySelector("#reason").value.trim();
    return this.#do("reopen", reason ? { reason } : {}, "status", t("desk.reopen.done"));
  }

  #back(event) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button > 0) return;
    event.preventDefault();
    this.emit("cf-back");
  }

  #backRow() {
    return html`<div class="back-row">
      <a class="button plain compact" href=${this.back} @click=${this.#back}>${icon("arrow-left")}${this.backLabel}</a>
    </div>`;
  }

  #actions() {
    const model = this.#model;
    const mine = model.ticket.assignee?.id === this.app.me.id;
    const button = (name, symbol, words, run) =>
      model.can(name) ? html`<button ?disabled=${this.busy} @click=${run}>${icon(symbol)}${words}</button>` : nothing;
    return html`<div class="actions">
      ${mine ? nothing : button("assign", "user-check", t("desk.take"), () => this.take())}
      ${button("resolve", "check", t("desk.resolve"), () => this.resolve())}
      ${button("reopen", "rotate-ccw", t("ticket.reopen"), () => (this.asking = "reopen"))}
      ${button("close", "archive", t("desk.close"), () => (this.asking = "close"))}
      ${
        BESIDE.matches
          ? nothing
          : html`<button
              class="plain icon-only"
              aria-label=${t("desk.details")}
              title=${t("desk.details")}
              aria-haspopup="dialog"
              @click=${() => (this.details = true)}
            >
              ${icon("panel-right")}
            </button>`
      }
    </div>`;
  }

  #property(can, { name, label, items, content, choose, opened }) {
    const words = `${label}: ${name}`;
    if (!this.#model.can(can))
      return html`<span class="button plain compact property" title=${words}>${content}</span>`;
    return html`<cf-menu
      label=${words}
      variant="plain compact"
      .items=${items}
      ?disabled=${this.busy}
      @cf-menu-open=${opened}
      @cf-choose=${(event) => choose(event.detail.value)}
      ><span class="property">${content}</span></cf-menu
    >`;
  }

  #properties() {
    const { ticket } = this.#model;
    const { me } = this.app;
    const { assignee, priority, category } = ticket;
    const who = assignee?.name ?? t("desk.assignee.nobody");
    const people = this.#colleagues().map(({ id, name }) => ({
      value: id,
      label: id === me.id ? t("desk.assignee.you", { name }) : name,
      checked: assignee?.id === id,
    }));
    const keep = (now, run) => (value) => value !== now && run(value);
    return html`<div class="properties">
      ${this.#property("assign", {
        name: who,
        label: t("desk.assignee"),
        items: [...people, { value: "", label: t("desk.assignee.nobody"), checked: !assignee }],
        content: html`${icon(assignee ? "user-check" : "user")}<span>${who}</span>`,
        choose: keep(assignee?.id ?? "", (id) => this.#onAssignee(id)),
        opened: () => this.#loadAgents(),
      })}
      ${this.#property("change_priority", {
        name: t(`priority.${priority}`),
        label: t("desk.priority"),
        items: PRIORITIES.toReversed().map((value) => ({
          value,
          label: t(`priority.${value}`),
          hint: t(`priority_hint.${value}`),
          icon: SIGNALS[value],
          checked: value === priority,
        })),
        content: html`<span class="property ${priority}">${icon(SIGNALS[priority])}${t(`priority.${priority}`)}</span>`,
        choose: keep(priority, (value) =>
          this.#do(
            "priority",
            { priority: value },
            "priority",
            t("desk.priority.done", { name: t(`priority.${value}`) }),
          ),
        ),
      })}
      ${this.#property("change_category", {
        name: t(`category.${category}`),
        label: t("desk.category"),
        items: CATEGORIES.map((value) => ({
          value,
          label: t(`category.${value}`),
          hint: t(`category_hint.${value}`),
          checked: value === category,
        })),
        content: html`${icon("tag")}<span>${t(`category.${category}`)}</span>`,
        choose: keep(category, (value) =>
          this.#do(
            "category",
            { category: value },
            "category",
            t("desk.category.done", { name: t(`category.${value}`) }),
          ),
        ),
      })}
    </div>`;
  }

  #head() {
    const { ticket } = this.#model;
    return html`<header class="head">
      <div class="first">
        <span class="number-box">
          <span class="number">${ticket.number}</span>
          <button
            class="plain compact icon-only"
            aria-label=${t("ticket.copy_number")}
            title=${t("ticket.copy_number")}
            @click=${this.#copy}
          >
            ${icon("copy")}
          </button>
        </span>
        <cf-status role="status" status=${ticket.status} agent></cf-status>
        ${this.#actions()}
      </div>
      <h2 tabindex="-1">${ticket.subject}</h2>
      ${this.#properties()}
    </header>`;
  }

  #state() {
    const { ticket, history } = this.#model;
    const line = (symbol, words) => html`<p class="state">${icon(symbol)}<span>${words}</span></p>`;
    const rated = ticket.satisfaction
      ? line(
          "star",
          t("desk.rated", { score: ticket.satisfaction.score, word: t(`rating.${ticket.satisfaction.score}`) }),
        )
      : nothing;
    if (ticket.status === "CLOSED") return [line("archive", t("desk.state.closed")), rated];
    if (ticket.status === "RESOLVED") {
      const { closes_at: closes } = ticket;
      const words = closes
        ? t("desk.state.resolved", { time: absolute(new Date(closes)) })
        : t("desk.state.resolved_plain");
      return [line("circle-check", words), rated];
    }
    const asked = history.findLast((entry) => entry.to_status === "WAITING_ON_CUSTOMER");
    if (ticket.status === "WAITING_ON_CUSTOMER" && asked)
      return line("reply", t("desk.state.waiting", { time: absolute(new Date(asked.at)) }));
    return nothing;
  }

  #sendMenu() {
    const model = this.#model;
    const items = [
      ...(model.can("request_information")
        ? [{ value: "ask", label: t("desk.send.ask"), hint: t("desk.send.ask.hint"), icon: "reply" }]
        : []),
      ...(model.can("resolve")
        ? [{ value: "resolve", label: t("desk.send.resolve"), hint: t("desk.send.resolve.hint"), icon: "check" }]
        : []),
    ];
    return items.length
      ? html`<cf-menu
          slot="more"
          label=${t("desk.send.more")}
          variant="primary end"
          side="end"
          .items=${items}
          @cf-choose=${(event) => this.#composer.send({ then: event.detail.value })}
        ></cf-menu>`
      : nothing;
  }

  #reply() {
    const model = this.#model;
    const modes = ["reply", "note"].filter((mode) => model.can(mode));
    return html`<div class="reply">
      ${
        this.arrived
          ? html`<button class="compact jump" @click=${() => this.#thread.toEnd()}>
              ${icon("arrow-down")}${t("thread.jump", { n: this.arrived })}
            </button>`
          : nothing
      }
      ${
        modes.length
          ? html`<cf-composer
              .app=${this.app}
              .modes=${modes}
              ticket=${model.id}
              .completions=${this.#snippets}
              @cf-send=${this.#send}
              >${this.#sendMenu()}</cf-composer
            >`
          : nothing
      }
    </div>`;
  }

  #facts() {
    const { ticket } = this.#model;
    const fact = (words, value, late = false) =>
      html`<dt class=${late ? "late" : ""}>${words}</dt>
        <dd class=${late ? "late" : ""}>${value}</dd>`;
    const time = (at) => html`<cf-time at=${at} side="end"></cf-time>`;
    const { first_response_at: answered, first_response_due_at: due } = ticket;
    const waiting = !answered && due && ticket.status !== "RESOLVED" && ticket.status !== "CLOSED";
    const late = waiting && new Date(due) < new Date();
    return html`<section aria-label=${t("desk.ticket")}>
      <h3>${t("desk.ticket")}</h3>
      <dl>
        ${fact(t("ticket.detail.created"), time(ticket.created_at))}
        ${fact(t("ticket.detail.updated"), time(ticket.updated_at))}
        ${answered ? fact(t("ticket.detail.answered"), time(answered)) : nothing}
        ${waiting ? fact(t(late ? "desk.due.late" : "desk.due"), time(due), late) : nothing}
        ${
          ticket.follow_up_to
            ? fact(
                t("ticket.detail.follow_up"),
                html`<a
                  href=${this.linkTo(ticket.follow_up_to)}
                  @click=${(event) => this.#openOther(event, ticket.follow_up_to)}
                  >${t("ticket.detail.previous")}</a
                >`,
              )
            : nothing
        }
        ${
          ticket.from_chat
            ? fact(
                t("chats.from_chat"),
                html`<a
                  href=${this.chatHref(ticket.from_chat)}
                  @click=${(event) => this.#openOther(event, ticket.from_chat, "cf-open-chat")}
                  >${t("chats.from_chat.link")}</a
                >`,
              )
            : nothing
        }
      </dl>
    </section>`;
  }

  #openOther(event, id, type = "cf-open") {
    event.preventDefault();
    this.details = false;
    this.emit(type, { id });
  }

  #panel() {
    const { ticket } = this.#model;
    return html`<div class="panel" @cf-past=${(event) => this.#toPast(event.detail.at)}>
      <cf-desk-customer .app=${this.app} .ticket=${ticket} .linkTo=${this.linkTo}></cf-desk-customer>
      ${this.#facts()}
      <cf-desk-history .app=${this.app} .model=${this.#model}></cf-desk-history>
    </div>`;
  }

  #toPast(at) {
    this.past = at;
  }

  #aside() {
    if (BESIDE.matches) return html`<section class="beside" aria-label=${t("desk.details")}>${this.#panel()}</section>`;
    if (!this.details) return nothing;
    return html`<dialog
      class="drawer"
      aria-label=${t("desk.details")}
      @close=${() => (this.details = false)}
      @click=${(event) => event.target === event.currentTarget && (this.details = false)}
    >
      <button class="plain icon-only compact shut" aria-label=${t("app.close")} @click=${() => (this.details = false)}>
        ${icon("x")}
      </button>
      ${this.#panel()}
    </dialog>`;
  }

  #dialog() {
    const { ticket } = this.#model;
    const closing = this.asking === "close";
    return html`<cf-dialog
      heading=${t(closing ? "desk.close.title" : "ticket.reopen.title")}
      .open=${this.asking !== null}
      @cf-close=${() => (this.asking = null)}
    >
      ${
        closing
          ? html`<div class="close-text">
              <p>${t("desk.close.text")}</p>
              ${
                ticket.closes_at
                  ? html`<p class="muted">
                      ${t("desk.close.by_itself", { time: absolute(new Date(ticket.closes_at)) })}
                    </p>`
                  : nothing
              }
            </div>`
          : html`<div class="field">
              <label for="reason">${t("ticket.reopen.label")}</label>
              <textarea id="reason" rows="3" maxlength="2000"></textarea>
            </div>`
      }
      <button slot="actions" @click=${() => (this.asking = null)}>${t("app.cancel")}</button>
      <button slot="actions" class="primary" ?disabled=${this.busy} @click=${this.#confirm}>
        ${closing ? html`${icon("archive")}${t("desk.close.confirm")}` : html`${icon("rotate-ccw")}${t("ticket.reopen")}`}
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
        <p class="hidden" role="status">${t("ticket.loading")}</p>`;
    }
    if (state !== "ready") {
      const missing = state === "missing";
      return html`${this.#backRow()}
        <div class="empty" role="alert">
          <span class="badge">${icon(missing ? "search" : "cloud-off")}</span>
          <h2 tabindex="-1">${t(missing ? "ticket.missing.title" : "ticket.failed.title")}</h2>
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
            <cf-thread .app=${this.app} .model=${model} agent>${this.#state()}</cf-thread>
          </div>
          ${this.#reply()} ${this.over ? html`<div class="drop">${t("composer.drop")}</div>` : nothing}
        </div>
        ${this.#aside()}
      </div>
      ${this.#dialog()}
      <cf-desk-past
        .app=${this.app}
        .model=${model}
        .at=${this.past}
        @cf-past=${(event) => this.#toPast(event.detail.at)}
      ></cf-desk-past>`;
  }
}

define("cf-desk-ticket", CfDeskTicket);
