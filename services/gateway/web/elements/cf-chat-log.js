/* <cf-chat-log .app .model=${ChatModel}> the conversation of a chat as an agent reads it: customer, assistant, agents and
   the system's lines, each labelled; messages on their way with Retry and Delete; who types.

   Default slot: what follows the conversation. Methods: toEnd(). Event: cf-end (detail {visible}) when the end comes
   into view or leaves it. */
import { repeat } from "lit/directives/repeat.js";
import { base, controls } from "../base.js";
import { CfElement, css, define, html, nothing } from "../element.js";
import { icon } from "../icons.js";
import { marked } from "../markdown.js";
import { t } from "../strings.js";
import { initials, linked } from "../text.js";
import { dayWords } from "../time.js";
import "./cf-files.js";
import "./cf-time.js";

const LINE_ICONS = {
  waiting: "hand",
  withdrawn: "undo-2",
  prolonged: "timer",
  joined: "user-check",
  transferred: "arrow-right",
  returned: "undo-2",
  handed_back: "sparkles",
  nudged: "timer",
  ticket: "ticket",
  ended: "archive",
};

export class CfChatLog extends CfElement {
  static properties = { model: { attribute: false } };

  static styles = [
    base,
    controls,
    css`
      ol.all {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
      }
      .message,
      .line {
        display: grid;
        grid-template-columns: 32px minmax(0, 1fr);
        gap: 0 var(--cf-3);
        padding: 10px 0;
      }
      .face {
        display: grid;
        place-items: center;
        width: 32px;
        height: 32px;
        border-radius: 50%;
        background: var(--cf-subtle);
        color: var(--cf-text-2);
        font-size: var(--cf-text-xs);
        font-weight: 600;
      }
      .agent .face {
        background: var(--cf-accent-soft);
        color: var(--cf-accent);
      }
      .assistant .face {
        background: var(--cf-progress-soft);
        color: var(--cf-progress);
      }
      .who {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: 0 var(--cf-2);
      }
      .who strong {
        font-weight: 600;
        overflow-wrap: anywhere;
      }
      .role,
      .who cf-time,
      .delivery,
      .offered,
      .sources,
      .thumb,
      .typing {
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      .text {
        max-width: var(--cf-measure);
        overflow-wrap: anywhere;
      }
      .plain-text {
        white-space: pre-wrap;
      }
      .text p {
        white-space: pre-line;
      }
      .text > * + * {
        margin-top: var(--cf-2);
      }
      .text ul {
        padding-inline-start: 20px;
        list-style: disc;
      }
      .text ol {
        padding-inline-start: 22px;
        list-style: decimal;
      }
      .text code {
        padding: 1px 4px;
        border-radius: var(--cf-radius-s);
        background: var(--cf-subtle);
        font: 0.92em / 1.5 var(--cf-mono);
      }
      .text pre {
        margin-bottom: 0;
        padding: var(--cf-2) var(--cf-3);
        border-radius: var(--cf-radius);
        background: var(--cf-subtle);
        white-space: pre-wrap;
      }
      .text pre code {
        padding: 0;
      }
      .sources,
      .offered {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: 2px var(--cf-2);
        margin-top: var(--cf-1);
      }
      .sources a {
        padding-block: 2px;
      }
      .offered span {
        padding: 0 var(--cf-2);
        border: 1px solid var(--cf-line);
        border-radius: var(--cf-radius-round);
      }
      .thumb {
        display: inline-flex;
        align-items: center;
        gap: 4px;
        margin-top: var(--cf-1);
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
        padding: 4px 0;
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
      .mark {
        display: flex;
        align-items: center;
        gap: var(--cf-3);
        margin: var(--cf-2) 0;
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
      .earlier {
        padding: var(--cf-1) 0 var(--cf-1) 44px;
      }
      .typing {
        display: flex;
        align-items: center;
        gap: var(--cf-3);
        min-height: 24px;
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
      @media (max-width: 480px) {
        .message,
        .line {
          grid-template-columns: 28px minmax(0, 1fr);
          column-gap: 10px;
        }
        .face,
        .dots {
          width: 28px;
        }
        .face {
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
    this.#end = new IntersectionObserver(([entry]) => this.emit("cf-end", { visible: entry.isIntersecting }), {
      rootMargin: "0px 0px 24px 0px",
      scrollMargin: "0px 0px 24px 0px",
    });
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

  toEnd() {
    this.renderRoot.querySelector("#end").scrollIntoView({ block: "end" });
  }

  #name(author) {
    if (author.role === "assistant") return t("chat.assistant");
    return author.id === this.app.me?.id ? t("thread.you") : author.name;
  }

  #role({ role }) {
    const words = { customer: "thread.customer", agent: "thread.agent", assistant: "chat.assistant.role" }[role];
    return words ? html`<span class="role">${t(words)}</span>` : nothing;
  }

  #sources(sources) {
    const href = ({ kind, slug, anchor }) =>
      kind === "faq" ? `/support/faq#${slug}` : `/support/knowledge-base/${slug}${anchor ? `#${anchor}` : ""}`;
    return html`<p class="sources">
      <span>${t("chat.sources")}</span>
      ${sources.map(
        (source) => html`<a href=${href(source)} target="_blank" rel="noopener">${source.title}</a>`,
      )}
    </p>`;
  }

  #offered(actions) {
    return html`<p class="offered">
      ${t("chat.offered")} ${actions.map(({ label }) => html`<span>${label}</span>`)}
    </p>`;
  }

  #thumb(helpful) {
    return html`<p class="thumb">
      ${icon(helpful ? "circle-check" : "circle-x")}${t(helpful ? "chat.helped" : "chat.helped_not")}
    </p>`;
  }

  #delivery(state, item) {
    if (state === "sent") return nothing;
    if (state !== "failed") return html`<span class="delivery">${icon("clock")}${t(`thread.${state}`)}</span>`;
    return html`<div class="delivery" role="alert">
      ${icon("circle-alert")}<span>${t("thread.failed")} ${item.problem?.words ?? ""}</span>
      <button class="compact" @click=${() => this.app.outbox.retry(item.key)}>${t("thread.retry")}</button>
      <button class="compact" @click=${() => this.app.outbox.remove(item.key)}>${t("thread.delete")}</button>
    </div>`;
  }

  #message({ message, state, item }) {
    const { author, sources, actions, attachments, feedback } = message;
    const assistant = author.role === "assistant";
    return html`<li class="message ${author.role} ${state}" id="m-${message.id}">
      <span class="face" aria-hidden="true">${assistant ? icon("sparkles") : initials(author.name)}</span>
      <div>
        <div class="who">
          <strong>${this.#name(author)}</strong>${this.#role(author)}
          <cf-time at=${message.created_at} mode="clock"></cf-time>
        </div>
        ${
          assistant
            ? html`<div class="text">${marked(message.body)}</div>`
            : html`<div class="text plain-text">${linked(message.body)}</div>`
        }
        ${attachments.length ? html`<cf-files .app=${this.app} .files=${attachments}></cf-files>` : nothing}
        ${sources.length ? this.#sources(sources) : nothing} ${actions.length ? this.#offered(actions) : nothing}
        ${typeof feedback === "boolean" ? this.#thumb(feedback) : nothing} ${this.#delivery(state, item)}
      </div>
    </li>`;
  }

  #line({ message }) {
    return html`<li class="line">
      <span>${icon(LINE_ICONS[message.kind] ?? "info")}</span>
      <div>${message.body} · <cf-time at=${message.created_at} mode="clock"></cf-time></div>
    </li>`;
  }

  #entry(entry) {
    if (entry.type === "message") return this.#message(entry);
    if (entry.type === "line") return this.#line(entry);
    if (entry.type === "day") return html`<li class="mark">${dayWords(new Date(entry.at))}</li>`;
    const busy = this.model.loadingEarlier;
    return html`<li class="earlier">
      <button class="compact" ?disabled=${busy} @click=${() => this.model.earlier()}>
        ${icon("history")}${busy ? t("thread.loading_earlier") : t("thread.earlier_count", { n: entry.count })}
      </button>
    </li>`;
  }

  #typing() {
    const [by] = this.model?.typing ?? [];
    if (!by) return nothing;
    return html`<span class="dots" aria-hidden="true"><i></i><i></i><i></i></span>${t("chat.typing", { name: by.name })}`;
  }

  render() {
    return html`<div role="log" aria-label=${t("thread.label")} aria-busy=${this.model?.loadingEarlier ?? false}>
        <ol class="all">
          ${repeat(
            this.model?.entries() ?? [],
            (entry) => entry.key,
            (entry) => this.#entry(entry),
          )}
        </ol>
      </div>
      <p class="typing" role="status">${this.#typing()}</p>
      <slot></slot>
      <div id="end"></div>`;
  }
}

define("cf-chat-log", CfChatLog);
