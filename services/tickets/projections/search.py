"""What a search looks through: one row for each ticket's own words, each message and each note."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import LiteralString

import orjson

from shared.events.catalog.tickets import MessagePosted, NoteAdded, TicketOpened
from shared.events.projection import Fact
from shared.events.read_model import Connection

_WORD = re.compile(r"[^\W_]+")
_ADD: LiteralString = (
    "insert into search_texts (text_id, ticket_id, customer_id, internal, search)"
    " select (row->>0)::uuid, (row->>1)::uuid, row->>2, (row->>3)::boolean, to_tsvector('simple', row->>4)"
    " from json_array_elements(%s) as row on conflict (text_id) do nothing"
)


class Search:
    """The table search_texts."""

    name = "search"
    tables = ("search_texts",)
    events = frozenset({TicketOpened, MessagePosted, NoteAdded})
    summed: frozenset[str] = frozenset()

    def apply(self, connection: Connection, facts: Sequence[Fact]) -> None:
        if rows := [row for row in map(row_of, facts) if row]:
            connection.execute(_ADD, (orjson.dumps(rows).decode(),))


def words(text: str) -> list[str]:
    """The runs of letters and digits of a text, in lower case: what is looked for is cut in the same way.

    Left to itself PostgreSQL's parser keeps `report.pdf`, `10.0.0.1` and `ada@acme.example` whole.
    """
    return _WORD.findall(text.lower())


def row_of(fact: Fact) -> tuple[str, str, str, bool, str] | None:
    """(text's id, ticket's id, customer's id, internal, words), None where a fact says nothing in words."""
    ticket_id, customer = fact.recorded.stream.id, fact.recorded.metadata["customer"]
    match fact.event:
        case TicketOpened() as opened:
            text = f"{opened.number} {opened.subject} {opened.description}"
            return ticket_id, ticket_id, customer, False, " ".join(words(text))
        case MessagePosted() as message:
            return message.message_id, ticket_id, customer, False, " ".join(words(message.body))
        case NoteAdded() as note:
            return note.note_id, ticket_id, customer, True, " ".join(words(note.body))
    return None
