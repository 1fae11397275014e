"""Who may call an entrypoint. Each one declares a policy; a gateway with an undeclared one does not start."""

from __future__ import annotations

from dataclasses import dataclass

from services.gateway.auth import Principal
from services.gateway.problems import Problem

ROLES = ("customer", "agent", "admin")


@dataclass(frozen=True, slots=True)
class Policy:
    """`roles` None: whoever has a valid token; `live_ticket`: ?ticket= will do too.

    `public`: nobody needs a token, and none is looked at but where `greets`: there a token that comes has to be valid.
    """

    name: str
    roles: frozenset[str] | None = None
    public: bool = False
    live_ticket: bool = False
    greets: bool = False

    def check(self, principal: Principal | None) -> None:
        """Raise a Problem (401 or 403) unless `principal` may pass."""
        if self.public:
            return
        if principal is None:
            raise Problem(
                "token_missing",
                "This needs an Authorization header with a bearer token.",
                headers=[("WWW-Authenticate", "Bearer")],
            )
        if self.roles is not None and not self.roles & principal.roles:
            needed = " or ".join(sorted(self.roles))
            raise Problem("role_required", f"This needs the role {needed}.")


PUBLIC = Policy("public", public=True)
READER = Policy("public, a token is optional", public=True, greets=True)
SIGNED_IN = Policy("signed in")
CUSTOMER = Policy("customer", frozenset({"customer"}))
AGENT = Policy("agent", frozenset({"agent", "admin"}))
CUSTOMER_OR_AGENT = Policy("customer or agent", frozenset(ROLES))
LIVE = Policy("customer or agent, live ticket", frozenset(ROLES), live_ticket=True)
