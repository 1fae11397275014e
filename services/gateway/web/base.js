/* Styles that every element shares: reset, typography, buttons, fields, small helpers. Uses tokens only. */
import { css } from "lit";

export const base = css`
  :host {
    display: block;
    box-sizing: border-box;
    color: var(--cf-text);
    font: var(--cf-text-m) / 1.5 var(--cf-font);
  }
  :host([hidden]),
  [hidden] {
    display: none !important;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  h1,
  h2,
  h3,
  p,
  ul,
  ol,
  dl,
  dd,
  fieldset,
  legend {
    margin: 0;
    padding: 0;
    border: 0;
  }
  ul,
  ol {
    list-style: none;
  }
  h1,
  h2,
  h3 {
    font-weight: 600;
    line-height: 1.3;
    letter-spacing: -0.01em;
    text-wrap: balance;
  }
  h1 {
    font-size: var(--cf-text-2xl);
  }
  h2 {
    font-size: var(--cf-text-xl);
  }
  h3 {
    font-size: var(--cf-text-l);
  }
  a {
    color: var(--cf-accent);
    text-underline-offset: 3px;
    text-decoration-thickness: 1px;
  }
  :focus {
    outline: none;
  }
  :focus-visible {
    outline: 2px solid var(--cf-focus);
    outline-offset: 2px;
  }
  svg.icon {
    width: 16px;
    height: 16px;
    flex: none;
    display: block;
    stroke: currentColor;
    fill: none;
    stroke-width: 2;
    stroke-linecap: round;
    stroke-linejoin: round;
  }
  .hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .muted {
    color: var(--cf-text-2);
  }
  .small {
    font-size: var(--cf-text-s);
  }
  .number {
    font-family: var(--cf-mono);
    font-size: 0.92em;
    font-variant-numeric: tabular-nums;
    white-space: nowrap;
  }
  .row {
    display: flex;
    align-items: center;
    gap: var(--cf-2);
  }
  .wrap {
    flex-wrap: wrap;
  }
  .spread {
    justify-content: space-between;
  }
`;

export const controls = css`
  button,
  .button {
    appearance: none;
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 6px;
    min-height: var(--cf-control);
    padding: 0 var(--cf-3);
    border: 1px solid var(--cf-line-strong);
    border-color: color-mix(in srgb, var(--cf-line-strong) 60%, var(--cf-line));
    border-radius: var(--cf-radius);
    background: var(--cf-surface);
    color: var(--cf-text);
    font: 500 var(--cf-text-m) / 1.25 var(--cf-font);
    text-decoration: none;
    white-space: nowrap;
    cursor: pointer;
    transition:
      background-color var(--cf-motion),
      border-color var(--cf-motion),
      color var(--cf-motion);
  }
  button:hover,
  .button:hover {
    background: var(--cf-subtle);
  }
  button.primary,
  .button.primary {
    background: var(--cf-accent);
    border-color: var(--cf-accent);
    color: var(--cf-on-accent);
  }
  button.primary:hover,
  .button.primary:hover {
    background: var(--cf-accent-strong);
    border-color: var(--cf-accent-strong);
  }
  button.plain,
  .button.plain {
    border-color: transparent;
    background: transparent;
    color: var(--cf-text-2);
  }
  button.plain:hover,
  .button.plain:hover {
    background: var(--cf-subtle);
    color: var(--cf-text);
  }
  button.danger {
    color: var(--cf-danger);
  }
  button.compact,
  .button.compact {
    min-height: 28px;
    padding: 0 var(--cf-2);
    font-size: var(--cf-text-s);
  }
  button.icon-only {
    width: var(--cf-control);
    padding: 0;
  }
  button.icon-only.compact {
    width: 28px;
  }
  button.link {
    min-height: 24px;
    padding: 0;
    border: 0;
    background: none;
    color: var(--cf-accent);
    font-weight: 400;
    font-size: inherit;
    text-decoration: underline;
    text-decoration-thickness: 1px;
    text-underline-offset: 3px;
  }
  button:disabled,
  button[aria-disabled="true"] {
    opacity: 0.55;
    cursor: not-allowed;
  }
  input,
  select,
  textarea {
    width: 100%;
    min-height: var(--cf-control);
    padding: 7px var(--cf-3);
    border: 1px solid var(--cf-line-strong);
    border-radius: var(--cf-radius);
    background: var(--cf-surface);
    color: var(--cf-text);
    font: var(--cf-text-m) / 1.5 var(--cf-font);
  }
  input[type="checkbox"],
  input[type="radio"] {
    width: 16px;
    min-height: 16px;
    height: 16px;
    margin: 0;
    padding: 0;
    flex: none;
    accent-color: var(--cf-accent);
  }
  textarea {
    display: block;
    resize: vertical;
  }
  input::placeholder,
  textarea::placeholder {
    color: var(--cf-text-2);
    opacity: 1;
  }
  input:focus-visible,
  select:focus-visible,
  textarea:focus-visible {
    outline-offset: -1px;
    border-color: var(--cf-focus);
  }
  [aria-invalid="true"] {
    border-color: var(--cf-danger);
  }
  .field {
    display: grid;
    gap: var(--cf-1);
  }
  .field > label,
  .label {
    font-weight: 500;
  }
  .error {
    display: flex;
    gap: 6px;
    align-items: start;
    color: var(--cf-danger);
    font-size: var(--cf-text-s);
  }
  .error svg.icon {
    margin-top: 2px;
  }
  @media (pointer: coarse) {
    input,
    select,
    textarea {
      font-size: var(--cf-text-l);
    }
  }
`;

export const states = css`
  .empty {
    display: grid;
    justify-items: center;
    gap: var(--cf-2);
    padding: var(--cf-12) var(--cf-4);
    text-align: center;
  }
  .empty .badge {
    display: grid;
    place-items: center;
    width: 44px;
    height: 44px;
    margin-bottom: var(--cf-1);
    border-radius: var(--cf-radius-l);
    background: var(--cf-subtle);
    color: var(--cf-text-2);
  }
  .empty .badge svg.icon {
    width: 20px;
    height: 20px;
  }
  .empty p {
    max-width: 46ch;
    color: var(--cf-text-2);
    text-wrap: pretty;
  }
  .empty .row {
    margin-top: var(--cf-2);
  }
  .bone {
    border-radius: var(--cf-radius-s);
    background: var(--cf-subtle);
    height: 12px;
  }
  .skeleton {
    opacity: 0;
    animation: appear 1ms 300ms forwards;
  }
  @keyframes appear {
    to {
      opacity: 1;
    }
  }
`;
