"""What a nameko container does with the store: run by test_event_store_kurrentdb.py in a process of its own."""

import eventlet

eventlet.monkey_patch()

import json  # noqa: E402
import sys  # noqa: E402
import threading  # noqa: E402
import uuid  # noqa: E402

from shared.events.event import NewEvent  # noqa: E402
from shared.events.store.grpc_under_eventlet import PATCHED_AT_IMPORT  # noqa: E402
from shared.events.store.kurrentdb import KurrentDBEventStore  # noqa: E402
from shared.events.stream import Expect, StreamName  # noqa: E402


def main(uri: str) -> dict[str, object]:
    store = KurrentDBEventStore(uri)
    ticks = 0
    done = False

    def tick() -> None:
        nonlocal ticks
        while not done:
            eventlet.sleep(0.01)
            ticks += 1

    def append_and_read(n: int) -> int:
        stream = StreamName("contract", uuid.uuid4().hex)
        store.append(stream, [_event(n)], Expect.NO_STREAM)
        return len(store.read(stream))

    eventlet.spawn(tick)
    read_back = list(eventlet.GreenPool(10).imap(append_and_read, range(40)))

    followed, stop, live = [], threading.Event(), eventlet.Event()

    def follow() -> None:
        for batch in store.subscribe(store.head(), ["contract"], stop=stop):
            followed.extend(event.data["n"] for event in batch.events)
            if batch.caught_up and not live.ready():
                live.send()
            if len(followed) == 10:
                stop.set()

    follower = eventlet.spawn(follow)
    live.wait()
    stream = StreamName("contract", uuid.uuid4().hex)
    for n in range(10):
        store.append(stream, [_event(n)], Expect.ANY)
    follower.wait()
    done = True
    store.close()
    return {"patched": PATCHED_AT_IMPORT, "read_back": read_back, "followed": followed, "ticks": ticks}


def _event(n: int) -> NewEvent:
    return NewEvent(uuid.uuid4(), "Happened", 1, {"n": n})


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))
