"""Follow the events of Cloud Factory Support and count the tickets in each status. Needs Python 3.11+ and kombu.

A consumer to start from: put what you need in place of `count`. What it promises, and why:

- Each event counts once, whatever comes twice. How far it has come in each stream and what it has counted change in
  one transaction of SQLite, and a message is acknowledged only after that.
- It may be stopped or killed at any moment, and so may the broker: the queue is durable, and what was not
  acknowledged comes again.
- With `--api` it misses nothing: what happened before its queue was there is read over HTTP, and so is whatever was
  lost with a queue that somebody deleted. Without it, tickets opened before the queue was there are left out.

    AMQP_URL=amqp://user:password@host/vhost EVENTS_TOKEN=… python follow_events.py --api https://host/api/v1
    python follow_events.py --show
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sqlite3
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import kombu
from kombu.mixins import ConsumerMixin

EXCHANGE = kombu.Exchange("support.events", type="topic", durable=True)
TABLES = """
create table if not exists streams (stream text primary key, revision integer not null);
create table if not exists tickets_by_status (status text primary key, tickets integer not null);
create table if not exists log (one integer primary key check (one = 1), position integer not null);
create table if not exists unreadable (body blob not null, why text not null);
"""

log = logging.getLogger("follow_events")


class CannotGoOn(Exception):
    """Trying again would not help; the message says what would."""


class Counts:
    """What was counted, and how far in each stream, in one SQLite file."""

    def __init__(self, path: str) -> None:
        self.db = sqlite3.connect(path, timeout=10, isolation_level=None)
        self.db.execute("pragma journal_mode = wal")
        self.db.executescript(TABLES)

    def revision(self, stream: str) -> int:
        """The last revision of the stream that was dealt with, -1 before the first."""
        row = self.db.execute("select revision from streams where stream = ?", (stream,)).fetchone()
        return row[0] if row else -1

    def position(self) -> int:
        """How far the log was read over HTTP, -1 before the first time."""
        row = self.db.execute("select position from log").fetchone()
        return row[0] if row else -1

    def take(self, events: list[dict[str, Any]], position: int | None = None) -> None:
        """Deal with events, all of them or none; those that were dealt with before are passed over."""
        self.db.execute("begin immediate")
        try:
            for event in events:
                if event["revision"] > self.revision(event["stream"]):
                    self.count(event)
                    self.db.execute("replace into streams values (?, ?)", (event["stream"], event["revision"]))
            if position is not None:
                self.db.execute("replace into log values (1, ?)", (position,))
        except BaseException:
            self.db.execute("rollback")
            raise
        self.db.execute("commit")

    def count(self, event: dict[str, Any]) -> None:
        """The effect of one event. Names and fields that it does not know are not its business."""
        if event["name"] == "TicketOpened":
            self.add("OPEN", 1)
        elif "to_status" in event["data"]:
            self.add(event["data"]["from_status"], -1)
            self.add(event["data"]["to_status"], 1)

    def add(self, status: str, tickets: int) -> None:
        self.db.execute(
            "insert into tickets_by_status values (?, ?)"
            " on conflict (status) do update set tickets = tickets + excluded.tickets",
            (status, tickets),
        )

    def keep_unreadable(self, body: bytes, why: str) -> None:
        """Put aside what cannot be read, for somebody to look at: it must neither stop the rest nor get lost."""
        self.db.execute("insert into unreadable values (?, ?)", (body, why))

    def by_status(self) -> dict[str, int]:
        return dict(self.db.execute("select status, tickets from tickets_by_status where tickets <> 0 order by 1"))


class Api:
    """The same events over HTTP, from any position on."""

    def __init__(self, address: str, token: str) -> None:
        self.address, self.token = address.rstrip("/"), token

    def pages(self, after: int) -> Iterator[tuple[list[dict[str, Any]], int]]:
        """Events behind a position, page by page, each with the position to go on from."""
        caught_up = False
        while not caught_up:
            query = urllib.parse.urlencode({"after": after, "limit": 500})
            request = urllib.request.Request(  # noqa: S310  an address that whoever runs this has given
                f"{self.address}/events?{query}", headers={"Authorization": f"Bearer {self.token}"}
            )
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                    page = json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code in (401, 403, 404):
                    raise CannotGoOn(
                        f"{self.address} answers {error}: is the token an agent's, and still good?"
                    ) from error
                raise
            after, caught_up = page["position"], page["caught_up"]
            yield page["items"], after


class Follower(ConsumerMixin):
    """Consumes the queue; ConsumerMixin connects anew, without end, when the broker or the API was away."""

    def __init__(self, counts: Counts, api: Api | None, options: argparse.Namespace) -> None:
        # a broker that falls silent is noticed by its missing heartbeats
        self.connection = kombu.Connection(options.amqp, heartbeat=10, connect_timeout=5)
        self.counts, self.api, self.category = counts, api, options.category
        self.began = False
        # a second copy waits until the first is gone, so that events stay in order
        arguments = {"x-single-active-consumer": True}
        self.queue = kombu.Queue(options.queue, EXCHANGE, f"{self.category}.*", queue_arguments=arguments)

    def get_consumers(self, consumer: type[kombu.Consumer], channel: Any) -> list[kombu.Consumer]:
        return [consumer([self.queue], on_message=self.on_message, prefetch_count=100)]

    def on_consume_ready(self, *_: Any, **__: Any) -> None:
        # only now that the queue is bound: what comes both ways is a double, what comes neither way would be lost
        if not self.began:
            self.catch_up()
            self.began = True
        log.info("following %s", self.queue.name)

    def on_connection_error(self, exc: Exception, interval: float) -> None:
        log.warning("no broker (%s), trying again in %s s", exc, interval)

    def on_message(self, message: kombu.Message) -> None:
        body = message.body.encode() if isinstance(message.body, str) else bytes(message.body)
        try:
            event = parse(body)
        except (ValueError, KeyError, TypeError) as error:
            self.counts.keep_unreadable(body, repr(error))
        else:
            if self.misses_something(event):
                self.catch_up()
            if not self.misses_something(event):
                self.counts.take([event])
            elif self.api or self.counts.revision(event["stream"]) >= 0:
                raise CannotGoOn(
                    f"events of {event['stream']} before revision {event['revision']} are missing: use --api"
                )
        message.ack()

    def misses_something(self, event: dict[str, Any]) -> bool:
        return event["revision"] > self.counts.revision(event["stream"]) + 1

    def catch_up(self) -> None:
        """Read over HTTP what the queue did not bring."""
        if self.api:
            for events, position in self.api.pages(self.counts.position()):
                mine = [event for event in events if event["stream"].startswith(f"{self.category}-")]
                self.counts.take(mine, position)


def parse(body: bytes) -> dict[str, Any]:
    """The envelope in a message. Raises ValueError, KeyError or TypeError where it is none."""
    event: dict[str, Any] = json.loads(body)
    expected = {"stream": str, "revision": int, "name": str, "data": dict}
    if wrong := [name for name, kind in expected.items() if not isinstance(event[name], kind)]:
        raise TypeError(f"not an event: {', '.join(wrong)}")
    return event


def main() -> int:
    parser = argparse.ArgumentParser(description="Count tickets by status from the events of Cloud Factory Support.")
    parser.add_argument("--amqp", default=os.environ.get("AMQP_URL"), help="the broker (AMQP_URL)")
    parser.add_argument("--api", default=os.environ.get("EVENTS_API"), help="https://host/api/v1 (EVENTS_API)")
    parser.add_argument("--queue", default="example.tickets_by_status", help="name of the queue (%(default)s)")
    parser.add_argument("--category", default="ticket", help="of the streams to follow (%(default)s)")
    parser.add_argument("--state", default="tickets_by_status.sqlite", help="where to remember (%(default)s)")
    parser.add_argument("--show", action="store_true", help="print the counts and end")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")

    counts = Counts(options.state)
    if options.show:
        print(json.dumps(counts.by_status()))
        return 0
    token = os.environ.get("EVENTS_TOKEN", "")
    if not options.amqp:
        parser.error("say where the broker is: --amqp or AMQP_URL")
    if options.api and not token:
        parser.error("--api needs a token with the role agent in EVENTS_TOKEN")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        Follower(counts, Api(options.api, token) if options.api else None, options).run()
    except CannotGoOn as error:
        log.error("%s", error)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
