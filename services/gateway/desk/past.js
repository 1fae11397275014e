/* A ticket as it stood when something had just happened, in the shape that <cf-thread> draws. */
import { dayKey } from "../web/time.js";

export class PastModel extends EventTarget {
  loadingEarlier = false;
  historyFailed = false;
  #ticket;
  #history;

  /** `ticket`: GET /tickets/{id}?as_of=; `history`: what had happened by then. */
  constructor(ticket, history) {
    super();
    this.#ticket = ticket;
    this.#history = history;
  }

  entries() {
    const { id, customer, description, attachments, created_at, messages } = this.#ticket;
    const author = { id: customer.id, name: customer.name, role: "customer" };
    const first = { id, author, body: description, internal: false, attachments, created_at, position: 0 };
    const lines = this.#history.filter((entry) => entry.name !== "TicketOpened" && !entry.message_id);
    const all = [
      ...[first, ...messages].map((message) => ({
        type: "message",
        key: message.id,
        message,
        state: "sent",
        at: message.created_at,
        position: message.position,
      })),
      ...lines.map((entry) => ({
        type: "line",
        key: `l${entry.position}`,
        entry,
        at: entry.at,
        position: entry.position,
      })),
    ].sort((one, other) => one.position - other.position);
    return all.flatMap((entry, index) => {
      const day = dayKey(new Date(entry.at));
      const before = index > 0 ? dayKey(new Date(all[index - 1].at)) : null;
      return day === before ? [entry] : [{ type: "day", key: `d${index}`, at: entry.at }, entry];
    });
  }
}
