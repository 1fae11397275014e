"""Files over HTTP: streamed in and out of a real local store."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from services.gateway.http.attachments import MAX_UPLOADS_AT_ONCE, upload_slot
from services.gateway.problems import Problem
from services.gateway.ranges import byte_range
from services.gateway.uploads import FILE_LIMIT, file_of

PDF = b"%PDF-1.7\n" + b"text " * 40_000 + b"\n%%EOF\n"
BODY = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
ID = "7b1c9d52-08a5-4b38-9d0f-0a6f5b1f0001"


@pytest.fixture
def files(gateway: Any) -> Any:
    """A gateway whose tickets service keeps what is registered."""
    kept: dict[str, Any] = {}

    def register(actor: Any, attachment_id: str, **facts: Any) -> dict[str, Any]:
        kept[attachment_id] = {"id": attachment_id, **facts}
        return kept[attachment_id]

    gateway.tickets.answers["register_upload"] = register
    gateway.tickets.answers["find_attachment"] = lambda actor, attachment_id, min_position=None: kept[attachment_id]
    return gateway


def upload(gateway: Any, content: bytes, name: str = "report.pdf", **options: Any) -> Any:
    form = {"file": (io.BytesIO(content), name)}
    return gateway.ask("POST", "/attachments", token=gateway.token(), data=form, **options)


def raw_upload(gateway: Any, content: bytes) -> Any:
    """A form made by hand, because the test client keeps a large one in a file that it never closes."""
    body, kind = BODY + content + b"\r\n--b--\r\n", "multipart/form-data; boundary=b"
    return gateway.ask("POST", "/attachments", token=gateway.token(), data=body, content_type=kind)


def stored(folder: Path) -> list[Path]:
    return [path for path in (folder / "objects").rglob("*") if path.is_file()]


def test_what_goes_in_comes_out(files: Any) -> None:
    answer = upload(files, PDF)
    assert (answer.status_code, answer.json["size"]) == (201, len(PDF))
    assert answer.json["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert (answer.json["filename"], answer.json["content_type"]) == ("report.pdf", "application/pdf")
    back = files.ask("GET", answer.headers["Location"].removeprefix("/api/v1"), token=files.token())
    assert (back.status_code, back.data) == (200, PDF)
    assert back.headers["ETag"] == f'"{answer.json["sha256"]}"'
    assert back.headers["Content-Length"] == str(len(PDF))
    assert back.headers["Content-Disposition"].startswith("attachment")
    assert back.headers["X-Content-Type-Options"] == "nosniff"
    assert back.headers["Content-Security-Policy"].startswith("sandbox")
    assert "no-store" not in back.headers["Cache-Control"]


def test_a_pdf_is_shown_in_place_when_asked_for_and_a_page_never(files: Any) -> None:
    pdf = upload(files, PDF).json["id"]
    page = upload(files, b"<!doctype html><script>alert(1)</script>", "a.html").json["id"]
    shown = [files.ask("GET", f"/attachments/{one}?inline=1", token=files.token()) for one in (pdf, page)]
    assert [answer.headers["Content-Disposition"].split(";")[0] for answer in shown] == ["inline", "attachment"]


def test_the_type_that_was_registered_does_not_make_a_file_harmless(files: Any) -> None:
    page = upload(files, b"<!doctype html><script>alert(1)</script>", "a.html").json["id"]
    registered = files.tickets.answers["find_attachment"](None, page)
    registered["content_type"] = "image/png"
    answer = files.ask("GET", f"/attachments/{page}?inline=1", token=files.token())
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_the_same_key_gives_the_same_file_id(files: Any) -> None:
    ids = [upload(files, PDF, headers={"Idempotency-Key": "k"}).json["id"] for _ in range(2)]
    assert ids[0] == ids[1] != upload(files, PDF).json["id"]


@pytest.mark.parametrize(
    ("header", "status", "part"),
    [
        ("bytes=0-9", 206, slice(0, 10)),
        ("bytes=10-", 206, slice(10, None)),
        ("bytes=-5", 206, slice(-5, None)),
        ("bytes=0-99999999", 206, slice(None)),
        ("bytes=0-1,4-5", 200, slice(None)),
        ("bytes=5-2", 200, slice(None)),
        ("lines=1-2", 200, slice(None)),
        ("bytes=-", 200, slice(None)),
    ],
)
def test_a_range_gives_its_part(files: Any, header: str, status: int, part: slice) -> None:
    path = f"/attachments/{upload(files, PDF).json['id']}"
    answer = files.ask("GET", path, token=files.token(), headers={"Range": header})
    assert (answer.status_code, answer.data) == (status, PDF[part])
    if status == 206:
        start, stop, _ = part.indices(len(PDF))
        assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(PDF)}"


@pytest.mark.parametrize("header", ["bytes=99999999-", "bytes=-0"])
def test_a_range_outside_the_file_is_416(files: Any, header: str) -> None:
    path = f"/attachments/{upload(files, PDF).json['id']}"
    answer = files.ask("GET", path, token=files.token(), headers={"Range": header})
    assert (answer.status_code, answer.json["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["Content-Range"] == f"bytes */{len(PDF)}"


def test_a_range_of_another_version_gives_the_whole(files: Any) -> None:
    made = upload(files, PDF).json
    ask = {"Range": "bytes=0-9", "If-Range": '"other"'}
    path = f"/attachments/{made['id']}"
    assert files.ask("GET", path, token=files.token(), headers=ask).status_code == 200
    ask["If-Range"] = f'"{made["sha256"]}"'
    assert files.ask("GET", path, token=files.token(), headers=ask).status_code == 206


def test_a_file_that_the_client_has_is_304(files: Any) -> None:
    made = upload(files, PDF).json
    answer = files.ask(
        "GET", f"/attachments/{made['id']}", token=files.token(), headers={"If-None-Match": f'"{made["sha256"]}"'}
    )
    assert (answer.status_code, answer.data) == (304, b"")


def test_head_tells_the_size(files: Any) -> None:
    answer = files.ask("HEAD", f"/attachments/{upload(files, PDF).json['id']}", token=files.token())
    assert (answer.status_code, answer.headers["Content-Length"], answer.data) == (200, str(len(PDF)), b"")


def test_an_unknown_file_is_404(gateway: Any) -> None:
    assert gateway.ask("GET", f"/attachments/{ID}", token=gateway.token()).status_code == 404


def test_a_file_whose_content_is_gone_is_404(files: Any) -> None:
    made = upload(files, PDF).json
    files.parts.objects.delete(made["sha256"])
    answer = files.ask("GET", f"/attachments/{made['id']}", token=files.token())
    assert (answer.status_code, answer.json["code"]) == (404, "attachment_not_found")


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"MZ" + b"\0" * 500, "holiday.jpg"), (b"\x7fELF" + b"\0" * 500, "notes.txt"), (b"#!/bin/sh\nrm -rf /\n", "a")],
)
def test_a_program_is_refused_and_nothing_of_it_stays(files: Any, tmp_path: Path, content: bytes, name: str) -> None:
    answer = upload(files, content, name)
    assert (answer.status_code, answer.json["code"], list(answer.json["errors"])) == (
        422,
        "file_type_refused",
        ["file"],
    )
    assert stored(tmp_path) == []
    assert files.tickets.calls == []


def test_a_file_over_the_limit_is_413_and_nothing_of_it_stays(files: Any, tmp_path: Path) -> None:
    answer = raw_upload(files, b"\0" * (FILE_LIMIT + 1))
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")
    assert stored(tmp_path) == []
    assert raw_upload(files, b"a" * FILE_LIMIT).status_code == 201


def test_a_body_over_the_limit_is_refused_unread(files: Any) -> None:
    class Unread(io.BytesIO):
        def read(self, *_: Any) -> bytes:
            raise AssertionError("the body was read")

    length = {"CONTENT_LENGTH": str(40 << 20)}
    kind = "multipart/form-data; boundary=x"
    answer = files.ask(
        "POST",
        "/attachments",
        token=files.token(),
        content_type=kind,
        input_stream=Unread(),
        environ_overrides=length,
    )
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({}, 422, "invalid"),
        ({"file": "no file, a field"}, 422, "invalid"),
        ({"other": (io.BytesIO(b"x"), "x.txt")}, 422, "invalid"),
        ({"file": (io.BytesIO(b"x"), "x.txt"), "more": "y"}, 422, "invalid"),
        ({"file": [(io.BytesIO(b"x"), "x.txt"), (io.BytesIO(b"y"), "y.txt")]}, 422, "invalid"),
    ],
)
def test_a_form_takes_one_file(files: Any, tmp_path: Path, form: dict[str, Any], status: int, code: str) -> None:
    answer = files.ask(
        "POST", "/attachments", token=files.token(), data=form, content_type="multipart/form-data; boundary=xyz"
    )
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert stored(tmp_path) == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (BODY + b"half a fi", "multipart/form-data; boundary=b"),
        (BODY + b"text\r\n--b", "multipart/form-data; boundary=b"),
        (b"nonsense", "multipart/form-data; boundary=b"),
        (BODY + b"text\r\n--b--\r\n", "multipart/form-data"),
        (BODY + b"text\r\n--b--\r\n", "multipart/form-data; boundary=" + "b" * 300),
        (b"--b\r\n" + b"X" * 100_000, "multipart/form-data; boundary=b"),
    ],
)
def test_a_broken_form_is_malformed(files: Any, tmp_path: Path, body: bytes, kind: str) -> None:
    answer = files.ask("POST", "/attachments", token=files.token(), data=body, content_type=kind)
    assert (answer.status_code, answer.json["code"]) == (400, "malformed_request")
    assert stored(tmp_path) == []


def test_an_upload_is_never_held_as_a_whole() -> None:
    size, most = 8 << 20, 0

    class Pieces:
        """A body that is made while it is read."""

        def __init__(self) -> None:
            self.rest = iter([BODY, *[b"x" * (64 << 10)] * (size // (64 << 10)), b"\r\n--b--\r\n"])

        def read(self, _: int = -1) -> bytes:
            return next(self.rest, b"")

    got = 0
    for chunk in file_of(Pieces(), "multipart/form-data; boundary=b").sniffed():
        got, most = got + len(chunk), max(most, len(chunk))
    assert got == size
    assert most <= 256 << 10


def test_only_so_many_uploads_run_at_once() -> None:
    def held() -> Iterator[Any]:
        for _ in range(MAX_UPLOADS_AT_ONCE):
            slot = upload_slot()
            slot.__enter__()
            yield slot

    slots = list(held())
    try:
        with pytest.raises(Problem) as refused, upload_slot():
            pass
        assert refused.value.code == "overloaded"
    finally:
        for slot in slots:
            slot.__exit__(None, None, None)
    with upload_slot():
        pass


@pytest.mark.parametrize("check", [lambda: byte_range(None, 10), lambda: byte_range("", 10)])
def test_no_range_is_the_whole(check: Callable[[], Any]) -> None:
    assert check() is None


def test_an_empty_file_has_no_range() -> None:
    with pytest.raises(Problem):
        byte_range("bytes=0-", 0)
