"""The KurrentDB client, imported so that it also works in a process that eventlet has patched.

grpc waits on conditions that its own native threads notify. In a patched process those conditions are green ones, and
a native thread never wakes a green waiter: the first call hangs. So grpc and the client are imported while the
original standard modules stand in sys.modules, and every call is made on a native thread of eventlet's pool, so that
the hub keeps running. In a plain process nothing of this happens and eventlet is not imported.
"""

from __future__ import annotations

import importlib
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_STANDARD = ("threading", "time", "queue", "select", "socket", "_thread", "subprocess", "os")
# grpc imports some of its own modules at the first call: then it would be too late
_LAZY = (
    "grpc",
    "grpc._auth",
    "grpc._channel",
    "grpc._common",
    "grpc._cython.cygrpc",
    "grpc._interceptor",
    "grpc._plugin_wrapping",
    "grpc._utilities",
)


def is_patched() -> bool:
    """Whether eventlet has patched this process's threads."""
    if "eventlet" not in sys.modules:
        return False
    from eventlet import patcher

    return bool(patcher.is_monkey_patched("thread"))


@contextmanager
def original_modules() -> Iterator[None]:
    """Put the unpatched standard modules into sys.modules for the imports made inside."""
    from eventlet import patcher

    patched = {name: sys.modules.get(name) for name in _STANDARD}
    sys.modules.update({name: patcher.original(name) for name in _STANDARD})
    try:
        yield
    finally:
        for name, module in patched.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module


def _import_client() -> None:
    for name in (*_LAZY, "kurrentdbclient", "kurrentdbclient.connection_spec", "kurrentdbclient.exceptions"):
        importlib.import_module(name)


PATCHED_AT_IMPORT = is_patched()

native_threading: Any = threading
native_queue: Any = queue
native_time: Any = time
"""The modules for what runs on native threads: locks, queues and clocks that know of no hub."""

if PATCHED_AT_IMPORT:
    with original_modules():
        native_threading, native_queue, native_time = (sys.modules[name] for name in ("threading", "queue", "time"))
        _import_client()
else:
    _import_client()

# in sys.modules by now, with the modules that it needs
import kurrentdbclient.connection_spec  # noqa: E402
import kurrentdbclient.exceptions  # noqa: E402

__all__ = ["is_patched", "kurrentdbclient", "native_queue", "native_threading", "native_time", "off_the_hub"]


def off_the_hub(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Make a blocking call: on a native thread while the hub runs on in a patched process, else right here."""
    if not PATCHED_AT_IMPORT:
        return call(*args, **kwargs)
    from eventlet import tpool

    result: R = tpool.execute(call, *args, **kwargs)
    return result
