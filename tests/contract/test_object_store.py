"""What every object store promises, asked of the folder and of S3 (moto's server)."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from shared.objects import (
    CHUNK_BYTES,
    ObjectMissing,
    ObjectStore,
    ObjectTooLarge,
    StoredObject,
    open_store,
)

MIB = 1024 * 1024
ABSENT = "0" * 64
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Subject:
    """A store under test, what stands in it by name, and a way to make content older than it is."""

    store: ObjectStore
    names: Callable[[], set[str]]
    backdate: Callable[[str, timedelta], None]


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def subject(request: pytest.FixtureRequest) -> Subject:
    if request.param == "folder":
        return _folder(request.getfixturevalue("tmp_path") / "objects")
    return _bucket(request.getfixturevalue("s3_endpoint"), request.getfixturevalue("monkeypatch"))


@pytest.fixture
def store(subject: Subject) -> ObjectStore:
    return subject.store


def _folder(folder: Path) -> Subject:
    def backdate(sha256: str, age: timedelta) -> None:
        then = time.time() - age.total_seconds()
        os.utime(folder / sha256[:2] / sha256, (then, then))

    def names() -> set[str]:
        return {path.name for path in folder.rglob("*") if path.is_file()}

    return Subject(open_store(f"file://{folder}"), names, backdate)


def _bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Subject:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    bucket = f"files-{time.monotonic_ns()}"
    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket=bucket)

    def backdate(sha256: str, age: timedelta) -> None:
        stored = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[bucket].keys[f"support/{sha256}"]
        stored.last_modified -= age

    def names() -> set[str]:
        listed = client.list_objects_v2(Bucket=bucket).get("Contents", ())
        return {entry["Key"].removeprefix("support/") for entry in listed}

    return Subject(open_store(f"s3://{bucket}/support?endpoint={endpoint}"), names, backdate)


def put(store: ObjectStore, content: bytes) -> StoredObject:
    return store.put([content], MIB)


def pieces(size: int) -> Iterator[bytes]:
    for start in range(0, size, 50_000):
        yield (start.to_bytes(8, "big") * 6250)[: min(50_000, size - start)]


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * MIB + 17])
def test_content_comes_back_as_it_went_in(store: ObjectStore, size: int) -> None:
    content = b"".join(pieces(size))
    stored = store.put(pieces(size), 4 * MIB)
    assert stored == StoredObject(hashlib.sha256(content).hexdigest(), size)
    assert store.size(stored.sha256) == size
    read = list(store.open(stored.sha256))
    assert b"".join(read) == content
    assert all(0 < len(chunk) <= CHUNK_BYTES for chunk in read)


@pytest.mark.parametrize(
    ("start", "length", "expected"),
    [
        (0, None, b"0123456789"),
        (3, None, b"3456789"),
        (3, 4, b"3456"),
        (0, 10, b"0123456789"),
        (8, 100, b"89"),
        (9, 1, b"9"),
        (10, None, b""),
        (11, 5, b""),
        (4, 0, b""),
    ],
)
def test_a_range_is_what_it_says(store: ObjectStore, start: int, length: int | None, expected: bytes) -> None:
    stored = put(store, b"0123456789")
    assert b"".join(store.open(stored.sha256, start, length)) == expected


def test_a_range_of_an_empty_object_is_empty(store: ObjectStore) -> None:
    assert list(store.open(put(store, b"").sha256, 0, 5)) == []


@pytest.mark.parametrize(("start", "length"), [(-1, None), (0, -1)])
def test_a_negative_range_is_refused(store: ObjectStore, start: int, length: int) -> None:
    stored = put(store, b"abc")
    with pytest.raises(ValueError, match="negative"):
        store.open(stored.sha256, start, length)


def test_equal_content_is_stored_once(subject: Subject) -> None:
    first, second = put(subject.store, b"the same"), put(subject.store, b"the same")
    assert first == second
    assert subject.names() == {first.sha256}


def test_content_of_exactly_the_limit_is_taken(store: ObjectStore) -> None:
    assert store.put([b"x" * 60, b"y" * 40], 100).size == 100


def test_content_over_the_limit_is_refused_at_once_and_leaves_nothing(subject: Subject) -> None:
    given = []

    def endless() -> Iterator[bytes]:
        while True:
            given.append(1)
            yield b"x" * 60

    with pytest.raises(ObjectTooLarge) as refused:
        subject.store.put(endless(), 100)
    assert refused.value.limit == 100
    assert len(given) == 2
    assert subject.names() == set()


def test_an_upload_that_breaks_off_leaves_nothing_and_keeps_its_error(subject: Subject) -> None:
    def broken() -> Iterator[bytes]:
        yield b"first"
        raise ConnectionResetError("the client is gone")

    with pytest.raises(ConnectionResetError, match="the client is gone"):
        subject.store.put(broken(), 100)
    assert subject.names() == set()


def test_nothing_is_visible_before_it_is_whole(subject: Subject) -> None:
    name = hashlib.sha256(b"onetwo").hexdigest()

    def watched() -> Iterator[bytes]:
        yield b"one"
        yield b"two"
        with pytest.raises(ObjectMissing):
            subject.store.size(name)

    assert subject.store.put(watched(), 100).sha256 == name
    assert subject.store.size(name) == 6


def test_many_may_put_the_same_content_at_once(subject: Subject) -> None:
    content, results = b"".join(pieces(300_000)), []
    start = threading.Barrier(8)

    def upload() -> None:
        start.wait(10)
        results.append(subject.store.put([content], MIB))

    uploads = [threading.Thread(target=upload) for _ in range(8)]
    for thread in uploads:
        thread.start()
    for thread in uploads:
        thread.join(30)
    assert results == [StoredObject(hashlib.sha256(content).hexdigest(), 300_000)] * 8
    assert b"".join(subject.store.open(results[0].sha256)) == content
    assert subject.names() == {results[0].sha256}


def test_absent_content_is_missing_at_the_call(store: ObjectStore) -> None:
    put(store, b"something else")
    with pytest.raises(ObjectMissing):
        store.open(ABSENT)
    with pytest.raises(ObjectMissing):
        store.open(ABSENT, 0, 0)
    with pytest.raises(ObjectMissing):
        store.size(ABSENT)


@pytest.mark.parametrize(
    "name", ["", ".", "../secret", "/etc/hostname", "A" * 64, "0" * 63, "0" * 65, "0" * 64 + "\n", "0" * 61 + "/.."]
)
def test_only_names_that_a_store_gave_are_looked_up(store: ObjectStore, name: str) -> None:
    with pytest.raises(ObjectMissing):
        store.open(name)
    with pytest.raises(ObjectMissing):
        store.size(name)
    store.delete(name)


def test_deleted_content_is_gone_and_may_be_deleted_again(subject: Subject) -> None:
    kept, gone = put(subject.store, b"kept"), put(subject.store, b"gone")
    subject.store.delete(gone.sha256)
    subject.store.delete(gone.sha256)
    with pytest.raises(ObjectMissing):
        subject.store.open(gone.sha256)
    assert subject.names() == {kept.sha256}


def test_reading_may_stop_early(store: ObjectStore) -> None:
    stored = store.put(pieces(MIB), MIB)
    reading = store.open(stored.sha256)
    next(reading)
    reading.close()  # type: ignore[attr-defined]
    assert list(reading) == []


def test_clean_up_sees_only_what_is_older(subject: Subject) -> None:
    old, new = put(subject.store, b"old"), put(subject.store, b"new")
    subject.backdate(old.sha256, DAY + HOUR)
    now = datetime.now(UTC)
    assert list(subject.store.older_than(DAY, now)) == [old.sha256]
    assert set(subject.store.older_than(DAY, now + 2 * DAY)) == {old.sha256, new.sha256}
    assert list(subject.store.older_than(2 * DAY, now)) == []


def test_putting_known_content_again_renews_its_age(subject: Subject) -> None:
    stored = put(subject.store, b"found again")
    subject.backdate(stored.sha256, DAY + HOUR)
    put(subject.store, b"found again")
    assert list(subject.store.older_than(DAY, datetime.now(UTC))) == []


def test_what_is_listed_may_be_deleted_while_listing(subject: Subject) -> None:
    for number in range(20):
        put(subject.store, str(number).encode())
    for name in subject.store.older_than(DAY, datetime.now(UTC) + 2 * DAY):
        subject.store.delete(name)
    assert subject.names() == set()


def test_an_empty_store_has_nothing_to_clean_up_and_is_ready(subject: Subject) -> None:
    assert list(subject.store.older_than(DAY, datetime.now(UTC))) == []
    subject.store.check()
    assert subject.names() == set()
