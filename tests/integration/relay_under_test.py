"""A process that relays one category from a PostgreSQL store until it is killed."""

from __future__ import annotations

import os
import threading

from shared.events.follower import FollowerRunner
from shared.events.read_model import ReadModel
from shared.events.relay import Relay
from shared.events.store.postgres import PostgresEventStore
from tests.integration.broker_tools import SCHEMA

if __name__ == "__main__":
    read_model_url, category = os.environ["READ_MODEL_URL"], os.environ["CATEGORY"]
    relay = Relay(f"relay.{category}", [category], ReadModel(read_model_url, SCHEMA, 2), os.environ["AMQP_URL"])
    store = PostgresEventStore(os.environ["EVENT_STORE_URL"])
    FollowerRunner(relay, store, read_model_url, threading.Event()).run()
