"""Types that the events of every service share."""

from __future__ import annotations

from typing import Annotated

PERSONAL = "personal"

PersonalText = Annotated[str, PERSONAL]
"""Text about or by a person: erasing the person must reach it."""
