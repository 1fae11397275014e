"""Stored events stay readable for ever: one example of each name and version, written once and never edited.

A file is `<Name>.v<version>.json`, or `<Name>.v<version>.<case>.json` for a further example of the same.
"""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import uuid
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from services.chat import bootstrap as chat_bootstrap
from services.knowledge import bootstrap as knowledge_bootstrap
from services.tickets import bootstrap as tickets_bootstrap
from shared.events.catalog import chat, knowledge, tickets
from shared.events.catalog.documentation import COMMAND, document, page, read_catalogs, read_examples
from shared.events.codec import Codec, schema_for
from shared.events.event import RecordedEvent
from shared.events.relay import envelope
from shared.events.stream import Position, Revision, StreamName

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "contract" / "golden"
CATALOGS = {"tickets": tickets, "knowledge": knowledge, "chat": chat}
USUAL = {"tickets": tickets.CATEGORY, "knowledge": knowledge.ARTICLE, "chat": chat.CATEGORY}
FILES = sorted(GOLDEN.glob("*/*.json"))


def key_of(path: Path) -> tuple[str, int]:
    name, version, *_ = path.name.split(".")
    return name, int(version.removeprefix("v"))


def recorded(path: Path) -> RecordedEvent:
    event = json.loads(path.read_text())
    return RecordedEvent(
        uuid.UUID(event["id"]),
        event["name"],
        event["version"],
        StreamName.parse(event["stream"]),
        Revision(event["revision"]),
        Position(event["position"]),
        datetime.fromisoformat(event["recorded_at"]),
        event["data"],
        event["metadata"],
    )


def codec_of(path: Path) -> Codec:
    catalog = CATALOGS[path.parent.name]
    return Codec(catalog.EVENTS, catalog.UPCASTERS)


def lost(before: Any, after: Any, at: str = "data") -> list[str]:
    """Places where `after` does not say what `before` says; members that only `after` has are optional and new."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return [each for key in before for each in lost(before[key], after.get(key, "nothing"), f"{at}.{key}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [each for i, pair in enumerate(zip(before, after, strict=True)) for each in lost(*pair, f"{at}[{i}]")]
    return [] if before == after else [f"{at}: {before!r} became {after!r}"]


def edited(root: Path, folder: str) -> list[str]:
    """Files under `folder` that differ from what was first committed under their name, or are gone."""
    added = _git(
        root, "log", "--reverse", "--no-renames", "--diff-filter=A", "--format=%x00%H", "--name-only", "--", folder
    )
    first: dict[str, str] = {}
    for commit, *names in (part.split() for part in added.decode().split("\0") if part.strip()):
        for name in names:
            first.setdefault(name, commit)
    return [
        name
        for name, commit in first.items()
        if not (root / name).exists() or (root / name).read_bytes() != _git(root, "show", f"{commit}:{name}")
    ]


def _git(root: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(root), "-c", "safe.directory=*", *arguments]
    return subprocess.run(command, check=True, capture_output=True, timeout=30).stdout


@pytest.mark.parametrize("service", sorted(CATALOGS))
def test_there_is_an_example_of_every_event_and_of_nothing_else(service: str) -> None:
    catalog = CATALOGS[service]
    assert {key_of(path) for path in GOLDEN.glob(f"{service}/*.json")} == {*catalog.EVENTS, *catalog.UPCASTERS}
    assert set(read_examples(GOLDEN / service)) == {*catalog.EVENTS, *catalog.UPCASTERS}


def test_every_folder_belongs_to_a_catalog() -> None:
    assert {path.parent.name for path in FILES} == set(CATALOGS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
class TestEachExample:
    def test_it_is_what_goes_over_the_wire(self, path: Path) -> None:
        event = json.loads(path.read_text())
        assert key_of(path) == (event["name"], event["version"])
        assert envelope(recorded(path)) == event

    def test_it_stands_in_a_stream_of_its_category(self, path: Path) -> None:
        service, event = path.parent.name, recorded(path)
        assert event.stream.category == CATALOGS[service].CATEGORIES.get(event.name, USUAL[service])

    def test_it_can_be_read(self, path: Path) -> None:
        codec, event = codec_of(path), recorded(path)
        assert type(codec.decode(event)) in codec.events.values()

    def test_it_is_written_back_as_it_was(self, path: Path) -> None:
        codec, event = codec_of(path), recorded(path)
        name, version, data = codec.encode(codec.decode(event))
        if (event.name, event.version) in codec.events:
            assert (name, version) == (event.name, event.version)
            assert lost(event.data, data) == []

    def test_a_writer_of_today_could_have_written_it(self, path: Path) -> None:
        codec, event = codec_of(path), recorded(path)
        if (cls := codec.events.get((event.name, event.version))) is not None:
            assert schema_for(cls)().validate(dict(event.data)) == {}


@pytest.mark.parametrize("service", sorted(CATALOGS))
def test_every_field_of_today_is_shown(service: str) -> None:
    examples: dict[tuple[str, int], set[str]] = {}
    for path in GOLDEN.glob(f"{service}/*.json"):
        examples.setdefault(key_of(path), set()).update(recorded(path).data)
    fields = {key: {each.name for each in dataclasses.fields(cls)} for key, cls in CATALOGS[service].EVENTS.items()}
    assert {key: fields[key] - examples[key] for key in fields if fields[key] - examples[key]} == {}


def test_no_example_was_edited_or_removed() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("no git history in this copy to compare with")
    changed = edited(ROOT, "tests/contract/golden")
    assert changed == [], "stored events do not change: add a new version, an upcaster and a new file instead"


def test_an_edit_and_a_removal_are_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "golden"
    folder.mkdir()
    _git(tmp_path, "init", "--quiet")
    for name in ("Kept", "Edited", "Removed"):
        (folder / f"{name}.v1.json").write_text(name)
    commit = ("-c", "user.name=Test", "-c", "user.email=test@test.example", "commit", "--quiet", "--message=one")
    _git(tmp_path, "add", ".")
    _git(tmp_path, *commit)
    assert edited(tmp_path, "golden") == []
    (folder / "Edited.v1.json").write_text("something else")
    (folder / "Removed.v1.json").unlink()
    (folder / "New.v1.json").write_text("not committed yet")
    _git(tmp_path, "add", ".")
    _git(tmp_path, *commit)
    assert edited(tmp_path, "golden") == ["golden/Edited.v1.json", "golden/Removed.v1.json"]


@pytest.mark.parametrize(
    ("before", "after"),
    [({"a": 1}, {"a": 2}), ({"a": 1}, {}), ({"a": [1]}, {"a": []}), ({"a": {"b": None}}, {"a": {"b": 0}})],
)
def test_a_difference_is_seen(before: Any, after: Any) -> None:
    assert len(lost(before, after)) == 1
    assert lost(before, {**before, "new": True}) == []


def test_the_page_for_other_systems_is_up_to_date() -> None:
    written = page(ROOT).read_text()
    assert written == document(read_catalogs(ROOT)), f"run `{COMMAND}`"


def test_the_page_calls_published_what_the_relay_publishes() -> None:
    published = [catalog.published for catalog in read_catalogs(ROOT)]
    assert published == [tickets_bootstrap.PUBLIC, knowledge_bootstrap.PUBLIC, chat_bootstrap.PUBLIC]


def test_the_page_marks_what_is_personal_null_or_absent() -> None:
    written = document(read_catalogs(ROOT))
    opened = written.split("### TicketOpened, version 1")[1].split("### ")[0]
    assert "| `subject` | text |  |  | yes |" in opened
    assert "| `category` | [Category](#category) |  |  |  |" in opened
    assert "| `attachments` | list of [AttachedFile](#attachedfile) |  | yes | yes |" in opened
    assert "| `follow_up_to` | text | yes | yes |  |" in opened
    assert "### NumberTaken" not in written
    assert "| `by` | [Author](#author) |  |  | yes |" in written.split("### ArticleDrafted")[1].split("### ")[0]
    assert all(f"### {name}" not in written for name in ("SlugTaken", "ArticleVoted", "SearchPerformed"))


def test_every_link_of_the_page_leads_somewhere() -> None:
    written = document(read_catalogs(ROOT))
    headings = re.findall(r"^#+ (.*)$", written, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]*)\)", written)) - anchors == set()
