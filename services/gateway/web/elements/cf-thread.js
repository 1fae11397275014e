/* <cf-thread .app .model=${TicketModel}> the conversation of a ticket: messages, day marks, status lines, the "New"
   line, files, and messages on their way with Retry and Delete. Older ones load without moving the page.

   Property `agent`: words for agents. Default slot: what follows the conversation (a banner), before its end.
   Methods for elements that show another conversation: name(author), face(author), role(message),
   body(message), after(message, state), line(entry).
   Methods: toStart() scrolls to the first unread message or the end (answers true for the end), toEnd().
   Event: cf-end (detail {visible}) when the end comes into view or leaves it. */
import { repeat } from "lit/directives/repeat.js";
import { base, controls } from "../base.js";
import { CfElement, css, define, html, nothing } from "../element.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";
import { firstName, initials, linked } from "../text.js";
import { dayWords } from "../time.js";
import "./cf-files.js";
import "./cf-time.js";

const LINE_ICONS = {
  TicketResolved: "circle-check",
  TicketReopened: "rotate-ccw",
  TicketClosed: "archive",
  InformationRequested: "reply",
  InformationProvided: "message-square",
  TicketAssigned: "user-check",
  TicketUnassigned: "user-x",
  PriorityChanged: "signal-high",
  CategoryChanged: "tag",
  ClosingAnnounced: "timer",
  SatisfactionRated: "star",
  WorkStarted: "wrench",
};

export class CfThread extends CfElement {
  static properties = { model: { attribute: false }, agent: { type: Boolean } };

  static styles = [
    base,
    controls,
    css`
      ol {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
      }
      .message {
        display: grid;
        grid-template-columns: 32px minmax(0, 1fr);
        gap: 0 var(--cf-3);
        padding: var(--cf-3) 0;
        scroll-margin-block: var(--cf-6);
      }
      .message.internal {
        margin-inline: calc(-1 * var(--cf-3));
        padding-inline: var(--cf-3);
        border-radius: var(--cf-radius);
        background: var(--cf-note-soft);
      }
      .face {
        display: grid;
        place-items: center;
        width: 32px;
        height: 32px;
        border: 1px solid transparent;
        border-radius: 50%;
        background: var(--cf-subtle);
        color: var(--cf-text-2);
        font-size: var(--cf-text-xs);
        font-weight: 600;
        letter-spacing: 0.02em;
      }
      .agent .face {
        background: var(--cf-accent-soft);
        color: var(--cf-accent);
      }
      .internal .face {
        background: var(--cf-note);
        color: var(--cf-surface);
      }
      .who {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: 0 var(--cf-2);
        min-height: 21px;
      }
      .who strong {
        font-weight: 600;
        overflow-wrap: anywhere;
      }
      .role {
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      .internal .role {
        display: inline-flex;
        align-items: baseline;
        gap: 4px;
        color: var(--cf-note);
        font-weight: 500;
      }
      .internal .role svg.icon {
        align-self: center;
        width: 13px;
        height: 13px;
      }
      .who cf-time,
      .delivery {
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      .text {
        max-width: var(--cf-measure);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      cf-files {
        margin-top: var(--cf-2);
      }
      .sending .text,
      .queued .text {
        color: var(--cf-text-2);
      }
      .delivery {
        display: inline-flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--cf-1) var(--cf-2);
        margin-top: 2px;
      }
      .failed .delivery {
        color: var(--cf-danger);
      }
      .line {
        display: grid;
        grid-template-columns: 32px minmax(0, 1fr);
        gap: 0 var(--cf-3);
        align-items: start;
        padding: 5px 0;
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      .line > span {
        display: grid;
        place-items: center;
        height: 20px;
      }
      .line svg.icon {
        width: 14px;
        height: 14px;
      }
      .line .why {
        display: block;
        color: var(--cf-text);
        overflow-wrap: anywhere;
      }
      .mark {
        display: flex;
        align-items: center;
        gap: var(--cf-3);
        margin: var(--cf-3) 0;
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
        font-weight: 500;
      }
      .mark::before,
      .mark::after {
        content: "";
        flex: 1;
        border-top: 1px solid var(--cf-line);
      }
      .mark:first-child {
        margin-top: 0;
      }
      .mark.new {
        color: var(--cf-danger);
      }
      .mark.new::before,
      .mark.new::after {
        border-color: var(--cf-danger);
      }
      .earlier {
        display: grid;
        justify-items: start;
        padding: var(--cf-1) 0 var(--cf-1) 44px;
      }
      @media (max-width: 480px) {
        .message,
        .line {
          grid-template-columns: 28px minmax(0, 1fr);
          column-gap: 10px;
        }
        .face {
          width: 28px;
          height: 28px;
        }
        .earlier {
          padding-inline-start: 38px;
        }
      }
    `,
  ];

  #off = null;
  #end = null;

  connectedCallback() {
    super.connectedCallback();
    this.#end = new IntersectionObserver(
      ([entry]) => this.emit("cf-end", { visible: entry.isIntersecting }),
      {
        rootMargin: "0px 0px 24px 0px",
        scrollMargin: "0px 0px 24px 0px",
      },
    );
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#end.disconnect();
    this.#off?.abort();
    this.#off = null;
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    if (!changed.has("model") || !this.model) return;
    this.#off?.abort();
    this.#off = new AbortController();
    this.model.addEventListener("change", () => this.requestUpdate(), { signal: this.#off.signal });
  }

  firstUpdated() {
    this.#end.observe(this.renderRoot.querySelector("#end"));
  }

  toStart() {
    const mark = this.renderRoot.querySelector(".mark.new");
    if (mark) mark.scrollIntoView({ block: "center" });
    else this.toEnd();
    return !mark;
  }

  toEnd() {
    this.renderRoot.querySelector("#end").scrollIntoView({ block: "end" });
  }

  async #earlier() {
    const root = scrollerOf(this);
    const below = root.scrollHeight - root.scrollTop;
    await this.model.earlier();
    await this.updateComplete;
    root.scrollTop = root.scrollHeight - below;
  }

  /** Who speaks, in words. */
  name(author) {
    if (author.id === this.app.me?.id) return t("thread.you");
    return !this.agent && author.role === "agent" ? firstName(author.name) : author.name;
  }

  face(author) {
    return initials(author.name);
  }

  /** What stands beside the name. */
  role(message) {
    const { author, internal } = message;
    if (internal) return html`<span class="role">${icon("lock")}${t("thread.internal")}</span>`;
    if (author.role === "system") return html`<span class="role">${t("thread.system")}</span>`;
    if (author.role === "agent") return html`<span class="role">${t("thread.agent")}</span>`;
    return this.agent ? html`<span class="role">${t("thread.customer")}</span>` : nothing;
  }

  body(message) {
    return html`<div class="text">${linked(message.body)}</div>`;
  }

  /** What stands below a message and its files. */
  after() {
    return nothing;
  }

  #delivery(state, item) {
    if (state === "sent") return nothing;
    if (state !== "failed") {
      return html`<span class="delivery">${icon("clock")}${t(`thread.${state}`)}</span>`;
    }
    return html`<div class="delivery" role="alert">
      ${icon("circle-alert")}<span>${t("thread.failed")} ${item.problem?.words ?? ""}</span>
      <button class="compact" @click=${() => this.app.outbox.retry(item.key)}>${t("thread.retry")}</button>
      <button class="compact" @click=${() => this.app.outbox.remove(item.key)}>${t("thread.delete")}</button>
    </div>`;
  }

  #message({ message, state, item }) {
    const { author } = message;
    const kind = `message ${author.role} ${state} ${message.internal ? "internal" : ""}`;
    return html`<li class=${kind} id="m-${message.id}">
      <span class="face" aria-hidden="true">${this.face(author)}</span>
      <div>
        <div class="who">
          <strong>${this.name(author)}</strong>${this.role(message)}
          <cf-time at=${message.created_at}></cf-time>
        </div>
        ${message.body ? this.body(message) : nothing}
        ${
          message.attachments.length
            ? html`<cf-files .app=${this.app} .files=${message.attachments}></cf-files>`
            : nothing
        }
        ${this.after(message, state)} ${this.#delivery(state, item)}
      </div>
    </li>`;
  }

  line({ entry }) {
    const given = entry.data?.reason ?? entry.data?.comment;
    const reason = given && !entry.words?.includes(given) ? given : null;
    return html`<li class="line">
      <span>${icon(LINE_ICONS[entry.name] ?? "info")}</span>
      <div>
        ${entry.words || t("event.fallback")} · <cf-time at=${entry.at} mode="clock"></cf-time>
        ${reason ? html`<span class="why">${linked(reason)}</span>` : nothing}
      </div>
    </li>`;
  }

  #entry(entry) {
    if (entry.type === "message") return this.#message(entry);
    if (entry.type === "line") return this.line(entry);
    if (entry.type === "day") return html`<li class="mark">${dayWords(new Date(entry.at))}</li>`;
    if (entry.type === "new") return html`<li class="mark new">${t("thread.new")}</li>`;
    const busy = this.model.loadingEarlier;
    return html`<li class="earlier">
      <button class="compact" ?disabled=${busy} @click=${this.#earlier}>
        ${icon("history")}${busy ? t("thread.loading_earlier") : t("thread.earlier_count", { n: entry.count })}
      </button>
    </li>`;
  }

  render() {
    const entries = this.model?.entries() ?? [];
    return html`<div
        role="log"
        aria-label=${t("thread.label")}
        aria-busy=${this.model?.loadingEarlier ?? false}
      >
        <ol>
          ${repeat(
            entries,
            (entry) => entry.key,
            (entry) => this.#entry(entry),
          )}
        </ol>
        ${this.model?.historyFailed ? html`<p class="muted small">${t("thread.history_failed")}</p>` : nothing}
      </div>
      <slot></slot>
      <div id="end"></div>`;
  }
}

/** What scrolls this element: a pane of the page, or the page. */
function scrollerOf(element) {
  for (
    let at = element;
    at instanceof Element;
    at = at.assignedSlot ?? at.parentElement ?? at.getRootNode().host
  ) {
    if (/auto|scroll/.test(getComputedStyle(at).overflowY) && at.scrollHeight > at.clientHeight) return at;
  }
  return document.scrollingElement;
}

define("cf-thread", CfThread);
