"""Names of streams and places in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import NewType

Revision = NewType("Revision", int)
"""A place in one stream: 0 for its first event, then dense."""

Position = NewType("Position", int)
"""A place in the whole store: larger is later. Opaque: dense on some stores, a commit position on others."""

START = Position(-1)
"""Before the first event of any store."""

_CATEGORY = re.compile(r"[a-z][a-z_]{0,39}")
_ID = re.compile(r"[A-Za-z0-9_.-]{1,100}")


class Expect(Enum):
    """What a writer may expect of a stream instead of an exact revision."""

    NO_STREAM = "no stream"
    EXISTS = "exists"
    ANY = "any"


ExpectedRevision = Revision | Expect


@dataclass(frozen=True, slots=True)
class StreamName:
    """`<category>-<id>`: the category has no dash, so the name splits one way only. Nothing personal in it."""

    category: str
    id: str

    def __post_init__(self) -> None:
        if not _CATEGORY.fullmatch(self.category):
            raise ValueError(f"a category is lower-case letters and underscores, at most 40: {self.category!r}")
        if not _ID.fullmatch(self.id):
            raise ValueError(f"a stream's id is 1 to 100 of A-Z a-z 0-9 _ . -: {self.id!r}")

    def __str__(self) -> str:
        return f"{self.category}-{self.id}"

    @classmethod
    def parse(cls, text: str) -> StreamName:
        """Split a stored name at its first dash. Raises ValueError."""
        category, dash, id_ = text.partition("-")
        if not dash:
            raise ValueError(f"a stream's name is <category>-<id>: {text!r}")
        return cls(category, id_)
