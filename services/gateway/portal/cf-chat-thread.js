/* <cf-chat-thread .app .model=${ChatModel} .articleHref=${({slug, anchor}) => href} .faqHref=${(id) => href}
   .ticketHref=${(id) => href}> the conversation of a chat: who speaks, the assistant's Markdown with its sources,
   buttons and thumbs, and what the system has to say in small lines.

   Events: cf-go (detail {href}; preventDefault() keeps the link from being followed) · cf-action (detail {action}) ·
   cf-rate (detail {message, helpful}) · cf-line (detail {action}: "withdraw", "ticket_of_chat"
   or "end"). */
import { articleStyles, copied, plainClick } from "../web/article.js";
import { css, define, html, nothing } from "../web/element.js";
import { CfThread } from "../web/elements/cf-thread.js";
import { icon } from "../web/icons.js";
import { markdown } from "../web/markdown.js";
import { has, t } from "../web/strings.js";
import { firstName } from "../web/text.js";

const LINE_ICONS = {
  waiting: "hourglass",
  withdrawn: "undo-2",
  prolonged: "hourglass",
  joined: "user-check",
  transferred: "user-check",
  returned: "hourglass",
  handed_back: "bot",
  nudged: "timer",
  ticket: "ticket",
  ended: "check",
};
const ACTION_ICONS = {
  start_procedure: "list",
  show_status: "activity",
  talk_to_person: "user",
  open_ticket: "ticket",
  open_article: "book-open",
};
const WAITS = ["waiting", "prolonged", "returned"];

export class CfChatThread extends CfThread {
  static properties = {
    articleHref: { attribute: false },
    faqHref: { attribute: false },
    ticketHref: { attribute: false },
  };

  static styles = [
    ...CfThread.styles,
    articleStyles,
    css`
      .message {
        grid-template-columns: 28px minmax(0, 1fr);
        gap: 0 10px;
        padding: 6px 0;
      }
      .face {
        width: 28px;
        height: 28px;
      }
      .assistant .face {
        background: var(--cf-accent);
        color: var(--cf-on-accent);
      }
      .bubble {
        width: fit-content;
        max-width: min(100%, var(--cf-measure));
        padding: var(--cf-2) var(--cf-3);
        border-radius: var(--cf-radius-l);
        border-start-start-radius: var(--cf-radius-s);
        background: var(--cf-subtle);
      }
      .customer {
        grid-template-columns: minmax(0, 1fr);
        justify-items: end;
        padding-inline-start: 12%;
      }
      .customer .face {
        display: none;
      }
      .customer > div {
        display: grid;
        justify-items: end;
      }
      .customer .bubble {
        border-start-start-radius: var(--cf-radius-l);
        border-start-end-radius: var(--cf-radius-s);
        background: var(--cf-accent-soft);
      }
      .text.article {
        font-size: var(--cf-text-m);
        line-height: 1.5;
        white-space: normal;
      }
      .article p {
        white-space: pre-line;
      }
      .article > * + *,
      .article li > * + * {
        margin-top: var(--cf-2);
      }
      .article li + li {
        margin-top: var(--cf-1);
      }
      .sources {
        display: flex;
        flex-wrap: wrap;
        gap: 2px var(--cf-4);
        margin-top: var(--cf-2);
        font-size: var(--cf-text-s);
      }
      .sources a {
        display: inline-flex;
        align-items: center;
        gap: 6px;
        min-height: 24px;
      }
      .sources svg.icon {
        width: 14px;
        height: 14px;
      }
      .offers {
        display: flex;
        flex-wrap: wrap;
        gap: 6px;
        margin-top: var(--cf-2);
      }
      .offers li {
        max-width: 100%;
      }
      .offers :is(button, .button) {
        max-width: 100%;
        min-height: 32px;
        padding-block: 5px;
        white-space: normal;
        text-align: start;
      }
      .offers .past {
        display: inline-flex;
        align-items: center;
        gap: 6px;
        padding: 3px 10px;
        border: 1px dashed var(--cf-line);
        border-radius: var(--cf-radius);
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      .offers .past.chosen {
        border-style: solid;
        border-color: var(--cf-line-strong);
        color: var(--cf-text);
      }
      .thumbs {
        display: flex;
        align-items: center;
        gap: 2px;
        margin-top: 2px;
      }
      .thumbs [aria-pressed="true"] {
        background: var(--cf-accent-soft);
        color: var(--cf-accent);
      }
      .thumbs span {
        margin-inline-start: 6px;
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      .line {
        grid-template-columns: 28px minmax(0, 1fr);
        column-gap: 10px;
      }
      .line .row {
        flex-wrap: wrap;
        margin-top: var(--cf-1);
      }
    `,
  ];

  constructor() {
    super();
    this.articleHref = ({ slug, anchor }) => `/support/knowledge-base/${slug}${anchor ? `#${anchor}` : ""}`;
    this.faqHref = (id) => `/support/faq#${id}`;
    this.ticketHref = (id) => `/support/tickets/${id}`;
  }

  /** The element of the newest message or line, null where there is none. */
  get newest() {
    return [...this.renderRoot.querySelectorAll("li:is(.message, .line)")].at(-1) ?? null;
  }

  name(author) {
    return author.role === "assistant" ? t("chat.assistant") : super.name(author);
  }

  face(author) {
    return author.role === "assistant" ? icon("bot") : super.face(author);
  }

  body(message) {
    if (message.author.role !== "assistant") return html`<div class="bubble">${super.body(message)}</div>`;
    return html`<div class="bubble">
      <div class="text article">${markdown(message.body, { onCopy: (text) => this.#copy(text) })}</div>
    </div>`;
  }

  async #copy(text) {
    const done = await copied(text);
    this.app.notify(t(done ? "kb.copied" : "kb.not_copied"), { kind: done ? "ok" : "danger" });
  }

  after(message, state) {
    if (message.author.role !== "assistant" || state !== "sent") return nothing;
    return [this.#sources(message), this.#offers(message), this.#thumbs(message)];
  }

  #go(event, href) {
    if (plainClick(event) && !this.emit("cf-go", { href })) event.preventDefault();
  }

  #link(href, content, classes = "") {
    return html`<a class=${classes} href=${href} @click=${(event) => this.#go(event, href)}>${content}</a>`;
  }

  #sources({ sources }) {
    if (!sources.length) return nothing;
    return html`<ul class="sources" aria-label=${t("chat.sources")}>
      ${sources.map(({ kind, slug, anchor, title, version }) =>
        kind === "faq"
          ? html`<li>${this.#link(this.faqHref(slug), html`${icon("circle-help")}${t("chat.source.faq", { title })}`)}</li>`
          : html`<li>
              ${this.#link(
                this.articleHref({ slug, anchor }),
                html`${icon("book-open")}${t("chat.source.article", { title, n: version })}`,
              )}
            </li>`,
      )}
    </ul>`;
  }

  #offers(message) {
    const { actions } = message;
    if (!actions.length) return nothing;
    const live = this.model.offering === message.id;
    const chosen = live ? null : this.#chosenAfter(message);
    return html`<ul class="offers" aria-label=${t(live ? "chat.offers" : "chat.offers.past")}>
      ${actions.map((action) => html`<li>${this.#offer(action, live, chosen)}</li>`)}
    </ul>`;
  }

  #offer(action, live, chosen) {
    const sign = ACTION_ICONS[action.kind];
    const content = html`${sign ? icon(sign) : nothing}${action.label}`;
    if (action.kind === "open_article") return this.#link(this.articleHref(action), content, "button");
    if (live) return html`<button @click=${() => this.emit("cf-action", { action })}>${content}</button>`;
    const pressed = JSON.stringify(action) === JSON.stringify(chosen);
    return html`<span class="past ${pressed ? "chosen" : ""}"
      >${pressed ? html`${icon("check")}<span class="hidden">${t("chat.chosen")}</span>` : nothing}${action.label}</span
    >`;
  }

  #chosenAfter({ id }) {
    const { messages } = this.model;
    const next = messages.slice(messages.findIndex((one) => one.id === id) + 1).find((one) => one.kind === "message");
    return next?.action ?? this.model.unsent[0]?.button ?? null;
  }

  #thumbs(message) {
    if (!this.model.can("rate")) return nothing;
    const thumb = (helpful, name) =>
      html`<button
        class="plain compact icon-only"
        aria-label=${t(`chat.${name}`)}
        title=${t(`chat.${name}`)}
        aria-pressed=${message.feedback === helpful}
        @click=${() => message.feedback !== helpful && this.emit("cf-rate", { message, helpful })}
      >
        ${icon(helpful ? "thumbs-up" : "thumbs-down")}
      </button>`;
    return html`<div class="thumbs" role="group" aria-label=${t("chat.thumbs")}>
      ${thumb(true, "helpful")}${thumb(false, "not_helpful")}
      ${message.feedback === null ? nothing : html`<span>${t("chat.rated")}</span>`}
    </div>`;
  }

  line({ message }) {
    return html`<li class="line" data-kind=${message.kind}>
      <span>${icon(LINE_ICONS[message.kind] ?? "info")}</span>
      <div>
        ${this.#words(message)} · <cf-time at=${message.created_at} mode="clock"></cf-time>
        ${this.#lineButtons(message)}
      </div>
    </li>`;
  }

  #words(message) {
    const { kind } = message;
    const { chat } = this.model;
    if (kind === "ticket" && chat.ticket_id) {
      const number = chat.ticket_number;
      return html`${t("chat.line.ticket")} ${this.#link(this.ticketHref(chat.ticket_id), t("chat.ticket", { number }))}`;
    }
    const ended = `chat.line.ended.${chat.end_reason}`;
    if (kind === "ended" && has(ended)) return t(ended);
    const name = this.#agentAfter(message);
    const named = `chat.line.${kind}.named`;
    if (name && has(named)) return t(named, { name: firstName(name) });
    return has(`chat.line.${kind}`) ? t(`chat.line.${kind}`) : message.body;
  }

  /** Who came with this line: it was that agent who wrote next, or who has the chat now. */
  #agentAfter({ id }) {
    const { messages, chat } = this.model;
    const later = messages.slice(messages.findIndex((one) => one.id === id) + 1);
    const until = later.findIndex((one) => ["joined", "transferred", "returned", "handed_back"].includes(one.kind));
    const theirs = until < 0 ? later : later.slice(0, until);
    const wrote = theirs.find((one) => one.author.role === "agent")?.author.name;
    return wrote ?? (until < 0 ? chat.assignee?.name : null);
  }

  #lineButtons(message) {
    const { model } = this;
    const isLast = (kinds) => model.messages.findLast((one) => kinds.includes(one.kind))?.id === message.id;
    const button = (action) =>
      html`<button class="compact" @click=${() => this.emit("cf-line", { action })}>${t(`chat.${action}`)}</button>`;
    if (WAITS.includes(message.kind) && model.can("withdraw_request") && isLast(WAITS))
      return html`<div class="row">
        ${message.kind === "prolonged" ? button("ticket_of_chat") : nothing}${button("withdraw")}
      </div>`;
    if (message.kind === "nudged" && model.can("end") && model.messages.at(-1)?.id === message.id)
      return html`<div class="row">${button("end")}</div>`;
    return nothing;
  }
}

define("cf-chat-thread", CfChatThread);
