/* The Markdown of the assistant as a template: paragraphs, lists with anything inside their items, code, bold,
   emphasis. Everything else, HTML and links included, is shown as the characters that it is. */
import { html } from "lit";
import { icon } from "./icons.js";
import { t } from "./strings.js";

const FENCE = /^ {0,3}```/;
const ITEM = /^( {0,3})([-*+]|(\d{1,9})[.)])( +|$)/;
const INLINE = /\\([!-/:-@[-`{-~])|(`+)([^`]|[^`].*?[^`])\2(?!`)|\*\*(?=\S)(.+?\S?)\*\*(?!\*)|\*(?=[^\s*])([^*]*[^\s*])\*/s;

/** `onCopy(text)` is called by the button beside a piece of code. */
export function markdown(text, { onCopy }) {
  return drawn(parsed(text), onCopy);
}

/** Blocks: {type: "paragraph", text} · {type: "code", text} · {type: "list", ordered, start, items: [[block]]}. */
export function parsed(text) {
  return blocks(text.replace(/\r\n?/g, "\n").split("\n"));
}

/** Pieces of a line: strings · {type: "code", text} · {type: "strong" | "em", inside: [piece]}. */
export function pieces(text) {
  const match = INLINE.exec(text);
  if (!match) return text ? [text] : [];
  const [whole, escaped, , code, strong, em] = match;
  const rest = pieces(text.slice(match.index + whole.length));
  const before = text.slice(0, match.index);
  let piece = escaped;
  if (code !== undefined) piece = { type: "code", text: code };
  else if (strong !== undefined) piece = { type: "strong", inside: pieces(strong) };
  else if (em !== undefined) piece = { type: "em", inside: pieces(em) };
  return [...(before ? [before] : []), piece, ...rest];
}

function blocks(lines) {
  const found = [];
  let at = 0;
  while (at < lines.length) {
    if (lines[at].trim() === "") {
      at += 1;
      continue;
    }
    const taken = FENCE.test(lines[at]) ? code(lines, at) : (list(lines, at) ?? paragraph(lines, at));
    found.push(taken.block);
    at = taken.next;
  }
  return found;
}

function code(lines, from) {
  const indent = lines[from].search(/\S/);
  let end = from + 1;
  while (end < lines.length && !FENCE.test(lines[end])) end += 1;
  const text = lines.slice(from + 1, end).map((line) => outdented(line, indent));
  return { block: { type: "code", text: text.join("\n") }, next: end + 1 };
}

function list(lines, from) {
  const first = ITEM.exec(lines[from]);
  if (!first) return null;
  const ordered = first[3] !== undefined;
  const items = [];
  let at = from;
  for (let item = first; item && (item[3] !== undefined) === ordered; item = ITEM.exec(lines[at] ?? "")) {
    const width = item[0].length;
    const inside = [lines[at].slice(width)];
    for (at += 1; at < lines.length && belongs(lines, at); at += 1) inside.push(outdented(lines[at], width));
    items.push(blocks(inside));
    while (at < lines.length && lines[at].trim() === "") at += 1;
  }
  return { block: { type: "list", ordered, start: Number(first[3] ?? 1), items }, next: at };
}

/** Whether a line goes on with the item above it: indented, or a line of text straight below. */
function belongs(lines, at) {
  const line = lines[at];
  if (/^ {2,}\S/.test(line)) return true;
  if (line.trim() === "") return /^ {2,}\S/.test(lines.slice(at).find((one) => one.trim() !== "") ?? "");
  return lines[at - 1].trim() !== "" && !ITEM.test(line) && !FENCE.test(line);
}

function paragraph(lines, from) {
  let end = from + 1;
  while (end < lines.length && lines[end].trim() !== "" && !FENCE.test(lines[end]) && !ITEM.test(lines[end]))
    end += 1;
  const text = lines.slice(from, end).map((line) => line.trim());
  return { block: { type: "paragraph", text: text.join("\n") }, next: end };
}

function outdented(line, width) {
  return line.replace(new RegExp(`^ {0,${width}}`), "");
}

function drawn(all, onCopy) {
  return all.map((block) => {
    if (block.type === "code") return codeBlock(block.text, onCopy);
    if (block.type === "paragraph") return html`<p>${line(block.text)}</p>`;
    const items = block.items.map((inside) => html`<li>${drawn(inside, onCopy)}</li>`);
    return block.ordered ? html`<ol start=${block.start}>${items}</ol>` : html`<ul>${items}</ul>`;
  });
}

function line(text) {
  return drawnPieces(pieces(text));
}

function drawnPieces(all) {
  return all.map((piece) => {
    if (typeof piece === "string") return piece;
    if (piece.type === "code") return html`<code>${piece.text}</code>`;
    const inside = drawnPieces(piece.inside);
    return piece.type === "strong" ? html`<strong>${inside}</strong>` : html`<em>${inside}</em>`;
  });
}

function codeBlock(text, onCopy) {
  return html`<div class="code">
    <pre tabindex="0" role="group" aria-label=${t("kb.code")}><code>${text}</code></pre>
    <button
      class="copy plain compact icon-only"
      aria-label=${t("kb.copy")}
      title=${t("kb.copy")}
      @click=${() => onCopy(text)}
    >
      ${icon("copy")}
    </button>
  </div>`;
}
