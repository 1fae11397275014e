"""What a caller is shown of rows: the shapes of the HTTP API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Row = Mapping[str, Any]
_SUMMARY = ("slug", "title", "summary", "category", "tags", "language", "version")


def summary(row: Row) -> dict[str, Any]:
    """An article in a list."""
    return {
        "id": str(row["article_id"]),
        **{name: row[name] for name in _SUMMARY},
        "updated_at": time(row["updated_at"]),
    }


def article(row: Row, vote_counts: Row | None, mine: Row | None, related: Sequence[Row]) -> dict[str, Any]:
    """An article as readers see it, with the caller's own vote."""
    return {
        **summary(row),
        "body_markdown": row["body_markdown"],
        "body_html": row["body_html"],
        "contents": row["contents"],
        **votes(vote_counts or {"yes": 0, "no": 0}),
        "my_vote": {"helpful": mine["helpful"], "comment": mine["comment"]} if mine else None,
        "related": [{name: each[name] for name in ("slug", "title", "category")} for each in related],
    }


def authors_article(row: Row) -> dict[str, Any]:
    """An article as its authors see it: what is shown, what is drafted, and what may be done to it."""
    return {
        **summary(row),
        "status": row["status"],
        "changed": row["changed"],
        "published_at": time(row["published_at"]),
        "created_at": time(row["created_at"]),
        "draft": row["draft"],
        "draft_by": row["draft_by"],
        "draft_at": time(row["draft_at"]),
        "allowed_actions": _actions(row),
        "revision": row["revision"],
    }


def votes(row: Row) -> dict[str, Any]:
    """The votes on an article."""
    return {"helpful": {"yes": row["yes"], "no": row["no"]}}


def text(row: Row) -> dict[str, Any]:
    """What an author wrote, of a version."""
    written = ("slug", "title", "summary", "category", "tags", "language")
    return {**{name: row[name] for name in written}, "body": row["body_markdown"]}


def _actions(row: Row) -> list[str]:
    publish = ["publish"] if row["changed"] or row["status"] != "PUBLISHED" else []
    archive = ["archive"] if row["status"] != "ARCHIVED" else []
    return ["revise", *publish, *archive, *(["restore"] if row["version"] else [])]


def version(row: Row) -> dict[str, Any]:
    """A version in the list of an article's versions."""
    return {
        "version": row["version"],
        "title": row["title"],
        "change_note": row["change_note"],
        "from_version": row["from_version"],
        "by": row["by"],
        "at": time(row["at"]),
    }


def faq(row: Row) -> dict[str, Any]:
    """A question with its answer."""
    return {
        "id": str(row["faq_id"]),
        **{name: row[name] for name in ("question", "answer_markdown", "answer_html", "category", "position")},
        "updated_at": time(row["updated_at"]),
        "revision": row["revision"],
    }


def time(value: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")
