/* Rendered Markdown of the knowledge base and the FAQ: its styles, and what a page adds to it.

   `articleStyles` for the static styles of an element, whose body stands in `.article`. `dress(root, {linkTo, open,
   notify})` gives each piece of code a copy button, each heading of `root` a link to itself, and leads links between
   articles through `open(href)`. The HTML comes sanitised from the server. */
import { css, render } from "lit";
import { icon } from "./icons.js";
import { t } from "./strings.js";

export const articleStyles = css`
  .article {
    max-width: var(--cf-measure);
    font-size: var(--cf-text-l);
    line-height: 1.6;
    overflow-wrap: anywhere;
  }
  .article > * + * {
    margin-top: var(--cf-4);
  }
  .article :is(h2, h3, h4, h5, h6) {
    margin: var(--cf-8) 0 0;
    font-weight: 600;
    line-height: 1.3;
    scroll-margin-top: var(--cf-4);
  }
  .article > :first-child {
    margin-top: 0;
  }
  .article h2 {
    font-size: var(--cf-text-xl);
  }
  .article :is(h3, h4, h5, h6) {
    margin-top: var(--cf-6);
    font-size: var(--cf-text-l);
  }
  .article :is(h2, h3, h4, h5, h6) + * {
    margin-top: var(--cf-2);
  }
  .article :is(ul, ol) {
    padding-inline-start: 26px;
  }
  .article ul {
    list-style: disc;
  }
  .article ol {
    list-style: decimal;
  }
  .article li + li,
  .article li > * + * {
    margin-top: var(--cf-2);
  }
  .article li::marker {
    color: var(--cf-text-2);
  }
  .article blockquote {
    margin-inline: 0;
    padding-inline-start: var(--cf-4);
    border-inline-start: 3px solid var(--cf-line);
    color: var(--cf-text-2);
  }
  .article hr {
    border: 0;
    border-top: 1px solid var(--cf-line);
  }
  .article code {
    padding: 1px 5px;
    border-radius: var(--cf-radius-s);
    background: var(--cf-subtle);
    font: 0.88em / 1.5 var(--cf-mono);
  }
  .article .code {
    position: relative;
  }
  .article pre {
    margin: 0;
    padding: var(--cf-3) var(--cf-12) var(--cf-3) var(--cf-4);
    overflow-x: auto;
    border: 1px solid var(--cf-line);
    border-radius: var(--cf-radius);
    background: var(--cf-surface);
    font-size: var(--cf-text-s);
  }
  .article pre code {
    padding: 0;
    background: none;
    font-size: var(--cf-text-s);
    white-space: pre;
    overflow-wrap: normal;
  }
  .article .copy {
    position: absolute;
    inset-block-start: 6px;
    inset-inline-end: 6px;
    background: var(--cf-surface);
  }
  .article .table {
    overflow-x: auto;
  }
  .article table {
    border-collapse: collapse;
    font-size: var(--cf-text-m);
    overflow-wrap: normal;
  }
  .article :is(th, td) {
    padding: 6px var(--cf-4) 6px 0;
    border-bottom: 1px solid var(--cf-line);
    text-align: start;
    vertical-align: top;
  }
  .article th {
    font-weight: 600;
  }
  .article .anchor {
    display: inline-grid;
    place-items: center;
    width: 24px;
    height: 24px;
    margin-inline-start: 4px;
    border-radius: var(--cf-radius-s);
    color: var(--cf-text-2);
    vertical-align: middle;
    opacity: 0;
  }
  .article :hover > .anchor,
  .article .anchor:focus-visible {
    opacity: 1;
  }
  @media (hover: none) {
    .article .anchor {
      opacity: 1;
    }
  }
  .hl-c1 {
    color: var(--cf-text-2);
    font-style: italic;
  }
  .hl-k,
  .hl-kc,
  .hl-kn,
  .hl-o {
    color: var(--cf-note);
  }
  .hl-s,
  .hl-s1,
  .hl-s2,
  .hl-se {
    color: var(--cf-ok);
  }
  .hl-m,
  .hl-mi,
  .hl-mf,
  .hl-l {
    color: var(--cf-warn);
  }
  .hl-nt,
  .hl-na,
  .hl-nb,
  .hl-nf,
  .hl-nv {
    color: var(--cf-info);
  }
  @media print {
    .article .copy,
    .article .anchor {
      display: none;
    }
    .article pre {
      white-space: pre-wrap;
      break-inside: avoid;
    }
    .article pre code {
      white-space: pre-wrap;
    }
  }
`;

/** Copy to the clipboard, where the browser lets the page. */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

/** True for a click that should stay in this page. */
export function plainClick(event) {
  return !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button > 0);
}

/** `anchors`: an address for a heading's id, or null for none. */
export function dress(root, { linkTo, open, notify, anchors = null }) {
  for (const pre of root.querySelectorAll("pre")) dressCode(pre, notify);
  for (const table of root.querySelectorAll("table")) {
    const frame = document.createElement("div");
    frame.className = "table";
    table.replaceWith(frame);
    frame.append(table);
    scrollable(frame, t("kb.table"));
  }
  for (const link of root.querySelectorAll("a[data-article]")) {
    link.href = linkTo(link.dataset.article) + link.hash;
    onPlainClick(link, () => open(link.getAttribute("href")));
  }
  if (!anchors) return;
  for (const heading of root.querySelectorAll(":is(h2, h3, h4, h5, h6)[id]")) {
    const link = document.createElement("a");
    link.className = "anchor";
    link.href = anchors(heading.id);
    link.setAttribute("aria-label", t("kb.anchor", { title: heading.textContent }));
    render(icon("link"), link);
    onPlainClick(link, () => open(link.getAttribute("href")));
    heading.tabIndex = -1;
    heading.append(link);
  }
}

function onPlainClick(link, act) {
  link.addEventListener("click", (event) => {
    if (!plainClick(event)) return;
    event.preventDefault();
    act();
  });
}

function dressCode(pre, notify) {
  const frame = document.createElement("div");
  frame.className = "code";
  pre.replaceWith(frame);
  scrollable(pre, t("kb.code"));
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy plain compact icon-only";
  button.title = t("kb.copy");
  button.setAttribute("aria-label", t("kb.copy"));
  render(icon("copy"), button);
  button.addEventListener("click", async () => {
    const done = await copied(pre.textContent.replace(/\n$/, ""));
    notify(t(done ? "kb.copied" : "kb.not_copied"), { kind: done ? "ok" : "danger" });
  });
  frame.append(pre, button);
}

/** What scrolls must be reached by keys, too. */
function scrollable(element, label) {
  element.tabIndex = 0;
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", label);
}
