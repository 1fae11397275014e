"""Files by what they are: a corpus of real beginnings, disguises, and the names that come with them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import sys
import tarfile
import unicodedata
import wave
import zipfile
from email.message import Message
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from services.gateway.filetypes import (
    HEAD_BYTES,
    TAIL_BYTES,
    FileType,
    RefusedType,
    content_disposition,
    decide,
    is_inline,
    safe_filename,
)

DOWNLOAD = "application/octet-stream"
JAVASCRIPT = b"=1;alert(document.domain)//"


def typed(content: bytes, filename: str = "file") -> FileType:
    return decide(content[:HEAD_BYTES], content[-TAIL_BYTES:], filename)


def picture(kind: str, size: tuple[int, int] = (20, 20)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind)
    return out.getvalue()


def zipped(*names: str, filling: bytes = b"x", stored: bool = True) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, filling)
    return out.getvalue()


def open_document() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    return out.getvalue()


def tape() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("log.txt"))
    return out.getvalue()


def sound() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0" * 400)
    return out.getvalue()


def windows_program() -> bytes:
    return (
        b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff" + b"\0" * 46 + b"\x80\0\0\0" + b"\0" * 64 + b"PE\0\0d\x86" + b"\0" * 200
    )


def ole(content: bytes = b"") -> bytes:
    return bytes.fromhex("D0CF11E0A1B11AE1") + b"\0" * 504 + content + b"\0" * 512


SHOWN = {
    "image/png": picture("PNG"),
    "image/jpeg": picture("JPEG"),
    "image/gif": picture("GIF"),
    "image/webp": picture("WEBP"),
    "application/pdf": picture("PDF"),
}
OFFICE = "application/vnd.openxmlformats-officedocument"


@pytest.mark.parametrize(("content_type", "content"), SHOWN.items(), ids=SHOWN)
def test_pictures_and_pdf_are_shown_whatever_their_name(content_type: str, content: bytes) -> None:
    assert typed(content, "photo.txt") == FileType(content_type, inline=True)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_large_screenshot_is_shown(kind: str) -> None:
    assert typed(picture(kind, (1920, 1200))).inline


@pytest.mark.parametrize(
    ("content_type", "content", "filename"),
    [
        ("image/tiff", picture("TIFF"), "scan.tif"),
        ("image/x-icon", picture("ICO", (32, 32)), "favicon.ico"),
        ("image/heif", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 40, "photo.heic"),
        ("application/x-gzip", gzip.compress(b"log" * 100), "log.gz"),
        ("application/x-bzip2", bz2.compress(b"log" * 100), "log.bz2"),
        ("application/x-xz", lzma.compress(b"log" * 100), "log.xz"),
        ("application/x-7z-compressed", b"7z\xbc\xaf\x27\x1c\0\x04" + b"\0" * 40, "logs.7z"),
        ("application/vnd.rar", b"Rar!\x1a\x07\x01\0" + b"\0" * 40, "logs.rar"),
        ("application/x-tar", tape(), "logs.tar"),
        ("video/mp4", b"\0\0\0\x18ftypisom\0\0\2\0isomiso2avc1mp41" + b"\0" * 40, "screen.mp4"),
        ("audio/wave", sound(), "voice.wav"),
        ("application/zip", zipped("logs/a.txt", "logs/b.txt"), "logs.zip"),
        (f"{OFFICE}.wordprocessingml.document", zipped("[Content_Types].xml", "word/document.xml"), "a.docx"),
        (f"{OFFICE}.spreadsheetml.sheet", zipped("[Content_Types].xml", "xl/workbook.xml"), "a.xlsx"),
        (f"{OFFICE}.presentationml.presentation", zipped("[Content_Types].xml", "ppt/a.xml"), "a.pptx"),
        ("application/vnd.oasis.opendocument.text", open_document(), "a.odt"),
        ("application/msword", ole(), "old.doc"),
        ("application/vnd.ms-excel", ole(), "OLD.XLS"),
        ("application/x-ole-storage", ole(), "thing"),
        ("application/rtf", b"{\\rtf1\\ansi Hello}", "letter.rtf"),
        (DOWNLOAD, bytes(range(256)) * 4, "blob.bin"),
        (DOWNLOAD, b"\0" * 100, "zeros"),
        (DOWNLOAD, b"", "empty.txt"),
        (DOWNLOAD, b"RIFF\x10\0\0\0WEBPnope" + b"\0" * 20, "broken.webp"),
        (DOWNLOAD, b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "broken.png"),
        (DOWNLOAD, b"%PDF\0\0\0", "broken.pdf"),
    ],
)
def test_other_files_are_named_and_only_downloaded(content_type: str, content: bytes, filename: str) -> None:
    assert typed(content, filename) == FileType(content_type, inline=False)


@pytest.mark.parametrize(
    ("content", "charset"),
    [
        (b"plain words\r\n", "utf-8"),
        ("Grüße, 你好, שלום 👋".encode(), "utf-8"),
        ("\ufeffwith a mark".encode(), "utf-8"),
        ("Grüße aus Köln, 5 €".encode("cp1252"), "windows-1252"),
        ("Notepad says hello".encode("utf-16"), "utf-16"),
        ("\ufeffhello".encode("utf-16-be"), "utf-16"),
        (b"a,b\n1,2\n", "utf-8"),
        (b'{"level": "error"}', "utf-8"),
        (b"\x1b[31mred\x1b[0m error\n", "utf-8"),
        (b"MZ is how the note begins", "utf-8"),
        (b"#![allow(dead_code)]\nfn main() {}", "utf-8"),
        (b"From: a@example.com\r\nSubject: no\r\n\r\nhello", "utf-8"),
        (b"a < b and <c>", "utf-8"),
    ],
)
def test_text_is_text_whatever_its_name(content: bytes, charset: str) -> None:
    assert typed(content, "photo.png") == FileType(f"text/plain; charset={charset}", inline=False)


@pytest.mark.parametrize("shift", range(4))
def test_a_character_may_be_cut_at_the_edges_of_head_and_tail(shift: int) -> None:
    content = (b"x" * shift + "👋".encode() * 50_000) + b"end"
    assert typed(content) == FileType("text/plain; charset=utf-8", inline=False)


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("text/html; charset=utf-8", b"<!DOCTYPE html><title>x</title>"),
        ("text/html; charset=utf-8", b"\n\n  <HTML><body onload=alert(1)>"),
        ("text/html; charset=utf-8", b"<script>alert(1)</script>"),
        ("text/html; charset=utf-8", b"<!-- a --><p>hello"),
        ("text/html; charset=utf-8", b"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'/>"),
        ("text/html; charset=utf-16", "<html>".encode("utf-16")),
        ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("image/svg+xml", b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- x -->\n<svg/>"),
        ("application/xml", b"<?xml version='1.0'?><note><title>x</title></note>"),
        ("application/xml", b"<note/>"),
    ],
)
@pytest.mark.parametrize("filename", ["photo.png", "page"])
def test_markup_is_never_shown(content_type: str, content: bytes, filename: str) -> None:
    assert typed(content, filename) == FileType(content_type, inline=False)


@pytest.mark.parametrize(
    "content",
    [
        b"GIF89a/*" + picture("GIF")[8:] + b"*/" + JAVASCRIPT + b";",
        b"GIF89a=0" + picture("GIF")[8:] + JAVASCRIPT,
        b"GIF89a;function GIF89a(){}" + b"\0" * 20,
        b"\xff\xd8\xff\xe0/*\x4a\x46\x49\x46" + picture("JPEG")[20:] + b"*/" + JAVASCRIPT,
        b"RIFF/*\0\0WEBPVP8 " + b"\0" * 100 + b"*/" + JAVASCRIPT,
        picture("PNG") + b"<script>alert(1)</script>",
        picture("JPEG")[:-2] + b"<SVG onload=alert(1)>",
        b"%PDF-1.4\n<html><body onload=alert(1)>",
        picture("PNG") + b"<?php system($_GET[0]);",
        picture("PNG") + zipped("notes.txt"),
    ],
    ids=[
        "gif-comment",
        "gif-js",
        "gif-fn",
        "jpeg-js",
        "webp-js",
        "png-html",
        "jpeg-svg",
        "pdf-html",
        "png-php",
        "png-zip",
    ],
)
def test_a_picture_that_is_also_something_else_is_not_shown(content: bytes) -> None:
    assert typed(content, "cat.gif").inline is False
    assert typed(content, "cat.gif").content_type in {DOWNLOAD, "text/plain; charset=utf-8"}


def test_a_gif_that_is_all_javascript_is_at_most_text() -> None:
    assert typed(b"GIF89a" + JAVASCRIPT, "cat.gif").inline is False


PROGRAMS = {
    "pe": windows_program(),
    "elf": Path(sys.executable).read_bytes()[:HEAD_BYTES] if sys.platform == "linux" else b"\x7fELF\2\1\1",
    "mach-o 64": b"\xcf\xfa\xed\xfe\x07\0\0\x01" + b"\0" * 60,
    "mach-o 32": b"\xfe\xed\xfa\xce" + b"\0" * 60,
    "mach-o fat or java class": b"\xca\xfe\xba\xbe\0\0\0\x34" + b"\0" * 60,
    "shell": b"#!/bin/sh\nrm -rf ~\n",
    "shell with a mark": b"\xef\xbb\xbf#!/bin/sh\n",
    "env": b"#! /usr/bin/env python3\n",
    "self-extracting": b"#!/bin/sh\nexit 0\n" + bytes(range(256)),
    "batch": b"@ECHO OFF\r\nformat c:\r\n",
    "batch, utf-16": "@echo off\r\n".encode("utf-16"),
    "registry": "Windows Registry Editor Version 5.00\r\n".encode("utf-16"),
    "hta": b"<html><head><HTA:APPLICATION id=x></head>",
    "lnk": b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F" + b"\0" * 60,
    "url": b"[InternetShortcut]\r\nURL=file://evil\r\n",
    "msi": ole(b"\x84\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0F"),
    "jar": zipped("META-INF/MANIFEST.MF", "Main.class"),
    "jar, manifest last": zipped(*(f"{n}.class" for n in range(400)), "META-INF/MANIFEST.MF", filling=b"x" * 500),
    "jar behind a picture": picture("GIF") + zipped("META-INF/MANIFEST.MF", "Main.class"),
    "apk": zipped("AndroidManifest.xml", "classes.dex", stored=False),
    "dex": b"dex\n035\0" + b"\0" * 60,
    "deb": b"!<arch>\ndebian-binary   1700000000  0     0     100644  4         `\n2.0\n",
    "rpm": b"\xed\xab\xee\xdb\x03\0" + b"\0" * 60,
    "dmg": b"\0" * 2000 + b"koly\0\0\0\x04" + b"\0" * 504,
    "wasm": b"\0asm\1\0\0\0",
    "chm": b"ITSF\3\0\0\0" + b"\0" * 60,
}


@pytest.mark.parametrize("content", PROGRAMS.values(), ids=PROGRAMS)
@pytest.mark.parametrize("filename", ["photo.png", "report", "notes.txt"])
def test_programs_are_refused_by_content(content: bytes, filename: str) -> None:
    with pytest.raises(RefusedType, match=r"This file is an? .+\. Programs and scripts are not accepted\."):
        typed(content, filename)


REFUSED_EXTENSIONS = (
    *("exe", "EXE", "com", "scr", "dll", "msi", "bat", "cmd", "ps1", "vbs", "js", "mjs", "hta", "lnk", "url", "reg"),
    *("jar", "apk", "deb", "sh", "tar.sh"),
)


@pytest.mark.parametrize(
    "filename",
    [
        *(f"x.{extension}" for extension in REFUSED_EXTENSIONS),
        "invoice.pdf.exe",
        "invoice.exe.",
        "invoice.exe . .",
        "invoice.exe\u200b",
        "invoice.exe\u200d",
        "invoice.e\u200cxe",
        "invoice\u202efdp.exe",
        "invoice.ｅｘｅ",
        "C:\\fakepath\\invoice.exe",
        "a/../invoice.exe",
        'invoice.exe"',
        "invoice.exe\r\n",
        "invoice.exe\0",
        "invoice." + " " * 200 + "exe",
        "x" * 500 + ".exe",
    ],
)
def test_programs_are_refused_by_name(filename: str) -> None:
    with pytest.raises(RefusedType):
        typed(b"harmless words", filename)


@pytest.mark.parametrize("filename", ["exe", "my.exe.txt", "notes about js", "a.jsonl", ".bat.log", "x.class.md"])
def test_a_name_that_only_speaks_of_programs_is_taken(filename: str) -> None:
    assert typed(b"harmless words", filename).content_type == "text/plain; charset=utf-8"


def test_a_zip_bomb_is_a_zip() -> None:
    bomb = zipped("zeros", filling=b"\0" * 50_000_000, stored=False)
    assert len(bomb) < 100_000
    assert typed(bomb) == FileType("application/zip", inline=False)


def test_a_zip_that_carries_a_manifest_deeper_is_a_zip() -> None:
    assert typed(zipped("src/META-INF/MANIFEST.MF", "docs/AndroidManifest.xml")).content_type == "application/zip"


@given(st.binary(max_size=300), st.text(max_size=20))
@example(b"\x89PNG", "x.png")
def test_every_file_has_a_type_or_a_reason(content: bytes, filename: str) -> None:
    try:
        decided = typed(content, filename)
    except RefusedType:
        return
    assert decided.inline == is_inline(decided.content_type)
    assert re.fullmatch(r"[a-z]+/[\w.+-]+(; charset=[\w-]+)?", decided.content_type)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("Größe – Anna's Bild (1).png", "Größe – Anna's Bild (1).png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\anna\\photo.jpg", "photo.jpg"),
        ("photo.jpg:evil", "photo.jpg_evil"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie_ x.txt"),
        ('say "hi".txt', "say hi.txt"),
        ("invoice\u202efdp.txt", "invoicefdp.txt"),
        ("zero\u200bwidth\ufeff.txt", "zerowidth.txt"),
        ("می\u200cخواهم.txt", "می\u200cخواهم.txt"),
        ("👩\u200d💻.png", "👩\u200d💻.png"),
        ("Cafe\u0301.txt", "Café.txt"),
        ("Screenshot 10.00\u202fPM.png", "Screenshot 10.00 PM.png"),
        ("wide" + " " * 100 + ".txt", "wide .txt"),
        ("half\ud800.txt", "half.txt"),
        (".htaccess", "htaccess"),
        ("name. . ", "name"),
        ("CON.txt", "_CON.txt"),
        ("contract.txt", "contract.txt"),
        ("a<b>|?*.txt", "a_b____.txt"),
        ("", "file"),
        ("..", "file"),
        ("///", "file"),
        ("\u202e\u200d", "file"),
        ("x" * 300 + ".tar", "x" * 146 + ".tar"),
        ("x" * 300, "x" * 150),
        ("x." + "y" * 300, "x." + "y" * 148),
    ],
)
def test_names_lose_what_deceives_and_keep_the_rest(name: str, safe: str) -> None:
    assert safe_filename(name) == safe


def test_a_long_name_fits_a_file_system() -> None:
    safe = safe_filename("漢" * 200 + ".docx")
    assert safe.endswith("漢.docx")
    assert 230 < len(safe.encode()) <= 240


names = st.text(st.characters(), max_size=400) | st.text(
    st.sampled_from('a.é/\\ "\r\n\u202e\u200d:%漢\ud800con'), max_size=400
)


@given(names)
def test_every_safe_name_is_safe_and_stays_as_it_is(name: str) -> None:
    safe = safe_filename(name)
    assert 1 <= len(safe) <= 150
    assert len(safe.encode()) <= 240
    assert not re.search(r'[/\\"<>:|?*\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]', safe)
    assert unicodedata.is_normalized("NFC", safe)
    assert safe == safe.strip(" .")
    assert safe_filename(safe) == safe


@pytest.mark.parametrize(
    ("name", "inline", "header"),
    [
        ("report.pdf", True, 'inline; filename="report.pdf"'),
        ("a b.txt", False, 'attachment; filename="a b.txt"'),
        ("Größe.txt", False, "attachment; filename=\"Gro_e.txt\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.txt"),
        ("100%.txt", False, "attachment; filename=\"100_.txt\"; filename*=UTF-8''100%25.txt"),
        ("你好.png", True, "inline; filename=\"__.png\"; filename*=UTF-8''%E4%BD%A0%E5%A5%BD.png"),
        ("\u0300", False, "attachment; filename=\"_\"; filename*=UTF-8''%CC%80"),
        ('x";filename=evil.exe\r\nX: y', False, 'attachment; filename="x;filename=evil.exeX_ y"'),
    ],
)
def test_the_header_names_the_file_for_old_and_new_clients(name: str, inline: bool, header: str) -> None:
    assert content_disposition(name, inline) == header


@given(names, st.booleans())
def test_every_header_is_one_ascii_line_that_says_the_name(name: str, inline: bool) -> None:
    header = content_disposition(name, inline)
    assert re.fullmatch(r"[ -~]+", header)
    parsed = Message()
    parsed["Content-Disposition"] = header
    assert parsed.get_content_disposition() == ("inline" if inline else "attachment")
    assert re.match(r'(?:inline|attachment); filename="[^"\\%/]+"', header)
    extended = header.partition("filename*=UTF-8''")[2]
    assert (unquote(extended) if extended else header.split('"')[1]) == safe_filename(name)
