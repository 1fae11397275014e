/* Styles that the elements of the knowledge area share. */
import { css } from "../web/element.js";

export const author = css`
  h2:focus-visible {
    outline: none;
  }
  .hint {
    color: var(--cf-text-2);
    font-size: var(--cf-text-s);
  }
  .under {
    display: flex;
    flex-wrap: wrap;
    justify-content: space-between;
    gap: 0 var(--cf-3);
  }
  .top {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: var(--cf-2) var(--cf-4);
    margin-bottom: var(--cf-4);
  }
  .back {
    display: inline-flex;
    align-items: center;
    gap: var(--cf-1);
    min-height: 24px;
    color: var(--cf-text-2);
    font-size: var(--cf-text-s);
    text-decoration: none;
  }
  .back:hover {
    color: var(--cf-text);
    text-decoration: underline;
  }
  .panel {
    border: 1px solid var(--cf-line);
    border-radius: var(--cf-radius-l);
    background: var(--cf-surface);
  }
  .summary,
  .banner {
    display: grid;
    gap: var(--cf-2);
    margin-bottom: var(--cf-4);
    padding: var(--cf-3) var(--cf-4);
    border: 1px solid var(--cf-line);
    border-radius: var(--cf-radius);
  }
  .summary {
    border-color: var(--cf-danger);
    background: var(--cf-danger-soft);
    color: var(--cf-danger);
  }
  .summary a {
    color: inherit;
  }
  .banner {
    background: var(--cf-info-soft);
  }
  .banner.warn {
    border-color: var(--cf-warn);
    background: var(--cf-warn-soft);
  }
  .chip {
    display: inline-flex;
    align-items: center;
    gap: 5px;
    min-height: 24px;
    padding: 0 8px;
    border-radius: var(--cf-radius-round);
    background: var(--cf-subtle);
    color: var(--cf-text-2);
    font-size: var(--cf-text-s);
    font-weight: 500;
    line-height: 1;
    white-space: nowrap;
  }
  .chip svg.icon {
    width: 14px;
    height: 14px;
  }
  .chip.PUBLISHED {
    background: var(--cf-ok-soft);
    color: var(--cf-ok);
  }
  .chip.DRAFT {
    background: var(--cf-info-soft);
    color: var(--cf-info);
  }
  .chip.changed {
    background: var(--cf-warn-soft);
    color: var(--cf-warn);
  }
  .rows > li {
    position: relative;
    padding: var(--cf-3) var(--cf-4);
    border-bottom: 1px solid var(--cf-line);
  }
  .rows > li:last-child {
    border: 0;
  }
  .meta {
    display: flex;
    flex-wrap: wrap;
    gap: 2px var(--cf-4);
    color: var(--cf-text-2);
    font-size: var(--cf-text-s);
  }
  .bones {
    display: grid;
    gap: var(--cf-3);
    padding: var(--cf-4);
  }
  .bone:nth-child(even) {
    width: 60%;
  }
  textarea.markdown {
    font-family: var(--cf-mono);
    font-size: var(--cf-text-s);
    tab-size: 2;
  }
  @media (pointer: coarse) {
    textarea.markdown {
      font-size: var(--cf-text-l);
    }
  }
`;
