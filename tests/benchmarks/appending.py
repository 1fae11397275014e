"""`python -m tests.benchmarks.appending URL WRITERS SECONDS < EVENT`: appends from one process like an rpc process.

The event is a JSON object with the members of story.Line that an append needs; prints the times as JSON.
"""

from __future__ import annotations

import json
import sys

from shared.service.patch import assert_patched, patch


def main(url: str, writers: int, seconds: float) -> None:
    # imported by now, psycopg would wait without eventlet
    from tests.benchmarks import appends

    assert_patched()
    times = appends.ours(url, json.load(sys.stdin), writers, seconds)
    json.dump({"seconds": times.seconds, "rate": times.rate}, sys.stdout)


if __name__ == "__main__":
    patch()
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
