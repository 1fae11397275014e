"""Content-addressed object storage: one port, a local folder and S3 behind it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from shared.objects.port import (
    CHUNK_BYTES,
    ObjectMissing,
    ObjectStore,
    ObjectStoreError,
    ObjectStoreUnavailable,
    ObjectTooLarge,
    StoredObject,
)

__all__ = [
    "CHUNK_BYTES",
    "ObjectMissing",
    "ObjectStore",
    "ObjectStoreError",
    "ObjectStoreUnavailable",
    "ObjectTooLarge",
    "StoredObject",
    "open_store",
]


def open_store(url: str) -> ObjectStore:
    """The store at `file:///absolute/folder` or `s3://bucket[/prefix][?endpoint=URL&region=NAME]`.

    Nothing is contacted yet. ValueError says what is wrong with any other address.
    """
    parts = urlsplit(url)
    if parts.scheme == "file":
        return _local(parts.netloc, unquote(parts.path), parts.query)
    if parts.scheme == "s3":
        return _s3(parts.netloc, unquote(parts.path).strip("/"), parts.query)
    raise ValueError(f"object storage is file:///folder or s3://bucket, not {parts.scheme or 'without a scheme'!r}")


def _local(host: str, path: str, query: str) -> ObjectStore:
    from shared.objects.local import LocalObjectStore

    if host not in {"", "localhost"} or query or path.strip("/") == "":
        raise ValueError("object storage in a folder is written file:///absolute/folder")
    return LocalObjectStore(Path(path))


def _s3(bucket: str, prefix: str, query: str) -> ObjectStore:
    # Only who stores in S3 pays for importing boto3.
    from shared.objects.s3 import S3ObjectStore

    options = dict(parse_qsl(query))
    if unknown := options.keys() - {"endpoint", "region"}:
        raise ValueError(f"object storage in S3 knows endpoint and region, not {', '.join(sorted(unknown))}")
    if not bucket or "@" in bucket:
        raise ValueError("object storage in S3 is written s3://bucket; keys come from the AWS settings")
    return S3ObjectStore(
        bucket,
        prefix=f"{prefix}/" if prefix else "",
        endpoint=options.get("endpoint"),
        region=options.get("region"),
    )
