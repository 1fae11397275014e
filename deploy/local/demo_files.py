"""The small files of the demo, made here and always the same byte for byte."""

from __future__ import annotations

import hashlib
import struct
import zlib

_WIDTH, _HEIGHT = 640, 360
_PAPER, _BAR, _GRID = (250, 250, 252), (38, 50, 72), (222, 226, 234)
_NIGHT = (18, 22, 30)
_LINES = ((37, 99, 235), (217, 70, 60), (16, 140, 110))
# Name -> lines on the screen.
_TERMINALS = {"kubectl-get-nodes.png": 8, "console-black.png": 0}
_ERROR_PAGES = {"s3-error.png", "card-refused.png", "stale-stylesheet.png"}

_LOG_LINES = {
    "ssh-debug.log": (
        "debug1: Connecting to bastion-1.halden-logistics.example [203.0.113.40] port 22.",
        "debug1: connect to address 203.0.113.40 port 22: Connection timed out",
        "ssh: connect to host bastion-1.halden-logistics.example port 22: Connection timed out",
    ),
    "query-plan.txt": (
        "Nested Loop  (cost=0.86..52.17 rows=12 width=48) (actual time=0.071..2893114.902 rows=4113920 loops=1)",
        "  Buffers: shared hit=16455781 read=902113",
        "  ->  Index Scan using orders_day on orders  (cost=0.43..8.45 rows=1 width=16) (actual rows=4113920 loops=1)",
        "  ->  Index Scan using customers_pkey on customers  (cost=0.43..3.64 rows=1) (actual rows=1 loops=4113920)",
        "Planning Time: 0.412 ms",
        "Execution Time: 2894820.331 ms",
    ),
    "s3-access-denied.log": (
        "2026-11-01T00:00:07Z INFO  job=raw-import start",
        "2026-11-01T00:00:08Z ERROR PUT analytics-raw/2026/11/01/part-0000.parquet status=403 code=AccessDenied",
        "2026-11-01T00:00:08Z ERROR request-id=4F1D09B77A2C",
        "2026-11-01T00:00:08Z INFO  job=raw-import failed after 1 try",
    ),
    "syslog-web-3.log": (
        "Nov 24 13:04:51 web-3 kernel: EDAC MC0: 1 CE memory read error on CPU_SrcID#0_Ha#0_Chan#1_DIMM#0",
        "Nov 24 13:04:58 web-3 kernel: mce: [Hardware Error]: Machine check events logged",
        "Nov 24 13:05:02 web-3 kernel: mce: Uncorrected hardware memory error in user-access at 3f81c2a40",
    ),
    "database-connections.log": (
        "2026-11-23 09:14:02.118 UTC [8112] FATAL:  sorry, too many clients already",
        "2026-11-23 09:14:02.131 UTC [8113] FATAL:  sorry, too many clients already",
        "2026-11-23 09:31:40.907 UTC [9020] FATAL:  remaining connection slots are reserved",
    ),
    "pending-pods.log": (
        "NAME                       READY   STATUS    RESTARTS   AGE",
        "router-6d5f8c9b7d-2kq9x    0/1     Pending   0          41m",
        "router-6d5f8c9b7d-8zv4n    0/1     Pending   0          41m",
        "Warning  FailedScheduling  0/6 nodes are available: 6 Insufficient cpu.",
    ),
}


def content(name: str) -> bytes:
    """The bytes of a file by its name: a picture for .png, a one-page document for .pdf, else a log."""
    if name.endswith(".png"):
        return _png(_picture(name))
    if name.endswith(".pdf"):
        return _pdf(name.removesuffix(".pdf").replace("-", " ").capitalize())
    return ("\n".join(_LOG_LINES[name]) + "\n").encode()


def _picture(name: str) -> bytes:
    """RGB pixels, each row led by PNG's filter byte: a terminal, a page with an error, or a chart, by the name."""
    rows = [bytearray(bytes(_PAPER) * _WIDTH) for _ in range(_HEIGHT)]
    if name in _TERMINALS:
        _draw_terminal(rows, _TERMINALS[name])
    elif name in _ERROR_PAGES:
        _draw_error_page(rows)
    else:
        _draw_chart(rows, hashlib.sha256(name.encode()).digest())
    _fill(rows, 0, 0, _WIDTH, 36, _BAR)
    return b"".join(b"\0" + row for row in rows)


def _fill(rows: list[bytearray], left: int, top: int, width: int, height: int, colour: tuple[int, int, int]) -> None:
    for row in rows[top : top + height]:
        row[3 * left : 3 * (left + width)] = bytes(colour) * width


def _draw_terminal(rows: list[bytearray], lines: int) -> None:
    _fill(rows, 0, 0, _WIDTH, _HEIGHT, _NIGHT)
    for line in range(lines):
        for word in range(5):
            # Words as bars: the fourth column is the state, and two lines have a bad one.
            colour = _LINES[1] if word == 3 and line in (2, 5) else _GRID
            _fill(rows, 24 + 112 * word, 56 + 30 * line, 48 + (line * 37 + word * 53) % 48, 12, colour)
    _fill(rows, 24, 56 + 30 * lines, 10, 18, _PAPER)


def _draw_error_page(rows: list[bytearray]) -> None:
    _fill(rows, 40, 64, _WIDTH - 80, 60, (253, 232, 230))
    _fill(rows, 40, 64, 6, 60, _LINES[1])
    _fill(rows, 64, 80, 300, 10, _LINES[1])
    _fill(rows, 64, 102, 200, 8, (190, 150, 150))
    for line in range(5):
        _fill(rows, 40, 160 + 32 * line, 260 + (line * 97) % 260, 12, _GRID)


def _draw_chart(rows: list[bytearray], digest: bytes) -> None:
    for y in range(54, _HEIGHT, 54):
        _fill(rows, 0, y, _WIDTH, 1, _GRID)
    for line, colour in enumerate(_LINES):
        height = 90 + digest[line] % 150
        for x in range(24, _WIDTH - 24):
            here, there = (digest[(x // 24 + step + 7 * line) % 32] for step in (0, 1))
            swing = here * (24 - x % 24) + there * (x % 24)
            _fill(rows, x, min(_HEIGHT - 4, 48 + height + swing // 24 // 4), 1, 3, colour)


def _png(pixels: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", _WIDTH, _HEIGHT, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


def _pdf(title: str) -> bytes:
    text = f"BT /F1 20 Tf 72 760 Td ({title}) Tj ET".encode("latin-1")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
    )
    document, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(
        b"%010d 00000 n \n" % at for at in places
    )
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(document))
    return document + table + trailer
