/* <cf-desk-customer .app .ticket=${Ticket} .linkTo=${(id) => href}> who asks, and their other tickets, kept true by
   the live stream. Where no ticket is at hand, `ticket` is {id: null, customer}. Event: cf-open (detail {id}). */
import { base, controls, states } from "../web/base.js";
import { CfElement, css, define, html, nothing } from "../web/element.js";
import { STATUS_ICONS } from "../web/elements/cf-status.js";
import "../web/elements/cf-time.js";
import { icon } from "../web/icons.js";
import { LiveQuery } from "../web/live-query.js";
import { statusWords, t } from "../web/strings.js";
import { initials } from "../web/text.js";

const SHOWN = 5;

export class CfDeskCustomer extends CfElement {
  static properties = { ticket: { attribute: false }, linkTo: { attribute: false } };

  static styles = [
    base,
    controls,
    states,
    css`
      h3 {
        margin-bottom: var(--cf-3);
        font-size: var(--cf-text-m);
      }
      h4 {
        margin: var(--cf-4) 0 var(--cf-1);
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
        font-weight: 500;
      }
      .person {
        display: grid;
        grid-template-columns: 36px minmax(0, 1fr);
        gap: 0 var(--cf-3);
        align-items: center;
      }
      .face {
        display: grid;
        place-items: center;
        width: 36px;
        height: 36px;
        border-radius: 50%;
        background: var(--cf-subtle);
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
        font-weight: 600;
      }
      .name {
        font-weight: 600;
        overflow-wrap: anywhere;
      }
      .account {
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
        overflow-wrap: anywhere;
      }
      .mail {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        align-items: center;
        gap: var(--cf-1);
        margin-top: var(--cf-2);
        font-size: var(--cf-text-s);
      }
      .mail a {
        padding-block: 3px;
        overflow-wrap: anywhere;
      }
      li {
        padding-block: 5px;
      }
      li a {
        display: block;
        overflow: hidden;
        min-height: 24px;
        line-height: 24px;
        color: var(--cf-text);
        text-decoration: none;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      li a:hover {
        text-decoration: underline;
      }
      li span {
        display: flex;
        flex-wrap: wrap;
        gap: 0 var(--cf-2);
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
      }
      .state {
        display: inline-flex;
        font-weight: 500;
        align-items: center;
        gap: 4px;
      }
      .state svg.icon {
        width: 13px;
        height: 13px;
      }
      .OPEN {
        color: var(--cf-info);
      }
      .IN_PROGRESS {
        color: var(--cf-progress);
      }
      .WAITING_ON_CUSTOMER {
        color: var(--cf-warn);
      }
      .RESOLVED {
        color: var(--cf-ok);
      }
    `,
  ];

  #others = new LiveQuery(this, (options) => this.#load(options));
  #customer = null;

  willUpdate(changed) {
    super.willUpdate(changed);
    const customer = this.app.state === "ready" ? (this.ticket?.customer.id ?? null) : null;
    if (customer === this.#customer) return;
    this.#customer = customer;
    this.#others.stop();
    this.#others.data = this.#others.problem = null;
    if (customer) this.#others.start(this.app);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#customer = null;
  }

  #load(options) {
    const query = { customer: this.#customer, limit: SHOWN + 1 };
    return this.app.api.get("/tickets", { ...options, query });
  }

  async #copy() {
    await navigator.clipboard.writeText(this.ticket.customer.email);
    this.app.notify(t("desk.customer.copied"), { kind: "ok" });
  }

  #open(event, id) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button > 0) return;
    event.preventDefault();
    this.emit("cf-open", { id });
  }

  #otherTickets() {
    const { data, problem } = this.#others;
    if (!data) {
      return problem
        ? html`<p class="muted small">
            ${t("desk.customer.failed")}
            <button class="link" @click=${() => this.#others.reload()}>${t("app.retry")}</button>
          </p>`
        : nothing;
    }
    const items = data.items.filter((one) => one.id !== this.ticket.id).slice(0, SHOWN);
    const more = data.total - (this.ticket.id ? 1 : 0) - items.length;
    if (items.length === 0) return html`<p class="muted small">${t(this.ticket.id ? "desk.customer.no_others" : "desk.customer.no_tickets")}</p>`;
    return html`<ul>
        ${items.map(
          (one) =>
            html`<li>
              <a
                href=${this.linkTo(one.id)}
                title=${`${one.number} ${one.subject}`}
                @click=${(event) => this.#open(event, one.id)}
                >${one.subject}</a
              ><span
                ><b class="state ${one.status}">${icon(STATUS_ICONS[one.status])}${statusWords(one.status, true)}</b
                ><cf-time at=${one.updated_at} quiet></cf-time
              ></span>
            </li>`,
        )}
      </ul>
      ${more > 0 ? html`<p class="muted small">${t("desk.customer.more", { n: more })}</p>` : nothing}`;
  }

  render() {
    const { customer } = this.ticket;
    return html`<h3>${t("desk.customer")}</h3>
      <div class="person">
        <span class="face" aria-hidden="true">${initials(customer.name)}</span>
        <div>
          <p class="name">${customer.name}</p>
          <p class="account">${customer.account}</p>
        </div>
      </div>
      <div class="mail">
        <a href="mailto:${customer.email}">${customer.email}</a>
        <button
          class="plain compact icon-only"
          aria-label=${t("desk.customer.copy")}
          title=${t("desk.customer.copy")}
          @click=${this.#copy}
        >
          ${icon("copy")}
        </button>
      </div>
      <h4>${t(this.ticket.id ? "desk.customer.others" : "desk.customer.tickets")}</h4>
      ${this.#otherTickets()}`;
  }
}

define("cf-desk-customer", CfDeskCustomer);
