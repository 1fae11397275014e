/* <cf-time at="2026-01-31T14:02:00Z" mode="relative|clock|absolute" quiet>
   A time in words with the full local time and zone on hover and focus. `quiet`: no tab stop (inside of lists). */
import { LitElement, css, html } from "lit";
import { define } from "../element.js";
import { absolute, clock, freshFor, full, relative } from "../time.js";

const shown = new Set();
let timer = 0;

function tick() {
  const now = new Date();
  for (const one of shown) one.refresh(now);
}

export class CfTime extends LitElement {
  static properties = {
    at: {},
    mode: {},
    quiet: { type: Boolean },
  };

  static styles = css`
    :host {
      display: inline-block;
      position: relative;
      font-variant-numeric: tabular-nums;
      white-space: nowrap;
    }
    time {
      border-radius: var(--cf-radius-s);
    }
    time:focus-visible {
      outline: 2px solid var(--cf-focus);
      outline-offset: 2px;
    }
    [role="tooltip"] {
      position: absolute;
      z-index: 20;
      bottom: calc(100% + 6px);
      inset-inline-start: 0;
      width: max-content;
      max-width: 60vw;
      padding: 4px 8px;
      border: 1px solid var(--cf-line);
      border-radius: var(--cf-radius-s);
      background: var(--cf-surface);
      color: var(--cf-text);
      box-shadow: var(--cf-shadow-l);
      font-size: var(--cf-text-s);
      white-space: normal;
      display: none;
    }
    :host([side="end"]) [role="tooltip"] {
      inset-inline: auto 0;
    }
    time:hover + [role="tooltip"],
    time:focus-visible + [role="tooltip"] {
      display: block;
    }
  `;

  #due = 0;

  constructor() {
    super();
    this.mode = "relative";
    this.quiet = false;
  }

  connectedCallback() {
    super.connectedCallback();
    shown.add(this);
    timer ||= setInterval(tick, 15_000);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    shown.delete(this);
    if (shown.size === 0) timer = clearInterval(timer) ?? 0;
  }

  refresh(now) {
    if (this.mode === "relative" && now >= this.#due) this.requestUpdate();
  }

  render() {
    if (!this.at) return null;
    const at = new Date(this.at);
    const now = new Date();
    this.#due = Number(now) + freshFor(at, now);
    const words =
      this.mode === "clock" ? clock(at) : this.mode === "absolute" ? absolute(at, now) : relative(at, now);
    if (this.quiet) return html`<time datetime=${this.at} title=${full(at)}>${words}</time>`;
    return html`<time datetime=${this.at} tabindex="0" aria-describedby="full">${words}</time
      ><span role="tooltip" id="full">${full(at)}</span>`;
  }
}

define("cf-time", CfTime);
