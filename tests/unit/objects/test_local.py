"""What only the folder promises: rights, leftovers, and named troubles."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.objects import ObjectStoreUnavailable, open_store
from shared.objects.local import LocalObjectStore

DAY = timedelta(days=1)


def rights(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def test_only_the_owner_may_look_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        stored = LocalObjectStore(tmp_path / "objects").put([b"secret"], 100)
    finally:
        os.umask(before)
    folder = tmp_path / "objects"
    place = folder / stored.sha256[:2] / stored.sha256
    assert rights(place) == "0o600"
    assert {rights(path) for path in [folder, place.parent, folder / "incoming"]} == {"0o700"}


def test_a_damaged_copy_is_healed_by_the_next_put(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    stored = store.put([b"whole content"], 100)
    place = tmp_path / stored.sha256[:2] / stored.sha256
    place.write_bytes(b"who")
    store.put([b"whole content"], 100)
    assert place.read_bytes() == b"whole content"


def test_a_file_that_gets_shorter_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    stored = store.put([b"x" * 300_000], 300_000)
    reading = store.open(stored.sha256)
    next(reading)
    os.truncate(tmp_path / stored.sha256[:2] / stored.sha256, 70_000)
    with pytest.raises(ObjectStoreUnavailable, match="bytes too early"):
        list(reading)


def test_what_a_writer_that_died_left_is_removed_when_it_is_old(tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path)
    store.put([b"makes the folders"], 100)
    old, fresh = tmp_path / "incoming" / "old", tmp_path / "incoming" / "fresh"
    for path in (old, fresh):
        path.write_bytes(b"half")
    two_days_ago = time.time() - 2 * DAY.total_seconds()
    os.utime(old, (two_days_ago, two_days_ago))
    assert list(store.older_than(DAY, datetime.now(UTC))) == []
    assert (old.exists(), fresh.exists()) == (False, True)


def test_foreign_files_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("not ours")
    (tmp_path / "ab").mkdir()
    (tmp_path / "ab" / "notes.txt").write_text("not ours")
    assert list(LocalObjectStore(tmp_path).older_than(DAY, datetime.now(UTC) + 2 * DAY)) == []
    assert (tmp_path / "ab" / "notes.txt").exists()


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    store = LocalObjectStore(tmp_path / "file" / "objects")
    with pytest.raises(ObjectStoreUnavailable, match="Not a directory"):
        store.check()
    with pytest.raises(ObjectStoreUnavailable):
        store.put([b"x"], 10)


def test_a_full_disk_is_unavailable_and_leaves_nothing(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    store = LocalObjectStore(tmp_path)

    def chunks() -> Iterator[bytes]:
        for _ in range(10):
            yield b"x" * 100_000

    # The kernel refuses to write on (EFBIG, as Python ignores SIGXFSZ), which the store meets as on a full disk.
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        with pytest.raises(ObjectStoreUnavailable, match="cannot be used"):
            store.put(chunks(), 2_000_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "file:///folder or s3://bucket"),
        ("/var/objects", "file:///folder or s3://bucket"),
        ("ftp://host/folder", "not 'ftp'"),
        ("file://relative/folder", "file:///absolute/folder"),
        ("file:///", "file:///absolute/folder"),
        ("file:///folder?mode=1", "file:///absolute/folder"),
        ("s3://", "s3://bucket"),
        ("s3://key:secret@bucket", "s3://bucket"),
        ("s3://bucket?secret=1", "not secret"),
    ],
)
def test_an_address_that_is_no_store_is_refused_in_words(url: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        open_store(url)


def test_opening_a_store_touches_nothing(tmp_path: Path) -> None:
    open_store(f"file://{tmp_path}/with%20space")
    assert list(tmp_path.iterdir()) == []
