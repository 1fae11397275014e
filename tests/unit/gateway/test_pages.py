"""The pages' files: found, cached, compressed, and nothing else found."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import hashlib
from pathlib import Path
from typing import Any

import pytest

from services.gateway.assets import Assets, import_map_hashes, page_policy, page_roots

MAP = b'\n      { "imports": { "lit": "/assets/vendor/lit/index.js" } }\n    '
PAGE = b'<!doctype html><script type="importmap">' + MAP + b'</script><script type="module" src="/x.js"></script>'


@pytest.fixture
def pages(gateway: Any, tmp_path: Path) -> Any:
    """A gateway over small pages of our own."""
    folders = {name: tmp_path / name for name in ("web", "portal", "desk")}
    for folder in folders.values():
        folder.mkdir()
    (folders["portal"] / "index.html").write_bytes(PAGE)
    (folders["desk"] / "index.html").write_bytes(b"<!doctype html>desk")
    (folders["web"] / "long.js").write_text("// " + "calm words " * 500)
    (folders["web"] / "icon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folders["web"] / "secret.py").write_text("KEY = 1")
    (folders["web"] / ".hidden.js").write_text("1")
    (tmp_path / "outside.js").write_text("1")
    (folders["web"] / "link.js").symlink_to(tmp_path / "outside.js")
    lit = tmp_path / "node_modules" / "lit"
    lit.mkdir(parents=True)
    (lit / "index.js").write_text("export {}")
    assets = Assets({**folders, "vendor/lit": lit})
    gateway.parts = dataclasses.replace(gateway.parts, assets=assets)
    return gateway


@pytest.mark.parametrize(
    "path",
    ["/support", "/support/tickets/CF-7K2M9QX", "/support/", "/support/tickets?status=OPEN&status=CLOSED&q=x&new"],
)
def test_every_view_of_the_portal_is_its_page(pages: Any, path: str) -> None:
    answer = pages.client.get(path)
    assert (answer.status_code, answer.data) == (200, PAGE)
    assert (answer.headers["Cache-Control"], answer.mimetype) == ("no-cache", "text/html")


def test_the_desk_has_its_page_and_the_root_leads_to_support(pages: Any) -> None:
    assert pages.client.get("/desk/queue/mine").data.endswith(b"desk")
    root = pages.client.get("/")
    assert (root.status_code, root.headers["Location"]) == (302, "/support")


def test_a_page_may_run_its_import_map_and_nothing_else_inline(pages: Any) -> None:
    policy = pages.client.get("/support").headers["Content-Security-Policy"]
    digest = base64.b64encode(hashlib.sha256(MAP).digest()).decode()
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert import_map_hashes(b"<script>alert(1)</script>") == ()


def test_frames_are_allowed_by_configuration() -> None:
    assert page_policy(PAGE, "https://portal.example.org").endswith("frame-ancestors https://portal.example.org")


def test_a_file_comes_with_a_digest_and_304_afterwards(pages: Any) -> None:
    first = pages.client.get("/assets/web/long.js")
    assert (first.status_code, first.mimetype, first.headers["Cache-Control"]) == (200, "text/javascript", "no-cache")
    again = pages.client.get("/assets/web/long.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_a_changed_file_has_another_digest(pages: Any, tmp_path: Path) -> None:
    first = pages.client.get("/assets/web/long.js")
    (tmp_path / "web" / "long.js").write_text("// shorter now")
    second = pages.client.get("/assets/web/long.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (second.status_code, second.data) == (200, b"// shorter now")


def test_a_long_file_is_compressed_for_who_takes_it(pages: Any) -> None:
    plain = pages.client.get("/assets/web/long.js")
    zipped = pages.client.get("/assets/web/long.js", headers={"Accept-Encoding": "gzip, br"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.data) == plain.data
    assert len(zipped.data) < len(plain.data) / 10
    assert (
        "Content-Encoding"
        not in pages.client.get("/assets/web/long.js", headers={"Accept-Encoding": "gzip;q=0"}).headers
    )


def test_packages_are_kept_longer(pages: Any) -> None:
    answer = pages.client.get("/assets/vendor/lit/index.js")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "public, max-age=86400")


@pytest.mark.parametrize(
    "path",
    [
        "web/nothing.js",
        "web/secret.py",
        "web/.hidden.js",
        "web/link.js",
        "web/../outside.js",
        "web/%2e%2e/outside.js",
        "web//long.js",
        "web/",
        "web/long.js/",
        "web/a\\..\\outside.js",
        "web/\x00.js",
        "portal",
        "nothing/long.js",
        "vendor/left-pad/index.js",
        "vendor/lit/../../web/long.js",
    ],
)
def test_nothing_else_is_found(pages: Any, path: str) -> None:
    answer = pages.client.get(f"/assets/{path}")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_a_scoped_package_is_found_by_its_longest_name(tmp_path: Path) -> None:
    for name in ("lit", "lit-html", "@lit/reactive-element"):
        (tmp_path / "node_modules" / name).mkdir(parents=True)
        (tmp_path / "node_modules" / name / "index.js").write_text(name)
    assets = Assets(page_roots(tmp_path, tmp_path / "node_modules"))
    for name in ("lit", "lit-html", "@lit/reactive-element"):
        asset = assets.find(f"vendor/{name}/index.js")
        assert asset is not None
        assert asset.content.decode() == name
