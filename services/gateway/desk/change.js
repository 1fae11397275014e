/* Commands on a ticket that somebody else may be changing at the same moment. */
import { ApiError } from "../web/api.js";
import { t } from "../web/strings.js";

const TRIES = 4;

/** Somebody else changed the same thing first; the message says who and to what. */
export class Conflict extends Error {}

/** Run a command that changes `field`, for the ticket as its reader saw it. A change of something else in between
    does not matter; a change of the same thing is a Conflict, and nothing was done. Throws ApiError too. */
export async function change(model, action, body, field) {
  const seen = model.ticket;
  let { revision } = seen;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await model.run(action, body, { revision });
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status !== 412 && error.status !== 409)) throw error;
      await model.refresh();
      if (JSON.stringify(model.ticket[field]) !== JSON.stringify(seen[field]))
        throw new Conflict(whatHappened(model, seen));
      if (error.status === 409 || attempt === TRIES) throw error;
      revision = model.ticket.revision;
    }
  }
}

function whatHappened(model, seen) {
  const later = model.history.filter((entry) => !entry.internal && entry.revision > seen.revision);
  const last = later.findLast(
    (entry) => entry.to_status || entry.name.startsWith("Ticket") || entry.name.endsWith("Changed"),
  );
  return last ? t("desk.conflict", { words: last.words }) : t("desk.conflict_unknown");
}

/** Call `then` once a message of the outbox has been sent; never when it was deleted. */
export function afterSent(outbox, item, then) {
  const off = new AbortController();
  const options = { signal: off.signal };
  const done = ({ detail }) => {
    if (detail.item.key !== item.key) return;
    off.abort();
    then(detail.message);
  };
  const gone = () => outbox.for(item.ticketId).some((one) => one.key === item.key) || off.abort();
  outbox.addEventListener("sent", done, options);
  outbox.addEventListener("change", gone, options);
}
