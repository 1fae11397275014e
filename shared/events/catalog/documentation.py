"""docs/events.md, written from the catalog and the golden examples: `python -m shared.events.catalog.documentation`."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import typing
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

from shared.events.catalog import chat, knowledge, tickets
from shared.events.catalog.types import PERSONAL

COMMAND = "python -m shared.events.catalog.documentation"
Key = tuple[str, int]
Example = Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Catalog:
    """One service's part of the page: only streams of the `published` categories reach other systems.

    ids: what stands behind the dash in the streams of each of these categories
    """

    title: str
    events: Mapping[Key, type]
    published: Collection[str]
    ids: Mapping[str, str]
    examples: Mapping[Key, Example]


def document(catalogs: Collection[Catalog]) -> str:
    """The whole page in Markdown. Raises KeyError where an event has no example."""
    kinds: dict[str, Any] = {}
    parts = [_INTRODUCTION.format(command=COMMAND)]
    for catalog in catalogs:
        parts.append(f"## Events of {catalog.title}\n")
        parts.append(_contents(catalog))
        parts += [_event(key, catalog, kinds) for key in catalog.events if _is_published(key, catalog)]
        if hidden := [f"`{name}`" for name, version in catalog.events if not _is_published((name, version), catalog)]:
            parts.append(f"Kept in the store and never published: {', '.join(hidden)}.\n")
    parts.append(_types(kinds))
    return "\n".join(parts)


def read_examples(folder: Path) -> dict[Key, Example]:
    """The envelope in `<Name>.v<version>.json`, for each such file; files of further cases are left out."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        if match := re.fullmatch(r"(\w+)\.v(\d+)\.json", path.name):
            found[match[1], int(match[2])] = json.loads(path.read_text())
    return found


def read_catalogs(root: Path) -> list[Catalog]:
    """Every catalog of the project whose folder is `root`, with its examples."""
    golden = root / "tests" / "contract" / "golden"
    return [
        Catalog("tickets", tickets.EVENTS, tickets.PUBLISHED, _TICKET_IDS, read_examples(golden / "tickets")),
        Catalog(
            "the knowledge base",
            knowledge.EVENTS,
            knowledge.PUBLISHED,
            _KNOWLEDGE_IDS,
            read_examples(golden / "knowledge"),
        ),
        Catalog("live chat", chat.EVENTS, chat.PUBLISHED, {chat.CATEGORY: "chat id"}, read_examples(golden / "chat")),
    ]


def page(root: Path) -> Path:
    """Where the document belongs in the project."""
    return root / "docs" / "events.md"


def _is_published(key: Key, catalog: Catalog) -> bool:
    return _category(catalog.examples[key]) in catalog.published


def _category(example: Example) -> str:
    return str(example["stream"]).partition("-")[0]


def _routing_key(example: Example) -> str:
    return f"{_category(example)}.{example['name']}"


def _contents(catalog: Catalog) -> str:
    rows = ["| event | routing key | what it says |", "|---|---|---|"]
    for key, cls in catalog.events.items():
        if _is_published(key, catalog):
            name, version = key
            link = f"[{name}](#{_anchor(_heading(name, version))})"
            rows.append(f"| {link} | `{_routing_key(catalog.examples[key])}` | {_meaning(name, cls)} |")
    return "\n".join(rows) + "\n"


def _event(key: Key, catalog: Catalog, kinds: dict[str, Any]) -> str:
    (name, version), cls, example = key, catalog.events[key], catalog.examples[key]
    category = _category(example)
    return (
        f"### {_heading(name, version)}\n\n{_meaning(name, cls)}\n\n"
        f"Routing key `{_routing_key(example)}`, stream `{category}-<{catalog.ids[category]}>`.\n\n"
        f"{_fields(cls, kinds)}\n"
        f"<details><summary>Example</summary>\n\n```json\n{_json(example)}\n```\n\n</details>\n"
    )


def _heading(name: str, version: int) -> str:
    return f"{name}, version {version}"


def _anchor(heading: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")


def _meaning(name: str, cls: type) -> str:
    if text := _docstring(cls):
        return text
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return f"{words[0]}{words[1:].lower()}."


def _docstring(cls: type) -> str:
    text = inspect.getdoc(cls) or ""
    # a dataclass without a docstring has its signature there
    return "" if text.startswith(f"{cls.__name__}(") else " ".join(text.split())


def _fields(cls: Any, kinds: dict[str, Any]) -> str:
    hints = typing.get_type_hints(cls, include_extras=True)
    rows = ["| field of `data` | type | may be null | may be absent | personal |", "|---|---|---|---|---|"]
    for field in dataclasses.fields(cls):
        words, nullable, personal = _type(hints[field.name], kinds)
        absent = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        marks = " | ".join("yes" if mark else "" for mark in (nullable, absent, personal))
        rows.append(f"| `{field.name}` | {words} | {marks} |")
    return "\n".join(rows) + "\n"


def _type(hint: Any, kinds: dict[str, Any]) -> tuple[str, bool, bool]:
    """Words for a type, whether it may be null, whether it is personal; named types are added to `kinds`."""
    given = typing.get_args(hint)
    if type(None) in given:
        words, _, personal = _type(next(one for one in given if one is not type(None)), kinds)
        return words, True, personal
    origin = typing.get_origin(hint)
    if origin is Annotated:
        words, nullable, _ = _type(given[0], kinds)
        return words, nullable, PERSONAL in given[1:]
    if origin is tuple:
        words, _, personal = _type(given[0], kinds)
        return f"list of {words}", False, personal
    if hint in _PLAIN:
        return _PLAIN[hint], False, False
    kinds[hint.__name__] = hint
    inner = typing.get_type_hints(hint, include_extras=True).values() if dataclasses.is_dataclass(hint) else ()
    members = [_type(each, kinds) for each in inner]
    return f"[{hint.__name__}](#{_anchor(hint.__name__)})", False, any(personal for _, _, personal in members)


def _types(kinds: Mapping[str, Any]) -> str:
    return "\n".join(["## Types that events share\n", *_described(kinds)])


def _described(kinds: Mapping[str, Any]) -> Iterator[str]:
    for name, kind in sorted(kinds.items()):
        if issubclass(kind, Enum):
            yield f"### {name}\n\nOne of {', '.join(f'`{one.value}`' for one in kind)}.\n"
        else:
            table = _fields(kind, {}).replace("field of `data`", "field", 1)
            yield "\n\n".join(part for part in (f"### {name}", _docstring(kind), table) if part)


def _json(example: Example) -> str:
    return json.dumps(example, indent=2, ensure_ascii=False)


_TICKET_IDS = {tickets.CATEGORY: "ticket id", tickets.NOTE_CATEGORY: "ticket id"}
_KNOWLEDGE_IDS = {knowledge.ARTICLE: "article id", knowledge.SECTION: "slug", knowledge.FAQ: "question id"}

_PLAIN: Mapping[Any, str] = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "true or false",
    datetime: "time (RFC 3339, with offset)",
}

_INTRODUCTION = """\
<!-- Generated by `{command}`. Change the catalog or the golden examples, then run it again. -->
# Events for other systems

Whatever happens in Cloud Factory Support is an event in an append-only log. The log is relayed to RabbitMQ for
systems that want to be told, and can be read over HTTP by those that want to ask. `examples/follow_events.py` is a
consumer to start from. The same catalog is at `/asyncapi.json` on the gateway.

## How to listen

| | |
|---|---|
| exchange | `support.events`: topic, durable |
| routing key | `<category>.<EventName>`, such as `ticket.TicketOpened` |
| bind to | `ticket.*` for tickets, `ticket_note.*` for internal notes, `*.TicketClosed` for one event, `#` for all |
| or bind to | `article.*` for articles, drafts included, `kb_category.*` for categories, `faq.*` for questions |
| or bind to | `chat.*` for live chats, `chat.AgentRequested` for those that want a person |
| message | persistent; content type `application/json`, UTF-8; message id = the event's `id` |
| queue | yours, durable, bound before you count on it; with `x-max-length` (it drops the oldest) if you may be away |

Internal notes have a category of their own. Never show them to a customer. Do not let your queue refuse messages when
it is full (`x-overflow: reject-publish`): the relay would wait for it, and everybody else with it.

`article.*` also carries drafts, which readers do not see: show what `ArticlePublished` and `ArticleRestored` say, until
`ArticleArchived`.

## What you can rely on

- **At least once.** An event may come twice, after an outage also a whole run of events. Its `id` is the same each
  time: remember it, or remember the `revision` that you have reached in each `stream` and skip what is not beyond it.
  Keep that memory in the same transaction as what you do with the event, and acknowledge the message after it.
- **In order for each stream.** The first delivery of revision 5 comes after the first delivery of revision 4. A
  stream begins at revision 0 and has no holes. This holds for one consumer on one queue; several on one queue take
  events from each other out of order, so use `x-single-active-consumer` for a standby.
- **Nothing for those who are not bound.** Events from before your queue was bound, or beyond its length limit, do not
  come by themselves. Read them: `GET /api/v1/events?after=<position>&limit=` gives the same envelopes without gaps,
  from the beginning with `after=-1`, and needs a token with the role `agent`. It answers `{{items, position,
  caught_up}}`; go on with `after=` that position until `caught_up` is true. Bind first and read then: what comes by
  both ways is a double like any other.
- **Positions are opaque.** A later event has a larger `position`; the numbers have holes, so a hole means nothing.
  A hole in the revisions of one stream does mean that you missed something, if you are bound to all its events.
- **The past does not change.** A name and version keep their meaning for ever. New optional fields may appear: ignore
  what you do not know. A change that is more than that comes as a new version or a new name.
- **Personal fields** are marked below. Whoever stores them has to delete them when the person asks for it; an event
  without its personal text still counts the same.

## The envelope

| field | type | meaning |
|---|---|---|
| `id` | UUID | of this event, on every delivery |
| `name` | text | what happened; with `version` it says how to read `data` |
| `version` | integer | of the schema of `data` |
| `stream` | text | `<category>-<id>`: to what it happened; the category ends at the first dash |
| `revision` | integer | place in the stream: 0, 1, 2 … |
| `position` | integer | place in the whole log: larger is later |
| `recorded_at` | time (RFC 3339, UTC) | when the log took it; `data.at` is when it happened |
| `data` | object | the event itself, as described below |
| `metadata.correlation_id` | text or null | the request that all of this began with |
| `metadata.causation_id` | text or null | the command that caused this event |
| `metadata.actor` | object or null | who sent the command: `{{"id", "role"}}`, no names |
"""


def main() -> None:
    root = Path.cwd()
    page(root).write_text(document(read_catalogs(root)))
    print(f"wrote {page(root).relative_to(root)}")


if __name__ == "__main__":
    main()
