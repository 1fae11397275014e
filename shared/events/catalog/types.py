"""Types that the events of several services share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

PERSONAL = "personal"

PersonalText = Annotated[str, PERSONAL]
"""Text about or by a person: erasing the person must reach it."""


@dataclass(frozen=True, slots=True)
class Customer:
    """Whose ticket or chat it is; `account` is the customer organisation."""

    id: str
    name: PersonalText
    email: PersonalText
    account: str


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file bound to what names it; its content lies in object storage under `sha256`. Size in bytes."""

    id: str
    filename: PersonalText
    content_type: str
    size: int
    sha256: str
