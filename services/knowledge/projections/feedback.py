"""Votes: exact counters for each article, and each voter's last word."""

from __future__ import annotations

from collections.abc import Sequence

from shared.events.catalog.knowledge import ArticleVoted
from shared.events.projection import Fact
from shared.events.read_model import Connection
from shared.events.rows import add, upsert


class Feedback:
    """The tables article_votes and article_feedback."""

    name = "article_feedback"
    tables = ("article_votes", "article_feedback")
    events = frozenset({ArticleVoted})
    summed = None

    def apply(self, connection: Connection, facts: Sequence[Fact]) -> None:
        votes = [fact for fact in facts if isinstance(fact.event, ArticleVoted)]
        add(connection, "article_votes", ["article_id"], sums([fact.event for fact in votes]))
        rows = {
            fact.recorded.stream.id: {
                "vote_id": fact.recorded.stream.id,
                "article_id": fact.event.article_id,
                "version": fact.event.version,
                "helpful": fact.event.helpful,
                "comment": fact.event.comment,
                "at": fact.event.at,
            }
            for fact in votes
        }
        upsert(connection, "article_feedback", ["vote_id"], list(rows.values()))


def sums(votes: Sequence[ArticleVoted]) -> dict[tuple[str], dict[str, int]]:
    """By how much each article's counters change."""
    found: dict[tuple[str], dict[str, int]] = {}
    for vote in votes:
        counters = found.setdefault((vote.article_id,), {"yes": 0, "no": 0})
        if vote.before is not None:
            counters["yes" if vote.before else "no"] -= 1
        counters["yes" if vote.helpful else "no"] += 1
    return found
