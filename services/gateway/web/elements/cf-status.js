/* <cf-status status="OPEN" agent> a status as chip: icon, words, colour; its tooltip says what happens next. */
import { LitElement, css, html } from "lit";
import { base } from "../base.js";
import { define } from "../element.js";
import { icon } from "../icons.js";
import { statusWords, t } from "../strings.js";

export const STATUS_ICONS = {
  OPEN: "circle-dot",
  IN_PROGRESS: "wrench",
  WAITING_ON_CUSTOMER: "reply",
  RESOLVED: "circle-check",
  CLOSED: "archive",
};

export class CfStatus extends LitElement {
  static properties = { status: { reflect: true }, agent: { type: Boolean } };

  static styles = [
    base,
    css`
      :host {
        display: inline-flex;
      }
      span {
        display: inline-flex;
        align-items: center;
        gap: 5px;
        height: 24px;
        padding: 0 8px 0 7px;
        border: 1px solid transparent;
        border-radius: var(--cf-radius-round);
        background: var(--cf-subtle);
        color: var(--cf-text-2);
        font-size: var(--cf-text-s);
        font-weight: 500;
        line-height: 1;
        white-space: nowrap;
      }
      svg.icon {
        width: 14px;
        height: 14px;
      }
      :host([status="OPEN"]) span {
        background: var(--cf-info-soft);
        color: var(--cf-info);
      }
      :host([status="IN_PROGRESS"]) span {
        background: var(--cf-progress-soft);
        color: var(--cf-progress);
      }
      :host([status="WAITING_ON_CUSTOMER"]) span {
        background: var(--cf-warn-soft);
        color: var(--cf-warn);
      }
      :host([status="RESOLVED"]) span {
        background: var(--cf-ok-soft);
        color: var(--cf-ok);
      }
    `,
  ];

  render() {
    if (!this.status) return null;
    const hint = this.agent ? "" : t(`status_hint.${this.status}`);
    return html`<span title=${hint}
      >${icon(STATUS_ICONS[this.status])}${statusWords(this.status, this.agent)}</span
    >`;
  }
}

define("cf-status", CfStatus);
