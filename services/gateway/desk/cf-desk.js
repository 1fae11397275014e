/* <cf-desk base-path="/desk"> the agent desk: sign-in, queues, the list of one queue and one ticket or chat side by side
   (one after the other where there is no room), the knowledge area, keys. */
import { base, controls, states } from "../web/base.js";
import "../web/elements/cf-connection.js";
import "../web/elements/cf-notices.js";
import "../web/elements/cf-sign-in.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import { icon } from "../web/icons.js";
import { t } from "../web/strings.js";
import "./cf-desk-keys.js";
import "./cf-desk-list.js";
import "./cf-desk-queues.js";
import "./cf-desk-ticket.js";
import { Presence, announceChats } from "./chats.js";
import { followKeys, singleKeysOn } from "./keys.js";
import { DeskRouter, NO_FILTERS } from "./queues.js";

const PANES = matchMedia("(min-width: 1000px)");

export class CfDesk extends CfElement {
  static properties = {
    basePath: { attribute: "base-path" },
    counts: { state: true },
    help: { state: true },
    area: { state: true },
    chatsCode: { state: true },
  };

  static styles = [
    base,
    controls,
    states,
    css`
      :host {
        min-height: 100dvh;
        background: var(--cf-bg);
      }
      .skip {
        position: absolute;
        z-index: 60;
        inset: var(--cf-2) auto auto var(--cf-2);
      }
      .skip:not(:focus) {
        width: 1px;
        height: 1px;
        min-height: 0;
        overflow: hidden;
        clip-path: inset(50%);
      }
      .bar {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--cf-3);
        min-height: 48px;
        padding: 0 var(--cf-4);
        border-bottom: 1px solid var(--cf-line);
        background: var(--cf-surface);
      }
      .brand {
        display: flex;
        align-items: center;
        gap: 10px;
        color: var(--cf-text);
        font-weight: 600;
        text-decoration: none;
        white-space: nowrap;
      }
      .brand span {
        color: var(--cf-text-2);
        font-weight: 400;
      }
      .person {
        display: flex;
        align-items: center;
        gap: var(--cf-2);
        min-width: 0;
        font-size: var(--cf-text-s);
      }
      .person strong {
        overflow: hidden;
        font-weight: 500;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .queues {
        border-bottom: 1px solid var(--cf-line);
        background: var(--cf-surface);
      }
      .list {
        background: var(--cf-surface);
      }
      .knowledge .area {
        min-width: 0;
      }
      .area:focus {
        outline: none;
      }
      .nothing {
        display: none;
      }
      kbd {
        padding: 1px 6px;
        border: 1px solid var(--cf-line-strong);
        border-radius: var(--cf-radius-s);
        background: var(--cf-surface);
        color: var(--cf-text);
        font: 500 var(--cf-text-s) / 20px var(--cf-font);
      }
      .other {
        max-width: 460px;
        margin: 0 auto;
        padding: 0 var(--cf-4) var(--cf-10);
        color: var(--cf-text-2);
      }
      .one .list,
      .one .queues,
      .many .ticket {
        display: none;
      }
      @media (min-width: 1000px) {
        .list,
        .one .list,
        .many .ticket {
          display: block;
        }
        .queues,
        .one .queues {
          display: block;
          border-bottom: 0;
          border-inline-end: 1px solid var(--cf-line);
        }
        .desk {
          display: grid;
          grid-template-columns: 92px 352px minmax(0, 1fr);
          min-height: calc(100dvh - 49px);
        }
        .desk.knowledge {
          grid-template-columns: 92px minmax(0, 1fr);
        }
        .list {
          border-inline-end: 1px solid var(--cf-line);
        }
        .nothing {
          display: grid;
          align-content: center;
          min-height: 100%;
        }
        /* Over the list: what is being read and written stays in sight. */
        cf-notices {
          inset-block-end: var(--cf-4);
          inset-inline: 108px auto;
          max-width: 320px;
          --cf-notices-at: start;
        }
      }
      @media (min-width: 1000px) and (min-height: 560px) {
        .shell:has(.desk) {
          display: grid;
          grid-template-rows: auto minmax(0, 1fr);
          height: 100dvh;
          overflow: hidden;
        }
        .desk {
          grid-template-rows: minmax(0, 1fr);
          min-height: 0;
        }
        .queues,
        .list,
        .area,
        .ticket {
          min-height: 0;
          overflow-y: auto;
        }
        .ticket {
          overflow: hidden;
        }
      }
      @media (min-width: 1440px) {
        .desk {
          grid-template-columns: 92px 380px minmax(0, 1fr);
        }
        .desk.knowledge {
          grid-template-columns: 92px minmax(0, 1fr);
        }
      }
      @media (min-width: 1000px) and (max-height: 559px) {
        .queues,
        .list {
          position: sticky;
          inset-block-start: 0;
          align-self: start;
          max-height: 100dvh;
          overflow-y: auto;
        }
      }
      @media (max-width: 560px) {
        .person strong {
          display: none;
        }
      }
      @media (max-width: 340px) {
        .brand span {
          display: none;
        }
      }
    `,
  ];

  #router = null;
  #unfollow = null;
  #scroll = 0;
  #presence = null;

  constructor() {
    super();
    this.basePath = "/desk";
    this.counts = null;
    this.help = false;
    /** Of the knowledge area's code: "" | "loading" | "ready" | "failed". */
    this.area = "";
    /** Of the code for chats: "" | "loading" | "ready" | "failed". */
    this.chatsCode = "";
  }

  set session(session) {
    this.app.session = session;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#router = new DeskRouter(this.basePath);
    this.#router.start();
    this.#router.addEventListener("change", () => this.#onRoute());
    this.#unfollow = followKeys({
      onKey: (key) => this.app.state === "ready" && this.#onKey(key),
      onEscape: (event) => this.app.state === "ready" && this.#onEscape(event),
    });
    PANES.addEventListener("change", this.#redraw);
    if (!this.#presence) {
      this.#presence = new Presence(this.app);
      announceChats(this.app, this.#presence, (id) => this.#router.go(this.#router.href("chats", id)));
    }
    // The panes scroll by themselves: no room beside them for a scroll bar of the page.
    document.documentElement.style.scrollbarGutter = "auto";
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#router.stop();
    this.#unfollow();
    PANES.removeEventListener("change", this.#redraw);
    document.documentElement.style.scrollbarGutter = "";
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    const { knowledge, queue } = this.#router.route;
    if (!this.app.isAgent) return;
    // Who answers tickets only waits for neither.
    if (knowledge) this.#load("area", () => import("./cf-desk-knowledge.js"));
    if (queue === "chats") this.#load("chatsCode", () => import("./cf-desk-chats.js"));
  }

  /** Load a part's code once; `state` names the property that says how far it is. */
  async #load(state, code) {
    if (this[state]) return;
    this[state] = "loading";
    try {
      await code();
      this[state] = "ready";
    } catch {
      this[state] = "failed";
    }
  }

  updated() {
    const { ticketId, queue, knowledge } = this.#router.route;
    // A ticket and the knowledge area say their titles themselves.
    if ((!ticketId && !knowledge) || this.app.state !== "ready")
      document.title = t("desk.page_title", { page: t(`desk.queue.${queue}.title`) });
  }

  #redraw = () => this.requestUpdate();

  get #list() {
    return this.renderRoot.querySelector("cf-desk-list, cf-desk-chats");
  }

  get #ticket() {
    return this.renderRoot.querySelector("cf-desk-ticket, cf-desk-chat");
  }

  #shown = null;

  async #onRoute() {
    const before = this.#shown;
    const { queue, ticketId, knowledge } = this.#router.route;
    this.#shown = { queue, ticketId, knowledge };
    this.requestUpdate();
    await this.updateComplete;
    if (knowledge) {
      if (before?.knowledge?.id !== knowledge.id || before.knowledge.part !== knowledge.part) this.#toTop();
      return;
    }
    if (!PANES.matches && before?.ticketId !== ticketId) scrollTo(0, ticketId ? 0 : this.#scroll);
    if (!ticketId && before?.ticketId) this.#list?.focusRow(before.ticketId);
  }

  #toTop() {
    if (!PANES.matches) scrollTo(0, 0);
    this.renderRoot.querySelector(".area").scrollTop = 0;
  }

  #open(id, { replace = false } = {}) {
    const { queue, query, ticketId } = this.#router.route;
    if (!ticketId) this.#scroll = scrollY;
    this.#shown = { queue, ticketId };
    this.#router.go(this.#router.href(queue, id, query), { replace });
  }

  #toQueue(queue) {
    const { route } = this.#router;
    if (queue === "knowledge") {
      this.#router.go(this.#router.knowledgeHref({}));
      return;
    }
    const query = queue === route.queue ? route.query : NO_FILTERS;
    this.#scroll = 0;
    // A ticket stays open beside another queue of tickets.
    const stays = PANES.matches && (queue === "chats") === (route.queue === "chats");
    this.#router.go(this.#router.href(queue, stays ? route.ticketId : null, query));
  }

  #back() {
    const { queue, query, ticketId } = this.#router.route;
    this.#shown = { queue, ticketId };
    this.#router.go(this.#router.href(queue, null, query));
  }

  async #move(step) {
    const id = this.#list?.neighbour(step);
    if (!id) return;
    this.#open(id, { replace: Boolean(this.#router.route.ticketId) });
    await this.updateComplete;
    await this.#list.updateComplete;
    this.#list.revealRow(id);
  }

  #onKey(key) {
    const actions = {
      j: () => this.#move(1),
      k: () => this.#move(-1),
      r: () => this.#ticket?.reply(),
      n: () => this.#ticket?.note?.(),
      a: () => this.#ticket?.take(),
      e: () => this.#ticket?.resolve?.(),
      "/": () => this.#search(),
      "?": () => (this.help = true),
    };
    actions[key]();
  }

  async #search() {
    if (this.#router.route.knowledge) {
      this.renderRoot.querySelector("cf-desk-knowledge")?.focusSearch();
      return;
    }
    if (this.#router.route.ticketId && !PANES.matches) {
      this.#back();
      await this.updateComplete;
    }
    this.#list.focusSearch();
  }

  #onEscape(event) {
    const path = event.composedPath();
    if (path.some((node) => node.tagName === "DIALOG" || node.hasAttribute?.("popover"))) return;
    const field = path[0];
    // The first Escape leaves a field, the next one the ticket: a half-written reply does not vanish from sight.
    if (field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement) {
      field.blur();
      (this.#ticket ?? this.#list)?.renderRoot.querySelector("h2")?.focus({ preventScroll: true });
    } else if (this.#router.route.ticketId) this.#back();
  }

  #skip(event) {
    event.preventDefault();
    const target = this.renderRoot.querySelector("#content");
    target.focus();
    target.scrollIntoView();
  }

  async #toHeading() {
    // Who pressed J or K reads on; who followed a link begins at the heading.
    const { activeElement } = this.renderRoot;
    if (activeElement === this.#ticket) return;
    this.#ticket?.renderRoot.querySelector("h2")?.focus({ preventScroll: true });
  }

  #bar() {
    const { me } = this.app;
    return html`<header class="bar">
      <a class="button skip" href="#content" @click=${this.#skip}>${t("app.skip")}</a>
      <a class="brand" href=${this.basePath}>
        <img src="/assets/web/icon.svg" alt="" width="24" height="24" />Cloud Factory <span>${t("desk.title")}</span>
      </a>
      ${
        me
          ? html`<div class="person">
              <strong>${me.name}</strong>
              ${
                this.app.isAgent
                  ? html`<button
                      class="plain compact icon-only"
                      aria-label=${t("desk.keys")}
                      title=${t("desk.keys")}
                      @click=${() => (this.help = true)}
                    >
                      ${icon("keyboard")}
                    </button>`
                  : nothing
              }
              <a
                class="button plain compact icon-only"
                href="/support"
                aria-label=${t("desk.support")}
                title=${t("desk.support")}
                >${icon("life-buoy")}</a
              >
              ${
                this.app.session.signOut
                  ? html`<button
                      class="plain compact icon-only"
                      aria-label=${t("app.sign_out")}
                      title=${t("app.sign_out")}
                      @click=${() => this.app.signOut()}
                    >
                      ${icon("log-out")}
                    </button>`
                  : nothing
              }
            </div>`
          : nothing
      }
    </header>`;
  }

  #nothing() {
    const chats = this.#router.route.queue === "chats";
    const key = (name) => html`<kbd>${name}</kbd>`;
    const words = t("desk.none.keys", { next: "\u0001J\u0001", previous: "\u0001K\u0001", help: "\u0001?\u0001" });
    const parts = words.split("\u0001").map((part, index) => (index % 2 ? key(part) : part));
    return html`<div class="empty nothing">
      <span class="badge">${icon("messages-square")}</span>
      <h2>${t(chats ? "chats.choose.title" : "desk.none.title")}</h2>
      <p>${t(chats ? "chats.choose.text" : "desk.none.text")}</p>
      ${singleKeysOn() ? html`<p class="small">${parts}</p>` : nothing}
    </div>`;
  }

  #desk() {
    const { app } = this;
    const { queue, ticketId } = this.#router.route;
    return html`<main
      class="desk ${ticketId ? "one" : "many"}"
      @cf-open=${(event) => this.#open(event.detail.id)}
      @cf-queue=${(event) => this.#toQueue(event.detail.queue)}
      @cf-open-chat=${({ detail }) => this.#router.go(this.#router.href("chats", detail.id))}
      @cf-open-ticket=${({ detail }) => this.#router.go(this.#router.href("all", detail.id))}
    >
      <h1 class="hidden">${t("desk.title")}</h1>
      ${this.#queues(queue)}
      <div class="list">${queue === "chats" ? this.#chatList() : this.#ticketList()}</div>
      <div class="ticket" id="content" tabindex="-1">
        ${ticketId ? (queue === "chats" ? this.#chatView() : this.#ticketView()) : this.#nothing()}
      </div>
    </main>`;
  }

  #queues(selected) {
    const { app } = this;
    return html`<div class="queues">
      <cf-desk-queues
        .app=${app}
        selected=${selected}
        .hrefs=${(name) => (name === "knowledge" ? this.#router.knowledgeHref({}) : this.#router.href(name))}
        @cf-counts=${(event) => (this.counts = event.detail.counts)}
      ></cf-desk-queues>
    </div>`;
  }

  #failed(title) {
    return html`<div class="empty" role="alert">
      <span class="badge">${icon("cloud-off")}</span>
      <h2>${title}</h2>
      <p>${t("problem.network")}</p>
      <div class="row">
        <button @click=${() => location.reload()}>${icon("refresh-cw")}${t("app.retry")}</button>
      </div>
    </div>`;
  }

  #area(place) {
    if (this.area === "failed") return this.#failed(t("desk.knowledge.failed"));
    if (this.area !== "ready") return html`<p class="hidden" role="status">${t("author.loading")}</p>`;
    return html`<cf-desk-knowledge
      .app=${this.app}
      .place=${place}
      .hrefTo=${(other) => this.#router.knowledgeHref(other)}
      @cf-place=${({ detail }) => this.#router.go(detail.href, { replace: detail.replace })}
      @cf-title=${({ detail }) => (document.title = t("desk.page_title", { page: detail.title }))}
    ></cf-desk-knowledge>`;
  }

  #knowledge(place) {
    return html`<main
      class="desk knowledge ${place.id ? "one" : "many"}"
      @cf-queue=${(event) => this.#toQueue(event.detail.queue)}
    >
      <h1 class="hidden">${t("desk.title")}</h1>
      ${this.#queues("knowledge")}
      <div class="area" id="content" tabindex="-1">${this.#area(place)}</div>
    </main>`;
  }

  #linkTo = (id) => this.#router.href(this.#router.route.queue, id, this.#router.route.query);

  #chatHref = (id) => this.#router.href("chats", id);

  #ticketHref = (id) => this.#router.href("all", id);

  #titled({ title }) {
    document.title = t("desk.page_title", { page: title });
    this.#toHeading();
  }

  #ticketList() {
    const { queue, ticketId, query } = this.#router.route;
    return html`<cf-desk-list
      .app=${this.app}
      queue=${queue}
      .query=${query}
      .counts=${this.counts}
      selected=${ticketId ?? nothing}
      .linkTo=${this.#linkTo}
      @cf-query=${({ detail }) =>
        this.#router.go(this.#router.href(queue, ticketId, detail.query), { replace: detail.replace })}
    ></cf-desk-list>`;
  }

  #ticketView() {
    const { queue, ticketId, query } = this.#router.route;
    return html`<cf-desk-ticket
      .app=${this.app}
      ticket=${ticketId}
      .linkTo=${this.#linkTo}
      .chatHref=${this.#chatHref}
      back=${this.#router.href(queue, null, query)}
      back-label=${t("desk.back", { queue: t(`desk.queue.${queue}.title`) })}
      @cf-back=${() => this.#back()}
      @cf-read=${() => this.#list.reload()}
      @cf-title=${({ detail }) => this.#titled(detail)}
    ></cf-desk-ticket>`;
  }

  #chatList() {
    if (this.chatsCode === "failed") return this.#failed(t("chats.failed"));
    if (this.chatsCode !== "ready") return html`<p class="hidden" role="status">${t("chats.loading")}</p>`;
    return html`<cf-desk-chats
      .app=${this.app}
      .presence=${this.#presence}
      selected=${this.#router.route.ticketId ?? nothing}
      .linkTo=${this.#linkTo}
    ></cf-desk-chats>`;
  }

  #chatView() {
    if (this.chatsCode !== "ready") return nothing;
    return html`<cf-desk-chat
      .app=${this.app}
      chat=${this.#router.route.ticketId}
      .ticketHref=${this.#ticketHref}
      back=${this.#router.href("chats")}
      back-label=${t("desk.back", { queue: t("desk.queue.chats.title") })}
      @cf-back=${() => this.#back()}
      @cf-title=${({ detail }) => this.#titled(detail)}
    ></cf-desk-chat>`;
  }

  #agentsOnly() {
    const signOut = this.app.session.signOut;
    return html`<main class="empty">
      <span class="badge">${icon("lock")}</span>
      <h1>${t("desk.agents_only.title")}</h1>
      <p>${t("desk.agents_only.text", { name: this.app.me.name })}</p>
      <div class="row wrap">
        <a class="button primary" href="/support">${t("desk.sign_in.portal")}</a>
        ${signOut ? html`<button @click=${() => this.app.signOut()}>${t("desk.agents_only.other")}</button>` : nothing}
      </div>
    </main>`;
  }

  #content() {
    const { app } = this;
    if (app.state === "ready") {
      const { knowledge } = this.#router.route;
      if (!app.isAgent) return this.#agentsOnly();
      return knowledge ? this.#knowledge(knowledge) : this.#desk();
    }
    if (app.state === "signed-out") {
      return html`<main>
        <cf-sign-in .app=${app} roles="agent" heading=${t("desk.sign_in")}></cf-sign-in>
        <p class="other">${t("desk.sign_in.customer")} <a href="/support">${t("desk.sign_in.portal")}</a></p>
      </main>`;
    }
    if (app.state === "failed") {
      return html`<main class="empty" role="alert">
        <span class="badge">${icon("cloud-off")}</span>
        <h1>${t("desk.start_failed")}</h1>
        <p>${app.reason}</p>
        <div class="row"><button @click=${() => app.start()}>${icon("refresh-cw")}${t("app.retry")}</button></div>
      </main>`;
    }
    return html`<p class="hidden" role="status">${t("desk.starting")}</p>`;
  }

  render() {
    return html`<div class="shell">${this.#bar()} ${this.#content()}</div>
      <cf-desk-keys .open=${this.help} @cf-close=${() => (this.help = false)}></cf-desk-keys>
      <cf-connection .app=${this.app}></cf-connection>
      <cf-notices .app=${this.app}></cf-notices>`;
  }
}

define("cf-desk", CfDesk);
