/* <cf-support base-path="/support"> the whole Support page: sign-in, quick access, tabs, tickets.

   A host that signs people in itself sets `element.session = {getToken(), renew?(), signOut?()}`.
   Everything inside is an element of its own (`cf-ticket-list`, `cf-ticket`, `cf-new-ticket`, …) and can stand alone. */
import { sharedApp } from "../web/app.js";
import { base, controls, states } from "../web/base.js";
import "../web/elements/cf-connection.js";
import "../web/elements/cf-notices.js";
import "../web/elements/cf-sign-in.js";
import "../web/elements/cf-tabs.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import { icon } from "../web/icons.js";
import { t } from "../web/strings.js";
import { absolute } from "../web/time.js";
import "./cf-coming.js";
import "./cf-faq.js";
import "./cf-hub.js";
import "./cf-kb.js";
import "./cf-new-ticket.js";
import "./cf-statistics.js";
import "./cf-ticket.js";
import "./cf-ticket-list.js";
import { NO_FILTERS } from "../web/filters.js";
import { Router, TABS } from "./router.js";

export class CfSupport extends CfElement {
  static properties = { basePath: { attribute: "base-path" }, chatModule: { state: true } };

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
        border-bottom: 1px solid var(--cf-line);
        background: var(--cf-surface);
      }
      .bar .inner {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--cf-3);
        min-height: 52px;
      }
      .inner {
        max-width: var(--cf-page);
        margin: 0 auto;
        padding: 0 var(--cf-6);
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
      .brand .mark {
        width: 24px;
        height: 24px;
      }
      .person {
        display: flex;
        align-items: center;
        gap: var(--cf-2);
        min-width: 0;
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      .person .name {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .person strong {
        color: var(--cf-text);
        font-weight: 500;
      }
      .lead {
        padding: var(--cf-8) 0 var(--cf-6);
      }
      .lead p {
        margin-top: 2px;
        color: var(--cf-text-2);
        font-size: var(--cf-text-l);
      }
      cf-hub {
        margin-bottom: var(--cf-6);
      }
      cf-tabs {
        margin-bottom: var(--cf-6);
      }
      .deep cf-tabs {
        padding-top: var(--cf-2);
      }
      main {
        padding-bottom: var(--cf-12);
      }
      .section {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--cf-3);
        margin-bottom: var(--cf-3);
      }
      cf-statistics {
        margin-bottom: var(--cf-5);
      }
      @media print {
        .bar,
        .lead,
        cf-hub,
        cf-tabs,
        cf-connection,
        cf-notices {
          display: none;
        }
      }
      @media (max-width: 640px) {
        .inner {
          padding: 0 var(--cf-4);
        }
        .lead {
          padding: var(--cf-5) 0 var(--cf-4);
        }
        .lead p {
          font-size: var(--cf-text-m);
        }
        .person .account {
          display: none;
        }
        .brand span {
          display: none;
        }
        cf-hub,
        cf-tabs {
          margin-bottom: var(--cf-4);
        }
      }
    `,
  ];

  #router = null;
  #list = NO_FILTERS;
  /** Where the reader was in the knowledge base and the FAQ, for the way back. */
  #article = null;
  #question = "";
  #asked = false;
  #chatId = null;

  constructor() {
    super();
    this.basePath = "/support";
    /** null: nobody has looked at the chat yet · "loading" | "ready" | "failed" */
    this.chatModule = null;
  }

  set session(session) {
    this.app ??= sharedApp();
    this.app.session = session;
  }

  connectedCallback() {
    // A host may have set it before this element was defined.
    const early = Object.hasOwn(this, "session") ? this.session : null;
    if (early) {
      delete this.session;
      this.session = early;
    }
    super.connectedCallback();
    this.#router = new Router(this.basePath);
    this.#router.start();
    this.#router.addEventListener("change", ({ detail }) => this.#onRoute(detail.scroll));
    this.#remember();
    this.#shown = this.#view;
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#router.stop();
  }

  willUpdate(changed) {
    super.willUpdate(changed);
    const chats = this.#router.route.tab === "live-chat" && this.app.state === "ready";
    if (chats && this.chatModule === null) this.#loadChat();
  }

  updated() {
    const { tab, view } = this.#router.route;
    if (view !== "ticket" && !this.#reads)
      document.title = t("app.page_title", { page: t(view === "new" ? "new.title" : `tabs.${tab}`) });
  }

  #remember() {
    const { view, tab, query, article, hash, chatId } = this.#router.route;
    if (view === "list") this.#list = query;
    if (tab === "knowledge-base") this.#article = article;
    if (tab === "faq") this.#question = hash;
    if (tab === "live-chat") this.#chatId = chatId;
  }

  async #onRoute(scroll) {
    const before = this.#shown;
    const now = (this.#shown = this.#view);
    this.#remember();
    this.requestUpdate();
    await this.updateComplete;
    if (scroll !== null) window.scrollTo(0, scroll);
    // Between tabs the focus stays on the tab.
    const inside = before.tab === "tickets" && now.tab === "tickets";
    const reads = Boolean(now.slug) && before.slug !== now.slug && !location.hash;
    this.#toFocus = reads || (inside && (before.view !== now.view || before.ticketId !== now.ticketId));
    if (now.view !== "ticket" && !reads) this.#toHeading();
  }

  #shown = null;
  #toFocus = false;

  get #view() {
    const { tab, view, ticketId, article } = this.#router.route;
    return { tab, view, ticketId, slug: article?.slug ?? "" };
  }

  /** After a change of view the reader (and the screen reader) begins at its heading. */
  async #toHeading() {
    if (!this.#toFocus) return;
    this.#toFocus = false;
    const inside = this.#reads
      ? "cf-kb-article"
      : { ticket: "cf-ticket", new: "cf-new-ticket" }[this.#router.route.view];
    const root = this.#reads ? this.renderRoot.querySelector("cf-kb").renderRoot : this.renderRoot;
    const element = inside ? root.querySelector(inside) : this;
    await element?.updateComplete;
    element?.renderRoot.querySelector(inside ? "h2" : "#tickets-heading")?.focus({ preventScroll: true });
  }

  #titled(title) {
    document.title = t("app.page_title", { page: title });
    this.#toHeading();
  }

  #go(href, options) {
    this.#router.go(href, options);
  }

  #new({ followUpTo = "", subject = "" } = {}) {
    const given = Object.entries({ follow_up_to: followUpTo, subject }).filter(([, value]) => value);
    const query = given.length ? `?${new URLSearchParams(given)}` : "";
    this.#go(this.#router.href("tickets", "new") + query);
  }

  #open(id) {
    this.#go(this.#router.href("tickets", id));
  }

  #created(ticket) {
    this.#go(this.#router.href("tickets", ticket.id), { replace: true });
    const { number, first_response_due_at: due } = ticket;
    const words = due
      ? t("new.done_due", { number, time: absolute(new Date(due)) })
      : t("new.done", { number });
    this.app.notify(words, { kind: "ok" });
  }

  #back() {
    this.#go(this.#router.listHref(this.#list));
  }

  #onTab({ id, href }) {
    const kept = id === "knowledge-base" && this.#router.route.tab !== id ? this.#article : null;
    if (id === "tickets") this.#go(this.#router.listHref(this.#list));
    else this.#go(kept ? this.#router.articleHref(kept) : href);
  }

  #skip(event) {
    event.preventDefault();
    const content = this.renderRoot.querySelector("#content, main");
    content.focus();
    content.scrollIntoView();
  }

  #bar() {
    const { me } = this.app;
    return html`<header class="bar">
      <a class="button skip" href="#content" @click=${this.#skip}>${t("app.skip")}</a>
      <div class="inner">
        <a class="brand" href=${this.#router.href("tickets")} @click=${(event) => this.#brand(event)}>
          <img class="mark" src="/assets/web/icon.svg" alt="" width="24" height="24" />Cloud Factory
          <span>Support</span>
        </a>
        ${
          me
            ? html`<div class="person">
                ${this.app.isAgent ? html`<a href="/desk">${t("app.desk")}</a>` : nothing}
                <span class="name"
                  ><strong>${me.name}</strong><span class="account"> · ${me.account}</span></span
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
      </div>
    </header>`;
  }

  #brand(event) {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    this.#go(this.#router.href("tickets"));
  }

  #tabs(selected) {
    const tabs = TABS.map((id) => ({
      id,
      label: t(`tabs.${id}`),
      href: id === "tickets" ? this.#router.listHref(this.#list) : this.#router.href(id),
      badge: id === "live-chat" ? t("tabs.beta") : null,
    }));
    return html`<cf-tabs
      label=${t("tabs.label")}
      .tabs=${tabs}
      selected=${selected}
      @cf-tab=${(event) => this.#onTab(event.detail)}
    ></cf-tabs>`;
  }

  #tickets(route) {
    const { app } = this;
    const list = route.view === "list" ? route.query : this.#list;
    const linkTo = (id) => this.#router.href("tickets", id);
    const mayOpen = app.me.roles.includes("customer");
    return html`<div ?hidden=${route.view !== "list"}>
        <div class="section">
          <h2 id="tickets-heading" tabindex="-1">${t("list.title")}</h2>
          ${
            mayOpen
              ? html`<button class="primary" @click=${() => this.#new()}>
                  ${icon("plus")}${t("list.new")}
                </button>`
              : nothing
          }
        </div>
        <cf-statistics
          .app=${app}
          .selected=${list.status}
          @cf-statuses=${({ detail }) =>
            this.#go(this.#router.listHref({ ...list, status: detail.statuses, page: 1, cursor: "" }))}
        ></cf-statistics>
        <cf-ticket-list
          .app=${app}
          .query=${list}
          .linkTo=${linkTo}
          @cf-query=${(event) => {
            event.preventDefault();
            this.#go(this.#router.listHref(event.detail.query), { replace: event.detail.replace });
          }}
          @cf-open=${(event) => this.#open(event.detail.id)}
          @cf-new=${() => this.#new()}
        ></cf-ticket-list>
      </div>
      ${
        route.view === "new"
          ? html`<cf-new-ticket
              .app=${app}
              follow-up-to=${route.followUpTo ?? nothing}
              subject=${route.subject ?? nothing}
              .articleHref=${(slug) => this.#router.articleHref({ slug })}
              @cf-created=${(event) => this.#created(event.detail)}
              @cf-cancel=${() => this.#back()}
            ></cf-new-ticket>`
          : nothing
      }
      ${
        route.view === "ticket"
          ? html`<cf-ticket
              .app=${app}
              ticket=${route.ticketId}
              .linkTo=${linkTo}
              .chatHref=${(id) => this.#router.chatHref(id)}
              @cf-go=${(event) => this.#follow(event)}
              back=${this.#router.listHref(this.#list)}
              @cf-back=${() => this.#back()}
              @cf-open=${(event) => this.#open(event.detail.id)}
              @cf-follow-up=${(event) => this.#new({ followUpTo: event.detail.id })}
              @cf-title=${({ detail }) => this.#titled(detail.title)}
            ></cf-ticket>`
          : nothing
      }`;
  }

  get #reads() {
    const { tab, article } = this.#router.route;
    return tab === "knowledge-base" && Boolean(article.slug) && this.app.hub?.knowledge?.available !== false;
  }

  #coming(topic) {
    return html`<cf-coming .app=${this.app} topic=${topic} @cf-new=${() => this.#new()}></cf-coming>`;
  }

  #knowledge() {
    if (this.app.hub?.knowledge?.available === false) return this.#coming("kb");
    return html`<cf-kb
      .app=${this.app}
      .route=${this.#article}
      .hrefTo=${(place) => this.#router.articleHref(place)}
      @cf-go=${({ detail }) => this.#go(detail.href, { replace: detail.replace })}
      @cf-new=${({ detail }) => this.#new(detail)}
      @cf-title=${({ detail }) => this.#reads && this.#titled(detail.title)}
    ></cf-kb>`;
  }

  #faq(selected) {
    if (this.app.hub?.knowledge?.available === false) return this.#coming("faq");
    if (!(this.#asked ||= selected)) return nothing;
    return html`<cf-faq
      .app=${this.app}
      .hash=${this.#question}
      .hrefTo=${(id) => `${this.#router.href("faq")}#${id}`}
      .articleHref=${(slug) => this.#router.articleHref({ slug })}
      .searchHref=${(q) => this.#router.articleHref({ q })}
      @cf-go=${({ detail }) => this.#go(detail.href, { replace: detail.replace })}
      @cf-new=${({ detail }) => this.#new(detail)}
    ></cf-faq>`;
  }

  /** A link inside an element that would work alone, too. */
  #follow(event) {
    event.preventDefault();
    this.#go(event.detail.href);
  }

  /** Only who looks at the chat loads its modules. */
  async #loadChat() {
    this.chatModule = "loading";
    try {
      await import("./cf-chat.js");
      this.chatModule = "ready";
    } catch {
      this.chatModule = "failed";
    }
  }

  #chat() {
    if (this.chatModule === "failed") {
      return html`<div class="empty" role="alert">
        <span class="badge">${icon("cloud-off")}</span>
        <h2>${t("chat.load_failed")}</h2>
        <div class="row">
          <button @click=${() => this.#loadChat()}>${icon("refresh-cw")}${t("app.retry")}</button>
        </div>
      </div>`;
    }
    if (this.chatModule !== "ready") return nothing;
    return html`<cf-chat
      .app=${this.app}
      .chat=${this.#chatId}
      .hrefTo=${(id) => this.#router.chatHref(id)}
      .articleHref=${({ slug, anchor }) => this.#router.articleHref({ slug }) + (anchor ? `#${anchor}` : "")}
      .faqHref=${(id) => `${this.#router.href("faq")}#${id}`}
      .ticketHref=${(id) => this.#router.href("tickets", id)}
      @cf-go=${(event) => this.#follow(event)}
      @cf-new=${() => this.#new()}
    ></cf-chat>`;
  }

  #page() {
    const { route } = this.#router;
    const chats = route.tab === "live-chat";
    const deep = route.view === "ticket" || route.view === "new" || this.#reads || chats;
    const panel = (id, content) =>
      html`<div role="tabpanel" id="panel-${id}" aria-label=${t(`tabs.${id}`)} ?hidden=${route.tab !== id}>
        ${content}
      </div>`;
    return html`<main class="inner ${deep ? "deep" : ""}">
      ${
        deep
          ? html`<h1 class="hidden">${t("app.title")}</h1>`
          : html`<div class="lead">
                <h1>${t("app.title")}</h1>
                <p>${t("app.lead")}</p>
              </div>
              <cf-hub .app=${this.app}></cf-hub>`
      }
      ${this.#tabs(route.tab)}
      <div tabindex="-1" id="content">
        ${panel("tickets", this.#tickets(route))}
        ${panel("knowledge-base", this.#knowledge())}
        ${panel("faq", this.#faq(route.tab === "faq"))}
        ${panel("live-chat", this.#chat())}
      </div>
    </main>`;
  }

  #content() {
    const { state, reason } = this.app;
    if (state === "ready") return this.#page();
    if (state === "signed-out") return html`<main><cf-sign-in .app=${this.app}></cf-sign-in></main>`;
    if (state === "failed") {
      return html`<main class="empty" role="alert">
        <span class="badge">${icon("cloud-off")}</span>
        <h1>${t("app.start_failed")}</h1>
        <p>${reason}</p>
        <div class="row">
          <button @click=${() => this.app.start()}>${icon("refresh-cw")}${t("app.retry")}</button>
        </div>
      </main>`;
    }
    return html`<p class="hidden" role="status">${t("app.starting")}</p>`;
  }

  render() {
    return html`${this.#bar()} ${this.#content()}
      <cf-connection .app=${this.app}></cf-connection>
      <cf-notices .app=${this.app}></cf-notices>`;
  }
}

define("cf-support", CfSupport);
