/* The assistant's Markdown as a template: paragraphs, lists, bold, code. It has no links and no HTML; whatever else
   stands in it is shown as it is. */
import { html } from "lit";

const ITEM = /^\s*(?:[-*]|(\d{1,3})[.)])\s+(.*)$/;

export function marked(text) {
  return blocksOf(text).map((block) => {
    if (block.kind === "code") return html`<pre><code>${block.lines.join("\n")}</code></pre>`;
    if (block.kind === "ul") return html`<ul>${block.lines.map((line) => html`<li>${inline(line)}</li>`)}</ul>`;
    if (block.kind === "ol")
      return html`<ol start=${block.start}>${block.lines.map((line) => html`<li>${inline(line)}</li>`)}</ol>`;
    return html`<p>${inline(block.lines.join("\n"))}</p>`;
  });
}

/** [{kind: "p" | "ul" | "ol" | "code", start, lines}] */
function blocksOf(text) {
  const blocks = [];
  let open = null;
  const into = (kind, line, start = 1) => {
    if (open?.kind !== kind) blocks.push((open = { kind, start, lines: [] }));
    open.lines.push(line);
  };
  for (const line of text.split("\n")) {
    const item = line.match(ITEM);
    if (/^\s*```/.test(line)) {
      if (open?.kind === "code") open = null;
      else blocks.push((open = { kind: "code", start: 1, lines: [] }));
    } else if (open?.kind === "code") open.lines.push(line);
    else if (line.trim() === "") open = open?.kind === "p" ? null : open;
    else if (item) into(item[1] ? "ol" : "ul", item[2], Number(item[1] ?? 1));
    else if (open && open.kind !== "p" && /^\s{2,}/.test(line)) open.lines[open.lines.length - 1] += ` ${line.trim()}`;
    else into("p", line);
  }
  return blocks;
}

function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part) => {
    if (/^`[^`]+`$/.test(part)) return html`<code>${part.slice(1, -1)}</code>`;
    if (/^\*\*[^*]+\*\*$/.test(part)) return html`<strong>${part.slice(2, -2)}</strong>`;
    return part;
  });
}
