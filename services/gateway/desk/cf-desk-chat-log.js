/* <cf-desk-chat-log .app .model=${DeskChatModel} agent> the conversation of a chat as an agent reads it: customer,
   assistant, agents and the system's lines, each labelled. The rest is as in cf-thread. */
import { css, define, html, nothing } from "../web/element.js";
import { CfThread } from "../web/elements/cf-thread.js";
import { icon } from "../web/icons.js";
import { markdown } from "../web/markdown.js";
import { t } from "../web/strings.js";

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

export class CfDeskChatLog extends CfThread {
  static styles = [
    CfThread.styles,
    css`
      .message {
        padding-block: 10px;
      }
      .assistant .face {
        background: var(--cf-progress-soft);
        color: var(--cf-progress);
      }
      .marked {
        max-width: var(--cf-measure);
        overflow-wrap: anywhere;
      }
      .marked p {
        white-space: pre-line;
      }
      .marked > * + *,
      .marked li > * + * {
        margin-top: var(--cf-2);
      }
      .marked ul,
      .marked ol {
        display: block;
        padding-inline-start: 22px;
        list-style: disc;
      }
      .marked ol {
        list-style: decimal;
      }
      .marked code {
        padding: 1px 4px;
        border-radius: var(--cf-radius-s);
        background: var(--cf-subtle);
        font: 0.92em / 1.5 var(--cf-mono);
      }
      .marked .code {
        position: relative;
      }
      .marked pre {
        margin-block: 0;
        padding: var(--cf-2) 40px var(--cf-2) var(--cf-3);
        overflow-x: auto;
        border-radius: var(--cf-radius);
        background: var(--cf-subtle);
      }
      .marked pre code {
        padding: 0;
      }
      .marked .copy {
        position: absolute;
        inset: 4px 4px auto auto;
      }
      .about {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: 2px var(--cf-2);
        margin-top: var(--cf-1);
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      .about a {
        padding-block: 3px;
      }
      .about svg.icon {
        align-self: center;
        width: 14px;
        height: 14px;
      }
      .about + .about {
        margin-top: 0;
      }
    `,
  ];

  name(author) {
    return author.role === "assistant" ? t("chats.assistant") : super.name(author);
  }

  face(author) {
    return author.role === "assistant" ? icon("bot") : super.face(author);
  }

  role(message) {
    if (message.author.role === "assistant") return html`<span class="role">${t("chats.assistant.role")}</span>`;
    return super.role(message);
  }

  body(message) {
    if (message.author.role !== "assistant") return super.body(message);
    return html`<div class="marked">${markdown(message.body, { onCopy: (text) => this.#copy(text) })}</div>`;
  }

  async #copy(text) {
    await navigator.clipboard.writeText(text);
    this.app.notify(t("kb.copied"), { kind: "ok" });
  }

  after({ sources, actions, feedback }) {
    return html`${sources.length ? this.#sources(sources) : nothing}
    ${
      actions.length
        ? html`<p class="about">${t("chats.offered", { words: actions.map(({ label }) => label).join(" · ") })}</p>`
        : nothing
    }
    ${
      typeof feedback === "boolean"
        ? html`<p class="about">
            ${icon(feedback ? "circle-check" : "circle-x")}${t(feedback ? "chats.helped" : "chats.helped_not")}
          </p>`
        : nothing
    }`;
  }

  #sources(sources) {
    const href = ({ kind, slug, anchor }) =>
      kind === "faq" ? `/support/faq#${slug}` : `/support/knowledge-base/${slug}${anchor ? `#${anchor}` : ""}`;
    const link = (source) => html`<a href=${href(source)} target="_blank" rel="noopener">${source.title}</a>`;
    return html`<p class="about">${t("chats.sources")} ${sources.map(link)}</p>`;
  }

  line({ message }) {
    return html`<li class="line">
      <span>${icon(LINE_ICONS[message.kind] ?? "info")}</span>
      <div>${message.body} · <cf-time at=${message.created_at} mode="clock"></cf-time></div>
    </li>`;
  }
}

define("cf-desk-chat-log", CfDeskChatLog);
