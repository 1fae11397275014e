"""A process that relays one category from a PostgreSQL store until it is killed."""

from __future__ import annotations

import os
import threading

from shared.events.follower import Worker
from shared.events.read_model import ReadModel
from shared.events.relay import Relay
from shared.events.store.postgres import PostgresEventStore
from tests.integration.broker_tools import SCHEMA

if __name__ == "__main__":
    read_model_url, category = os.environ["READ_MODEL_URL"], os.environ["CATEGORY"]
    read_model = ReadModel(read_model_url, SCHEMA, 2)
    relay = Relay(f"relay.{category}", [category], read_model, os.environ["AMQP_URL"])
    store = PostgresEventStore(os.environ["EVENT_STORE_URL"])
    Worker(store, read_model, [relay], (), threading.Event()).run()
