"""One line for each thing that is being done, with the time it took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from rich.console import Console

Step = Callable[[str], AbstractContextManager[object]]
console = Console(highlight=False)


@contextmanager
def shown(what: str) -> Iterator[None]:
    """Show `what` while the block runs and its time afterwards; a failure is marked and goes on up."""
    began = time.monotonic()
    try:
        with console.status(f"{what} …"):
            yield
    except BaseException:
        console.print(f"[red]✗[/] {what}")
        raise
    console.print(f"[green]✓[/] {what} [dim]{time.monotonic() - began:.1f} s[/]")


def silent(_what: str) -> AbstractContextManager[object]:
    """A step that shows nothing, for tests."""
    return nullcontext()
