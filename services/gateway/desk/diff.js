/* Differences between two texts: by lines, and by words where a line became another one. Pure functions. */

const MOST_CELLS = 4_000_000;
const WORD = /[\p{L}\p{N}_]+|\s+|./gu;
const ALIKE = 0.35;

/** What makes `after` of `before`, both lists of strings → [{kind: "same" | "removed" | "added", text}]. */
function align(before, after) {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const same = (items) => items.map((text) => ({ kind: "same", text }));
  return [
    ...same(before.slice(0, start)),
    ...alignMiddle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...same(before.slice(before.length - end)),
  ];
}

/** By the longest common subsequence; where both are so long that this takes long, nothing counts as the same. */
function alignMiddle(before, after) {
  const width = after.length + 1;
  const comparable = before.length * after.length <= MOST_CELLS;
  const common = new Uint16Array(comparable ? (before.length + 1) * width : 0);
  for (let i = before.length - 1; comparable && i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      const at = i * width + j;
      common[at] = before[i] === after[j] ? common[at + width + 1] + 1 : Math.max(common[at + width], common[at + 1]);
    }
  }
  const steps = [];
  let [i, j] = [0, 0];
  while (i < before.length && j < after.length && comparable) {
    const at = i * width + j;
    if (before[i] === after[j]) {
      steps.push({ kind: "same", text: before[i] });
      i += 1;
      j += 1;
    } else if (common[at + width] >= common[at + 1]) steps.push({ kind: "removed", text: before[i++] });
    else steps.push({ kind: "added", text: after[j++] });
  }
  for (; i < before.length; i += 1) steps.push({ kind: "removed", text: before[i] });
  for (; j < after.length; j += 1) steps.push({ kind: "added", text: after[j] });
  return steps;
}

/** The words of two lines → [parts of the first, parts of the second], each part {text, changed}. */
export function wordDifferences(before, after) {
  const steps = align(before.match(WORD) ?? [], after.match(WORD) ?? []);
  const alike = steps.reduce((sum, { kind, text }) => sum + (kind === "same" ? text.trim().length : 0), 0);
  if (alike < ALIKE * Math.max(before.trim().length, after.trim().length)) {
    // Two lines that share little: marks in them would say less than the lines themselves.
    return [[{ text: before, changed: false }], [{ text: after, changed: false }]];
  }
  return [partsOf(steps, "removed"), partsOf(steps, "added")];
}

function partsOf(steps, kind) {
  const parts = [];
  for (const step of steps) {
    if (step.kind !== "same" && step.kind !== kind) continue;
    const changed = step.kind === kind;
    if (parts.at(-1)?.changed === changed) parts.at(-1).text += step.text;
    else parts.push({ text: step.text, changed });
  }
  return parts;
}

/** The lines of both texts, in order → [{kind: "same" | "removed" | "added", parts: [{text, changed}]}]. */
export function lineDifferences(before, after) {
  const lines = (text) => (text === "" ? [] : text.split("\n"));
  const rows = [];
  let [removed, added] = [[], []];
  const flush = () => {
    const pairs = removed.map((text, index) =>
      index < added.length ? wordDifferences(text, added[index]) : [[{ text, changed: false }]],
    );
    rows.push(...pairs.map(([parts]) => ({ kind: "removed", parts })));
    rows.push(
      ...added.map((text, index) => ({ kind: "added", parts: pairs[index]?.[1] ?? [{ text, changed: false }] })),
    );
    [removed, added] = [[], []];
  };
  for (const { kind, text } of align(lines(before), lines(after))) {
    if (kind === "removed") removed.push(text);
    else if (kind === "added") added.push(text);
    else {
      flush();
      rows.push({ kind, parts: [{ text, changed: false }] });
    }
  }
  flush();
  return rows;
}

/** The rows with long runs of unchanged ones taken together as {kind: "gap", rows}; `around` stay beside a change. */
export function folded(rows, around = 3) {
  const near = rows.map((_, index) =>
    rows.slice(Math.max(0, index - around), index + around + 1).some(({ kind }) => kind !== "same"),
  );
  const shown = [];
  for (const [index, row] of rows.entries()) {
    if (near[index]) shown.push(row);
    else if (shown.at(-1)?.kind === "gap") shown.at(-1).rows.push(row);
    else shown.push({ kind: "gap", rows: [row] });
  }
  // A gap of one line takes the room of the line.
  return shown.flatMap((row) => (row.kind === "gap" && row.rows.length === 1 ? row.rows : [row]));
}
