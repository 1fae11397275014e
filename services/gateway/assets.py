"""Files of the pages: found under fixed folders, kept in memory with their digest and a compressed form."""

from __future__ import annotations

import base64
import gzip
import hashlib
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
}
_ZIPPED = frozenset({".html", ".js", ".mjs", ".css", ".json", ".svg", ".txt"})
_ZIP_FROM = 1024
_SEGMENT = re.compile(r"(?!\.)[A-Za-z0-9@._-]{1,100}")
_IMPORT_MAP = re.compile(rb"<script\s+type=[\"']importmap[\"']\s*>(.*?)</script>", re.DOTALL | re.IGNORECASE)
VENDORED = ("lit", "lit-html", "lit-element", "@lit/reactive-element", "@lit/context", "@lit/task", "lucide-static")


@dataclass(frozen=True, slots=True)
class Asset:
    """A file ready to be sent; `zipped` is its gzip form where that is worth it."""

    content: bytes
    content_type: str
    etag: str
    zipped: bytes | None


class Assets:
    """The files below some folders.

    roots: beginning of the path → folder; a path reaches nothing outside, no hidden file and no unknown type
    """

    def __init__(self, roots: Mapping[str, Path]) -> None:
        self._roots = {name: folder.resolve() for name, folder in roots.items()}
        self._kept: dict[Path, tuple[tuple[int, int], Asset]] = {}
        self._lock = threading.Lock()

    def find(self, path: str) -> Asset | None:
        """The file at `<root>/<path below it>`; None where there is none that may be seen."""
        name = max((root for root in self._roots if path.startswith(f"{root}/")), key=len, default=None)
        if name is None:
            return None
        folder = self._roots[name]
        segments = path.removeprefix(f"{name}/").split("/")
        if not all(_SEGMENT.fullmatch(segment) for segment in segments):
            return None
        file = folder.joinpath(*segments)
        if file.suffix not in TYPES or not _inside(file, folder):
            return None
        return self._load(file)

    def _load(self, file: Path) -> Asset | None:
        try:
            stat = file.stat()
            mark = (stat.st_mtime_ns, stat.st_size)
            kept = self._kept.get(file)
            if kept is not None and kept[0] == mark:
                return kept[1]
            content = file.read_bytes()
        except OSError:
            return None
        asset = asset_of(content, file.suffix)
        with self._lock:
            self._kept[file] = (mark, asset)
        return asset


def asset_of(content: bytes, suffix: str) -> Asset:
    zipped = gzip.compress(content, 9, mtime=0) if suffix in _ZIPPED and len(content) >= _ZIP_FROM else None
    if zipped is not None and len(zipped) >= len(content):
        zipped = None
    digest = hashlib.sha256(content).hexdigest()[:32]
    return Asset(content, TYPES[suffix], f'"{digest}"', zipped)


def import_map_hashes(html: bytes) -> tuple[str, ...]:
    """CSP sources for the import maps of a page: the only scripts that stand in the page itself."""
    digests = (hashlib.sha256(found.replace(b"\r\n", b"\n")).digest() for found in _IMPORT_MAP.findall(html))
    return tuple(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def page_policy(html: bytes, frame_ancestors: str) -> str:
    """The Content-Security-Policy of a page: everything from here, nothing inline but the import map."""
    scripts = " ".join(("'self'", *import_map_hashes(html)))
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'self'; img-src 'self' data: blob:; "
        "font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; media-src 'self' blob:; "
        f"form-action 'self'; base-uri 'none'; frame-ancestors {frame_ancestors}"
    )


def page_roots(gateway: Path, node_modules: Path) -> dict[str, Path]:
    """Where the pages' files lie: our own folders, and the packages in VENDORED."""
    own = {name: gateway / name for name in ("web", "portal", "desk", "docs")}
    return {**own, **{f"vendor/{package}": node_modules / package for package in VENDORED}}


def _inside(file: Path, folder: Path) -> bool:
    # npm workspaces put packages behind links; a link may not lead out of the package that was asked for.
    return file.resolve().is_relative_to(folder)
