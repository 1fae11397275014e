/* What an agent can put into a text while writing: canned replies by "/", articles by "??". Sources for Completions. */
import { t } from "../web/strings.js";
import { firstName } from "../web/text.js";

const SHOWN = 8;
const LEAST = 2;

let canned = null;

/** [{key, title, text}]; loaded once, and again after a failure. */
function cannedReplies() {
  canned ??= fetch(new URL("canned.json", import.meta.url))
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`HTTP ${answer.status}`))))
    .catch((error) => {
      canned = null;
      throw error;
    });
  return canned;
}

/** The sources for a text that `agent` ({name}) writes to `customer` ({name}). */
export function snippetSources(api, { agent, customer }) {
  const names = { agent: firstName(agent.name), customer: firstName(customer.name) };
  const filled = (text) => text.replace(/\{(agent|customer)\}/g, (_, who) => names[who]);
  return [
    {
      label: t("snippets.canned"),
      pattern: /(?:^|\s)(\/([\p{L}\d-]*))$/u,
      async find(words) {
        const wanted = words.toLowerCase();
        const all = await cannedReplies();
        const named = all.filter(({ key }) => key.startsWith(wanted));
        const titled = all.filter((one) => !named.includes(one) && ` ${one.title.toLowerCase()}`.includes(` ${wanted}`));
        return [...named, ...titled]
          .slice(0, SHOWN)
          .map(({ key, title, text }) => ({ label: title, mark: `/${key}`, hint: filled(text), text: filled(text) }));
      },
    },
    {
      label: t("snippets.articles"),
      pattern: /(?:^|\s)(\?\?\s?([^\n?]{0,100}))$/,
      pause: 200,
      async find(words, signal) {
        const q = words.trim();
        if (q.length < LEAST) return [];
        const { data } = await api.get("/kb/suggest", { query: { q, limit: 5 }, signal });
        return data.items.map(({ slug, title }) => ({
          label: title,
          hint: `/support/knowledge-base/${slug}`,
          text: `${title}: ${location.origin}/support/knowledge-base/${slug}`,
        }));
      },
    },
  ];
}
