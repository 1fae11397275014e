"""How nameko's service classes get at what a process was put together of."""

from __future__ import annotations

from typing import Any

from nameko.extensions import DependencyProvider

Wire = Any
"""JSON types, as they came over the wire or go over it."""


class Provided(DependencyProvider):  # type: ignore[misc]
    """Gives each call the entry `service` of the container's configuration, which `serve` was given."""

    def get_dependency(self, worker_ctx: Any) -> Any:
        return self.container.config["service"]
