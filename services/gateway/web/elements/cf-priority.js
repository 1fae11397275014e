/* <cf-priority priority="HIGH"> a priority as icon and word; colour only for high and urgent. */
import { LitElement, css, html } from "lit";
import { base } from "../base.js";
import { define } from "../element.js";
import { icon } from "../icons.js";
import { t } from "../strings.js";

const ICONS = { LOW: "signal-low", MEDIUM: "signal-medium", HIGH: "signal-high", URGENT: "octagon-alert" };

export class CfPriority extends LitElement {
  static properties = { priority: { reflect: true } };

  static styles = [
    base,
    css`
      :host {
        display: inline-flex;
      }
      span {
        display: inline-flex;
        align-items: center;
        gap: 6px;
        white-space: nowrap;
      }
      svg.icon {
        color: var(--cf-text-2);
      }
      :host([priority="URGENT"]) span,
      :host([priority="URGENT"]) svg.icon {
        color: var(--cf-danger);
        font-weight: 500;
      }
      :host([priority="HIGH"]) svg.icon {
        color: var(--cf-warn);
      }
    `,
  ];

  render() {
    return this.priority
      ? html`<span>${icon(ICONS[this.priority])}${t(`priority.${this.priority}`)}</span>`
      : null;
  }
}

define("cf-priority", CfPriority);
