/* The addresses of the desk's knowledge area.

   <base>/knowledge/articles[?status=…&category=…&q=…] · …/articles/new[?title=…] ·
   …/articles/<id>[/versions[/<n> | /draft][?against=draft] | /votes] · …/faq · …/faq/new[?category=…] · …/faq/<id> ·
   …/searches[?days=…&empty=1] */

export const PARTS = ["articles", "faq", "searches"];
export const ARTICLE_STATUSES = ["DRAFT", "PUBLISHED", "ARCHIVED"];
export const PERIODS = [7, 30, 90, 365];
const VIEWS = ["versions", "votes"];
const PARAMETERS = {
  articles: { status: "", category: "", q: "" },
  article: { title: "", against: "" },
  faq: {},
  question: { category: "" },
  searches: { days: "30", empty: "" },
};

function parametersOf(part, id) {
  if (id) return PARAMETERS[part === "faq" ? "question" : "article"];
  return PARAMETERS[part];
}

/** What an address inside the area shows → {part, id: null | "new" | id, view, version, …parameters}. */
export function placeOf([part, id = null, view, version = ""], params) {
  const known = PARTS.includes(part) ? part : "articles";
  const inside = known === "searches" ? null : id;
  const place = {
    part: known,
    id: inside,
    view: inside && inside !== "new" && VIEWS.includes(view) ? view : "write",
    version: /^([1-9]\d{0,6}|draft)$/.test(version) ? version : "",
  };
  for (const [name, usual] of Object.entries(parametersOf(known, inside)))
    place[name] = (params.get(name) ?? usual).slice(0, 200);
  if (known === "searches" && !PERIODS.includes(Number(place.days))) place.days = "30";
  if (place.status && !ARTICLE_STATUSES.includes(place.status)) place.status = "";
  return place;
}

/** The address of a place below `base`; what is left out is the usual. */
export function hrefOf(base, { part = "articles", id = null, view = "write", version = "", ...rest }) {
  const path = [base, "knowledge", part, id, view === "write" ? null : view, version].filter(Boolean).join("/");
  const usual = parametersOf(part, id);
  const params = new URLSearchParams(
    Object.entries(rest).filter(([name, value]) => name in usual && value && String(value) !== usual[name]),
  );
  return path + (params.size ? `?${params}` : "");
}
