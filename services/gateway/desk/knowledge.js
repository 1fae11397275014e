/* What authors write in the desk: the form of it, and what is kept of it in this browser. */
import { newKey } from "../web/api.js";
import { t } from "../web/strings.js";

const BODY_BYTES = 20_000;
const SLUG = 90;
export const LENGTHS = { title: [3, 150], summary: [0, 300], question: [3, 200] };
export const TEXT_FIELDS = ["title", "slug", "category", "summary", "tags", "language", "body"];
export const QUESTION_FIELDS = ["question", "category", "answer"];
export const BLANK_TEXT = { title: "", slug: "", category: "", summary: "", tags: [], language: "en", body: "" };

/** The address that the server makes of a title, too. */
export function slugOf(title) {
  const plain = title.toLowerCase().replaceAll("ß", "ss").normalize("NFKD");
  const dashed = plain.replace(/[^\x00-\x7f]/g, "").replace(/[^a-z0-9]+/g, "-");
  return dashed.replace(/^-+|-+$/g, "").slice(0, SLUG).replace(/-+$/, "");
}

export function tagsOf(line) {
  const tags = line.split(",").map((tag) => tag.trim().replace(/\s+/g, " "));
  return [...new Set(tags.filter(Boolean))];
}

export function bytesOf(text) {
  return new TextEncoder().encode(text).length;
}

export function sameText(one, other, fields = TEXT_FIELDS) {
  return fields.every((name) => JSON.stringify(one?.[name]) === JSON.stringify(other?.[name]));
}

function lengthFault(name, text) {
  const [low, high] = LENGTHS[name];
  if (text.length < low) return t(text ? "author.check.short" : "check.required", { n: low });
  return text.length > high ? t("author.check.long", { n: high }) : "";
}

function markdownFault(text) {
  if (!text.trim()) return t("check.required");
  return bytesOf(text) > BODY_BYTES ? t("author.check.body", { n: BODY_BYTES }) : "";
}

function found(faults) {
  return Object.fromEntries(Object.entries(faults).filter(([, words]) => words));
}

/** What is wrong with an article's text → {field: words}. */
export function checkText(text) {
  const fits = /^[a-z0-9]+(-[a-z0-9]+)*$/.test(text.slug) && text.slug.length <= SLUG;
  return found({
    title: lengthFault("title", text.title),
    slug: fits ? "" : t("author.check.slug", { n: SLUG }),
    category: text.category ? "" : t("check.category"),
    summary: lengthFault("summary", text.summary),
    tags: text.tags.length > 20 || text.tags.some((tag) => tag.length > 40) ? t("author.check.tags") : "",
    language: /^[a-z]{2}$/.test(text.language) ? "" : t("author.check.language"),
    body: markdownFault(text.body),
  });
}

/** What is wrong with a question → {field: words}. */
export function checkQuestion(text) {
  return found({
    question: lengthFault("question", text.question),
    category: text.category ? "" : t("check.category"),
    answer: markdownFault(text.answer),
  });
}

/** The fields of a refusal → {field: words}; empty where it names none of `fields`. */
export function faultsOf(error, fields) {
  const named = Object.entries(error.errors).filter(([name]) => fields.includes(name));
  return Object.fromEntries(named.map(([name, words]) => [name, [words].flat().join(" ")]));
}

/** The questions of one category after one of them moved by `step` → [{id, position}] of those whose place changed. */
export function moved(items, id, step) {
  const from = items.findIndex((one) => one.id === id);
  const to = from + step;
  if (from < 0 || to < 0 || to >= items.length) return [];
  // Places grow strictly, also where several questions came with the same one.
  const places = items.reduce((taken, one) => [...taken, Math.max(one.position, (taken.at(-1) ?? -1) + 1)], []);
  const order = items.toSpliced(from, 1).toSpliced(to, 0, items[from]);
  return order
    .map((one, index) => ({ id: one.id, position: places[index], before: one.position }))
    .filter(({ position, before }) => position !== before)
    .map(({ id: one, position }) => ({ id: one, position }));
}

// -- What this browser keeps

const KEPT = "cf-desk-text";
const ASIDE = "cf-desk-aside";
const MOST_ASIDE = 5;

/** A text that is not saved yet: survives a reload. `name` is "article:<id>" and the like. */
export class Kept {
  #key;

  constructor(person, name) {
    this.#key = `${KEPT}:${person}:${name}`;
  }

  /** → {text, revision, at} or null. */
  read() {
    return JSON.parse(localStorage.getItem(this.#key) ?? "null");
  }

  /** False where this browser has no room for it. */
  write(text, revision) {
    try {
      localStorage.setItem(this.#key, JSON.stringify({ text, revision, at: new Date().toISOString() }));
      return true;
    } catch (error) {
      if (error.name !== "QuotaExceededError") throw error;
      return false;
    }
  }

  clear() {
    localStorage.removeItem(this.#key);
  }
}

/** All that a person has not saved, of one kind → [{id, text, at}], the newest first. */
export function keptTexts(person, kind) {
  const prefix = `${KEPT}:${person}:${kind}:`;
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(prefix));
  const texts = keys.map((key) => ({ id: key.slice(prefix.length), ...JSON.parse(localStorage.getItem(key)) }));
  return texts.sort((a, b) => b.at.localeCompare(a.at));
}

/** Texts that somebody chose against: they can be brought back. The oldest go when there are many. */
export class Aside {
  #key;

  constructor(person, name) {
    this.#key = `${ASIDE}:${person}:${name}`;
  }

  /** → [{text, by, at}], the newest first. */
  get items() {
    return JSON.parse(localStorage.getItem(this.#key) ?? "[]");
  }

  add(text, by, at = new Date().toISOString()) {
    this.#write([{ text, by, at }, ...this.items].slice(0, MOST_ASIDE));
  }

  remove(index) {
    this.#write(this.items.toSpliced(index, 1));
  }

  #write(items) {
    if (items.length) localStorage.setItem(this.#key, JSON.stringify(items));
    else localStorage.removeItem(this.#key);
  }
}

/** Idempotency keys: the same thing once more has the same key, so that a repetition has one effect. */
export class Keys {
  #last = new Map();

  of(action, what) {
    const written = JSON.stringify(what);
    if (this.#last.get(action)?.written !== written) this.#last.set(action, { written, key: newKey() });
    return this.#last.get(action).key;
  }
}
