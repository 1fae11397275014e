"""Measure search engines on a judged set: queries with the articles that answer them, graded 1 to 3."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from services.knowledge.index.port import SearchIndex

DEPTH = 5


@dataclass(frozen=True, slots=True)
class Query:
    """`relevant` maps slugs to grades; empty where nothing answers."""

    text: str
    kind: str
    relevant: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Judged:
    """One query on one engine. `ndcg` and `reciprocal` are None where nothing answers; seconds of one search."""

    query: Query
    found: Sequence[str]
    ndcg: float | None
    reciprocal: float | None
    seconds: float


def read(path: Path) -> list[Query]:
    """The judged set of a file: a list of {query, kind, relevant: {slug: grade}}."""
    rows = yaml.safe_load(path.read_text("utf-8"))
    return [Query(row["query"], row["kind"], row.get("relevant") or {}) for row in rows]


def judge(index: SearchIndex, queries: Sequence[Query]) -> list[Judged]:
    """Ask an engine every query."""
    return [_ask(index, query) for query in queries]


def _ask(index: SearchIndex, query: Query) -> Judged:
    started = time.perf_counter()
    found = [hit.slug for hit in index.search(query.text, limit=DEPTH).hits]
    seconds = time.perf_counter() - started
    if not query.relevant:
        return Judged(query, found, None, None, seconds)
    return Judged(query, found, ndcg(found, query.relevant), reciprocal_rank(found, query.relevant), seconds)


def ndcg(found: Sequence[str], relevant: Mapping[str, int], depth: int = DEPTH) -> float:
    """Gain 2^grade − 1, discounted by the logarithm of the place, as a share of the best order's."""
    best = _gain(sorted(relevant.values(), reverse=True)[:depth])
    return _gain([relevant.get(slug, 0) for slug in found[:depth]]) / best


def reciprocal_rank(found: Sequence[str], relevant: Mapping[str, int]) -> float:
    """One over the place of the first article with the query's best grade, 0 where it is not among those found."""
    best = max(relevant.values())
    return next((1 / place for place, slug in enumerate(found, 1) if relevant.get(slug) == best), 0.0)


def _gain(grades: Sequence[int]) -> float:
    return math.fsum((2**grade - 1) / math.log2(place + 1) for place, grade in enumerate(grades, 1))


@dataclass(frozen=True, slots=True)
class Row:
    """Figures of one engine on some of the queries; shares are of 1, times in milliseconds."""

    name: str
    queries: int
    ndcg: float | None
    reciprocal: float | None
    empty: float
    median_ms: float


def rows(judged: Sequence[Judged]) -> list[Row]:
    """All queries that have an answer, then each kind."""
    answered = [each for each in judged if each.query.relevant]
    kinds = dict.fromkeys(each.query.kind for each in judged)
    return [
        _row("with an answer", answered),
        *(_row(kind, [each for each in judged if each.query.kind == kind]) for kind in kinds),
    ]


def _row(name: str, judged: Sequence[Judged]) -> Row:
    return Row(
        name,
        len(judged),
        _mean([each.ndcg for each in judged if each.ndcg is not None]),
        _mean([each.reciprocal for each in judged if each.reciprocal is not None]),
        _mean([float(not each.found) for each in judged]) or 0.0,
        statistics.median(each.seconds for each in judged) * 1000,
    )


def _mean(values: Sequence[float]) -> float | None:
    return statistics.fmean(values) if values else None


def report(by_engine: Mapping[str, Sequence[Judged]], articles: int, file: str) -> str:
    """The figures as a Markdown page."""
    lines = [
        "# How well search finds",
        "",
        f"Written by `python -m services.knowledge judge`, which asks each engine every query of `{file}`",
        f"against the {articles} published articles. nDCG@{DEPTH}: 1 = the best order there is. MRR: of the best",
        "answer.",
        "Empty: share of queries that found nothing, which is right for those of the kind `none`.",
    ]
    for engine, judged in by_engine.items():
        lines += ["", f"## {engine}", "", f"| queries | number | nDCG@{DEPTH} | MRR | empty | median ms |"]
        lines += ["|---|---:|---:|---:|---:|---:|", *(_line(row) for row in rows(judged))]
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    figures: Callable[[float | None], str] = lambda value: "" if value is None else f"{value:.3f}"  # noqa: E731
    return (
        f"| {row.name} | {row.queries} | {figures(row.ndcg)} | {figures(row.reciprocal)} |"
        f" {row.empty:.2f} | {row.median_ms:.1f} |"
    )
