"""How often a person and an account may call, by kind of call."""

from __future__ import annotations

import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from services.gateway.auth import Principal
from services.gateway.problems import Problem
from services.gateway.settings import Rates

READ, COMMAND, UPLOAD, DEV_TOKEN, NONE = "read", "command", "upload", "dev_token", "none"


class RateLimits:
    """Counts in this process: with n replicas behind a balancer a person may call up to n times as often."""

    def __init__(self, rates: Rates) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._factor = rates.account_factor
        self._per_minute = {
            READ: rates.reads,
            COMMAND: rates.commands,
            UPLOAD: rates.uploads,
            DEV_TOKEN: rates.dev_tokens,
            NONE: 0,
        }

    def check(self, kind: str, principal: Principal | None, address: str) -> None:
        """Count one call of `kind`. Raises Problem too_many_requests. Without a principal the address counts."""
        amount = self._per_minute[kind]
        if not amount:
            return
        if principal is None:
            self._hit(amount, kind, "address", address)
            return
        self._hit(amount, kind, "person", principal.id)
        if principal.account:
            self._hit(amount * self._factor, kind, "account", principal.account)

    def _hit(self, amount: int, *key: str) -> None:
        item = RateLimitItemPerMinute(amount)
        if self._limiter.hit(item, *key):
            return
        wait = self._limiter.get_window_stats(item, *key).reset_time - time.time()
        who = {"address": "this address", "person": "this person", "account": "this account"}[key[1]]
        raise Problem(
            "too_many_requests", f"{amount} such calls a minute are the limit for {who}.", retry_after=max(wait, 0)
        )
