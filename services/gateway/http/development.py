"""Development sign-in over HTTP; there is nothing at these addresses unless DEV_LOGIN is on."""

from __future__ import annotations

from services.gateway import dev_login, schemas
from services.gateway.dev_login import DevLogin
from services.gateway.http.base import Handlers
from services.gateway.http.route import Answer, Call, route
from services.gateway.limits import DEV_TOKEN
from services.gateway.policy import PUBLIC
from services.gateway.problems import CODES, Problem


class Development(Handlers):
    @route(
        "POST",
        "/dev/token",
        policy=PUBLIC,
        body=schemas.DevToken,
        answers={200: schemas.TokenOut},
        limit=DEV_TOKEN,
        pooled=False,
        tag="Development",
        codes=("not_found",),
    )
    def dev_token(self, call: Call) -> Answer:
        """Get a token for anybody; only where DEV_LOGIN is on."""
        return Answer(200, self._login().token(call.body))

    @route(
        "GET",
        "/dev/people",
        policy=PUBLIC,
        answers={200: schemas.DevPeopleOut},
        pooled=False,
        tag="Development",
        codes=("not_found",),
    )
    def dev_people(self, call: Call) -> Answer:
        """List the demo's people to sign in as; only where DEV_LOGIN is on."""
        self._login()
        return Answer(200, dev_login.people())

    def _login(self) -> DevLogin:
        login = self.parts.dev_login
        if login is None:
            raise Problem("not_found", CODES["not_found"].meaning)
        return login
