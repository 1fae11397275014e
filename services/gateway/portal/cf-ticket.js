/* <cf-ticket .app ticket="id" .linkTo=${(id) => href} back="href"> one ticket for its customer: thread, reply, what
   happens next, details. `.chatHref=${(id) => href}`: of the chat that it was. Events: cf-go (detail {href}) · cf-back · cf-open (detail {id}) · cf-follow-up (detail {id}) · cf-title (detail {title}). */
import { ApiError } from "../web/api.js";
import { plainClick } from "../web/article.js";
import { base, controls, states } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import "../web/elements/cf-composer.js";
import "../web/elements/cf-dialog.js";
import "../web/elements/cf-priority.js";
import "../web/elements/cf-rating.js";
import "../web/elements/cf-status.js";
import "../web/elements/cf-thread.js";
import "../web/elements/cf-time.js";
import { icon } from "../web/icons.js";
import { t } from "../web/strings.js";
import { firstName } from "../web/text.js";
import { TicketModel } from "../web/ticket-model.js";
import { absolute } from "../web/time.js";
import { dropTarget } from "../web/uploads.js";

export class CfTicket extends CfElement {
  static properties = {
    ticket: {},
    back: {},
    linkTo: { attribute: false },
    chatHref: { attribute: false },
    over: { state: true },
    arrived: { state: true },
    busy: { state: true },
    reopening: { state: true },
    rating: { state: true },
    details: { state: true },
  };

  static styles = [
    base,
    controls,
    states,
    css`
      :host {
        position: relative;
      }
      .top {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--cf-2);
        margin: 0 0 var(--cf-3) calc(-1 * var(--cf-2));
      }
      .layout {
        display: grid;
        grid-template-columns: minmax(0, 1fr) 264px;
        gap: var(--cf-10);
        align-items: start;
      }
      .title {
        display: grid;
        gap: var(--cf-2);
        padding-bottom: var(--cf-4);
        border-bottom: 1px solid var(--cf-line);
        margin-bottom: var(--cf-4);
      }
      h2 {
        overflow-wrap: anywhere;
      }
      .title .row {
        gap: var(--cf-1) var(--cf-3);
        color: var(--cf-text-2);
      }
      .banner {
        display: grid;
        grid-template-columns: 20px minmax(0, 1fr);
        gap: 2px var(--cf-2);
        margin-bottom: var(--cf-4);
        padding: var(--cf-3) var(--cf-4);
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius-l);
        background: var(--cf-surface);
      }
      .banner > svg.icon {
        margin-top: 3px;
      }
      .banner > div {
        display: grid;
        gap: var(--cf-2);
        justify-items: start;
      }
      .banner h3 {
        font-size: var(--cf-text-m);
        line-height: 1.5;
      }
      .banner.waiting {
        border-color: transparent;
        background: var(--cf-warn-soft);
      }
      .banner.waiting > svg.icon,
      .banner.waiting h3 {
        color: var(--cf-warn);
      }
      .banner.resolved > svg.icon {
        color: var(--cf-ok);
      }
      cf-rating {
        width: 100%;
      }
      blockquote {
        display: -webkit-box;
        margin: 0;
        overflow: hidden;
        max-width: var(--cf-measure);
        white-space: pre-line;
        overflow-wrap: anywhere;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 3;
      }
      .after {
        margin-top: var(--cf-4);
      }
      .reply {
        position: sticky;
        z-index: 10;
        inset-block-end: 0;
        margin: var(--cf-3) calc(-1 * var(--cf-2)) 0;
        padding: var(--cf-2) var(--cf-2) var(--cf-4);
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
      aside {
        position: sticky;
        inset-block-start: var(--cf-6);
      }
      aside h3 {
        margin-bottom: var(--cf-3);
        font-size: var(--cf-text-m);
      }
      dl {
        display: grid;
        gap: var(--cf-3);
      }
      dt {
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      dd {
        min-height: 24px;
        overflow-wrap: anywhere;
      }
      .drop {
        position: absolute;
        z-index: 20;
        inset: -8px;
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
      }
      .bone.wide {
        width: 60%;
        height: 20px;
      }
      .bone.text {
        max-width: 68ch;
        height: 64px;
      }
      .toggle {
        display: none;
      }
      @media (max-width: 860px) {
        .layout {
          grid-template-columns: minmax(0, 1fr);
          gap: 0;
        }
        .toggle {
          display: inline-flex;
        }
        aside {
          position: static;
          grid-row: 1;
          margin-bottom: var(--cf-4);
          padding: var(--cf-4);
          border: 1px solid var(--cf-line);
          border-radius: var(--cf-radius-l);
          background: var(--cf-surface);
        }
        aside:not(.open) {
          display: none;
        }
        aside dl {
          grid-template-columns: repeat(2, minmax(0, 1fr));
        }
        .reply {
          padding-bottom: var(--cf-2);
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

  constructor() {
    super();
    this.over = false;
    this.arrived = 0;
    this.busy = false;
    this.reopening = false;
    this.rating = false;
    this.details = false;
    this.back = "#";
    this.chatHref = (id) => `/support/live-chat/${id}`;
    this.linkTo = (id) => `#${id}`;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#undrop = dropTarget(this, {
      onFiles: (files) => this.#composer?.addFiles(files),
      onOver: (over) => (this.over = over && this.#model?.can("reply")),
    });
    document.addEventListener("visibilitychange", this.#read);
    // Keeps what has the focus from hiding under the sticky reply box.
    this.#sized = new ResizeObserver((entries) => {
      const reply = entries.find((entry) => entry.target.classList.contains("reply"));
      if (reply) {
        const room = Math.ceil(reply.borderBoxSize[0].blockSize);
        const { style } = document.documentElement;
        style.scrollPaddingBottom = `${room}px`;
        style.setProperty("--cf-foot", `${room}px`);
      }
      // Pictures and times grow into place; who stands at the end stays there.
      if (this.#atEnd && this.#opened) this.#thread?.toEnd();
    });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#undrop();
    document.removeEventListener("visibilitychange", this.#read);
    this.#sized.disconnect();
    document.documentElement.style.scrollPaddingBottom = "";
    document.documentElement.style.removeProperty("--cf-foot");
    this.#close();
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (this.app.state !== "ready") this.#close();
    else if (this.ticket && this.#model?.id !== this.ticket) this.#openTicket();
  }

  get #composer() {
    return this.renderRoot.querySelector("cf-composer");
  }

  get #thread() {
    return this.renderRoot.querySelector("cf-thread");
  }

  #close() {
    this.#off?.abort();
    this.#model?.close();
    this.#model = null;
  }

  #openTicket() {
    this.#close();
    this.#opened = false;
    this.arrived = 0;
    this.rating = this.reopening = this.details = false;
    this.#model = new TicketModel(this.app, this.ticket);
    const { signal } = (this.#off = new AbortController());
    this.#model.addEventListener("change", () => this.#onChange(), { signal });
    this.#model.addEventListener("arrived", () => this.#onArrived(), { signal });
    this.#model.open();
  }

  async #onChange() {
    const keep = this.#atEnd && this.#opened;
    this.requestUpdate();
    if (this.#model.state !== "ready") return;
    await this.updateComplete;
    await this.#thread?.updateComplete;
    if (!this.#model || !this.#thread) return;
    if (!this.#opened) {
      this.#opened = true;
      this.emit("cf-title", { title: `${this.#model.ticket.number} ${this.#model.ticket.subject}` });
      this.#atEnd = this.#thread.toStart();
      this.#sized.observe(this.#thread);
    } else if (keep) {
      this.#thread.toEnd();
    }
    this.#sized.observe(this.renderRoot.querySelector(".reply"));
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

  #read = () => {
    if (this.#atEnd && this.#opened && document.visibilityState === "visible") this.#model?.markRead();
  };

  async #send(event) {
    this.#model.send(event.detail);
    await this.updateComplete;
    await this.#thread.updateComplete;
    this.#thread.toEnd();
  }

  async #run(action, body) {
    if (this.busy) return false;
    this.busy = true;
    try {
      await this.#model.run(action, body);
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.app.notify(t("ticket.action_failed", { reason: error.words }), { kind: "danger" });
      return false;
    } finally {
      this.busy = false;
    }
  }

  async #rate({ score, comment }) {
    const body = comment ? { score, comment } : { score };
    if (await this.#run("satisfaction", body)) this.rating = false;
  }

  async #reopen() {
    const reason = this.renderRoot.querySelector("#reason").value.trim();
    const done = await this.#run("reopen", reason ? { reason } : {});
    if (done) this.reopening = false;
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.#model.ticket.number);
      this.app.notify(t("ticket.copied"), { kind: "ok" });
    } catch {
      this.app.notify(this.#model.ticket.number);
    }
  }

  #question() {
    const { history, messages } = this.#model;
    const asked = history.findLast((entry) => entry.name === "InformationRequested");
    return messages.find((message) => message.id === asked?.message_id);
  }

  #waiting() {
    const question = this.#question();
    return html`<section class="banner after waiting" aria-labelledby="waiting">
      ${icon("reply")}
      <div>
        <h3 id="waiting">
          ${t("ticket.waiting.title")}${
            question
              ? html` <span class="muted"
                  >· ${t("ticket.waiting.asked", { name: firstName(question.author.name) })}</span
                >`
              : nothing
          }
        </h3>
        ${question ? html`<blockquote>${question.body}</blockquote>` : nothing}
        <button class="compact" @click=${() => this.#composer.focus()}>
          ${icon("reply")}${t("ticket.waiting.reply")}
        </button>
      </div>
    </section>`;
  }

  #resolved() {
    const { ticket } = this.#model;
    const model = this.#model;
    const closes = ticket.status === "RESOLVED" && ticket.closes_at;
    const rated = ticket.satisfaction && !this.rating;
    const reopen = model.can("reopen")
      ? html`<button slot="actions" ?disabled=${this.busy} @click=${() => (this.reopening = true)}>
          ${icon("rotate-ccw")}${t("ticket.reopen")}
        </button>`
      : nothing;
    const { score } = ticket.satisfaction ?? {};
    return html`<section class="banner after resolved" aria-labelledby="resolved">
      ${icon("circle-check")}
      <div>
        <h3 id="resolved">${t("ticket.resolved.title")}</h3>
        <p class="muted">
          ${rated ? t("rating.thanks", { score, word: t(`rating.${score}`) }) : t("ticket.resolved.text")}
          ${closes ? t("ticket.resolved.closes", { time: absolute(new Date(ticket.closes_at)) }) : nothing}
        </p>
        ${
          model.can("rate") && !rated
            ? html`<cf-rating
                .value=${ticket.satisfaction}
                label=${t(ticket.satisfaction ? "rating.save" : "rating.send")}
                ?busy=${this.busy}
                @cf-rate=${(event) => this.#rate(event.detail)}
                >${reopen}</cf-rating
              >`
            : html`<div class="row">
                ${
                  rated && model.can("rate")
                    ? html`<button @click=${() => (this.rating = true)}>
                        ${icon("pencil")}${t("rating.change")}
                      </button>`
                    : nothing
                }
                ${reopen}
              </div>`
        }
      </div>
    </section>`;
  }

  #closed() {
    const { ticket } = this.#model;
    const { score } = ticket.satisfaction ?? {};
    return html`<section class="banner after" aria-labelledby="closed">
      ${icon("archive")}
      <div>
        <h3 id="closed">${t("ticket.closed.title")}</h3>
        <p class="muted">${t("ticket.closed.text")}</p>
        ${
          this.#model.can("rate") && (!ticket.satisfaction || this.rating)
            ? html`<cf-rating
                .value=${ticket.satisfaction}
                label=${t(ticket.satisfaction ? "rating.save" : "rating.send")}
                ?busy=${this.busy}
                @cf-rate=${(event) => this.#rate(event.detail)}
              ></cf-rating>`
            : ticket.satisfaction
              ? html`<p class="muted">
                  ${t("rating.thanks", { score, word: t(`rating.${score}`) })}
                  ${
                    this.#model.can("rate")
                      ? html`<button class="link" @click=${() => (this.rating = true)}>
                          ${t("rating.change")}
                        </button>`
                      : nothing
                  }
                </p>`
              : nothing
        }
        ${
          this.#model.can("follow_up")
            ? html`<button class="primary" @click=${() => this.emit("cf-follow-up", { id: ticket.id })}>
                ${icon("plus")}${t("ticket.follow_up")}
              </button>`
            : nothing
        }
      </div>
    </section>`;
  }

  #next() {
    const { status } = this.#model.ticket;
    if (status === "WAITING_ON_CUSTOMER" && !this.app.isAgent) return this.#waiting();
    if (status === "RESOLVED") return this.#resolved();
    if (status === "CLOSED") return this.#closed();
    return nothing;
  }

  #detail(key, value) {
    return html`<div>
      <dt>${t(`ticket.detail.${key}`)}</dt>
      <dd>${value}</dd>
    </div>`;
  }

  #aside() {
    const { ticket } = this.#model;
    const agent = this.app.isAgent;
    return html`<aside class=${this.details ? "open" : ""} aria-label=${t("ticket.details")}>
      <h3>${t("ticket.details")}</h3>
      <dl>
        ${this.#detail("status", html`<cf-status status=${ticket.status} ?agent=${agent}></cf-status>`)}
        ${this.#detail("priority", html`<cf-priority priority=${ticket.priority}></cf-priority>`)}
        ${this.#detail("category", t(`category.${ticket.category}`))}
        ${this.#detail("assignee", ticket.assignee ? (agent ? ticket.assignee.name : firstName(ticket.assignee.name)) : html`<span class="muted">${t("ticket.detail.nobody")}</span>`)}
        ${agent ? this.#detail("customer", `${ticket.customer.name}, ${ticket.customer.account}`) : nothing}
        ${this.#detail("created", html`<cf-time at=${ticket.created_at} side="end"></cf-time>`)}
        ${
          ticket.first_response_at
            ? this.#detail("answered", html`<cf-time at=${ticket.first_response_at} side="end"></cf-time>`)
            : ticket.first_response_due_at && ticket.status !== "CLOSED" && ticket.status !== "RESOLVED"
              ? this.#detail("due", html`<cf-time at=${ticket.first_response_due_at} side="end"></cf-time>`)
              : nothing
        }
        ${
          ticket.follow_up_to
            ? this.#detail(
                "follow_up",
                html`<a
                  href=${this.linkTo(ticket.follow_up_to)}
                  @click=${(event) => this.#open(event, ticket.follow_up_to)}
                  >${t("ticket.detail.previous")}</a
                >`,
              )
            : nothing
        }
        ${ticket.from_chat ? this.#detail("from_chat", this.#chatLink(ticket.from_chat)) : nothing}
      </dl>
    </aside>`;
  }

  #chatLink(id) {
    const href = this.chatHref(id);
    const follow = (event) => plainClick(event) && !this.emit("cf-go", { href }) && event.preventDefault();
    return html`<a href=${href} @click=${follow}>${t("ticket.detail.chat")}</a>`;
  }

  #open(event, id) {
    event.preventDefault();
    this.emit("cf-open", { id });
  }

  #back(event) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button > 0) return;
    event.preventDefault();
    this.emit("cf-back");
  }

  #top() {
    return html`<div class="top">
      <a class="button plain" href=${this.back} @click=${this.#back}
        >${icon("arrow-left")}${t("ticket.all")}</a
      >
      ${
        this.#model?.state === "ready"
          ? html`<button
              class="plain compact toggle"
              aria-expanded=${this.details}
              @click=${() => (this.details = !this.details)}
            >
              ${icon("info")}${t("ticket.details")}
            </button>`
          : nothing
      }
    </div>`;
  }

  #reply() {
    const model = this.#model;
    return html`<div class="reply">
      ${
        this.arrived
          ? html`<button class="compact jump" @click=${() => this.#thread.toEnd()}>
              ${icon("arrow-down")}${t("thread.jump", { n: this.arrived })}
            </button>`
          : nothing
      }
      ${
        model.can("reply")
          ? html`<cf-composer
              .app=${this.app}
              .modes=${model.can("note") ? ["reply", "note"] : ["reply"]}
              ticket=${model.id}
              @cf-send=${this.#send}
            >
              ${
                model.can("resolve")
                  ? html`<button
                      slot="actions"
                      ?disabled=${this.busy}
                      @click=${() => this.#run("resolve", {})}
                    >
                      ${icon("check")}${t("ticket.resolve")}
                    </button>`
                  : nothing
              }
            </cf-composer>`
          : nothing
      }
    </div>`;
  }

  #reopenDialog() {
    return html`<cf-dialog
      heading=${t("ticket.reopen.title")}
      .open=${this.reopening}
      @cf-close=${() => (this.reopening = false)}
    >
      <div class="field">
        <label for="reason">${t("ticket.reopen.label")}</label>
        <textarea id="reason" rows="3" maxlength="2000"></textarea>
      </div>
      <button slot="actions" @click=${() => (this.reopening = false)}>${t("app.cancel")}</button>
      <button slot="actions" class="primary" ?disabled=${this.busy} @click=${this.#reopen}>
        ${icon("rotate-ccw")}${t("ticket.reopen")}
      </button>
    </cf-dialog>`;
  }

  render() {
    const model = this.#model;
    const state = model?.state ?? "loading";
    if (state === "loading") {
      return html`${this.#top()}
        <div class="bones skeleton" aria-hidden="true">
          <div class="bone wide"></div>
          <div class="bone text"></div>
          <div class="bone text"></div>
        </div>
        <p class="hidden" role="status">${t("ticket.loading")}</p>`;
    }
    if (state !== "ready") {
      const missing = state === "missing";
      return html`${this.#top()}
        <div class="empty" role="alert">
          <span class="badge">${icon(missing ? "search" : "cloud-off")}</span>
          <h2 tabindex="-1">${t(missing ? "ticket.missing.title" : "ticket.failed.title")}</h2>
          <p>${missing ? t("ticket.missing.text") : model.problem}</p>
          ${
            missing
              ? nothing
              : html`<div class="row">
                  <button @click=${() => model.retry()}>${icon("refresh-cw")}${t("app.retry")}</button>
                </div>`
          }
        </div>`;
    }
    const { ticket } = model;
    return html`${this.#top()}
      <div class="layout" @cf-end=${(event) => this.#onEnd(event.detail.visible)}>
        <div>
          <div class="title">
            <h2 tabindex="-1">${ticket.subject}</h2>
            <div class="row wrap">
              <cf-status role="status" status=${ticket.status} ?agent=${this.app.isAgent}></cf-status>
              <span class="row">
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
            </div>
          </div>
          <cf-thread .app=${this.app} .model=${model} ?agent=${this.app.isAgent}>${this.#next()}</cf-thread>
          ${this.#reply()}
        </div>
        ${this.#aside()}
      </div>
      ${this.over ? html`<div class="drop">${t("composer.drop")}</div>` : nothing} ${this.#reopenDialog()}`;
  }
}

define("cf-ticket", CfTicket);
