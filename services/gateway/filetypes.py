"""What an uploaded file is, by its content; and how its name may be shown, saved and sent.

Nothing is unpacked or parsed here, so a zip bomb or a broken picture costs no more than any other file.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote

import puremagic

HEAD_BYTES = 64 << 10
TAIL_BYTES = 66 << 10
"""A zip ends with a record of 22 bytes and a comment of up to 64 KiB."""

OCTET_STREAM = "application/octet-stream"
MAX_NAME_CHARS = 150
# File systems take 255, and a browser appends " (1)" or ".part" to what it saves.
MAX_NAME_BYTES = 240

_INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"})


@dataclass(frozen=True, slots=True)
class FileType:
    """A value for the Content-Type header; `inline` says that a browser may show the file in place."""

    content_type: str
    inline: bool


class RefusedType(Exception):
    """A file that does something when it is opened; `reason` completes "This file is …"."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"This file is {reason}. Programs and scripts are not accepted.")
        self.reason = reason


def decide(head: bytes, tail: bytes, filename: str) -> FileType:
    """The type of a file from its first HEAD_BYTES, its last TAIL_BYTES (they may overlap) and its name.

    The content decides. The name can only refuse a file, or tell apart Office files that begin alike. Shorter heads
    and tails than the constants recognise less. Raises RefusedType.
    """
    extension, text = _extension(filename), _as_text(head, tail)
    _refuse_by_name(extension)
    _refuse_by_content(head, tail, text)
    content_type = _type_of(head, tail, text, extension)
    return FileType(content_type, is_inline(content_type))


def is_inline(content_type: str) -> bool:
    """Whether a browser may show this type in place: PNG, JPEG, GIF, WebP, PDF."""
    return content_type in _INLINE


def safe_filename(name: str) -> str:
    """A name without path, invisible characters and quotes, in NFC, at most 150 characters with its extension kept."""
    visible = "".join(char for char in name if char in _JOINERS or unicodedata.category(char) not in _INVISIBLE)
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", visible))[-1]
    named = _NO_FILE_SYSTEM.sub("_", re.sub(r"\s+", " ", last.replace('"', "")))
    return _shortened(_DEVICE.sub(r"_\1", named.strip(_NOT_AT_THE_ENDS))) or "file"


def content_disposition(filename: str, inline: bool) -> str:
    """The header's value (RFC 6266): an ASCII name for old clients and, where it differs, the true one in UTF-8."""
    name = safe_filename(filename)
    plain = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    # Clients disagree about escapes inside quotes and some decode %, so the ASCII name has neither.
    # A name of accents alone leaves nothing, and an empty one is no name.
    ascii_name = re.sub(r'[^ -~]|[%/\\"]', "_", plain) or "_"
    value = f'{"inline" if inline else "attachment"}; filename="{ascii_name}"'
    return value if ascii_name == name else f"{value}; filename*=UTF-8''{quote(name, safe='!#$&+-.^_`|~')}"


# Control and format characters (bidi overrides among them), lone surrogates, line and paragraph separators.
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Zero-width joiner and non-joiner shape letters and emoji, so they stay inside a name.
_JOINERS = "\u200c\u200d"
_NOT_AT_THE_ENDS = " ." + _JOINERS
_NO_FILE_SYSTEM = re.compile(r"[<>:|?*]")
_DEVICE = re.compile(r"\A(con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|\Z)", re.IGNORECASE)


def _shortened(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    ending = dot + extension if stem and len(extension) <= 20 else ""
    stem = name.removesuffix(ending)
    cut = stem[: MAX_NAME_CHARS - len(ending)]
    while len((cut + ending).encode()) > MAX_NAME_BYTES:
        cut = cut[:-1]
    return name if cut == stem else cut.rstrip(_NOT_AT_THE_ENDS) + ending


def _extension(filename: str) -> str:
    name = unicodedata.normalize("NFKC", safe_filename(filename)).translate(dict.fromkeys(map(ord, _JOINERS)))
    return name.rpartition(".")[2].strip().lower() if "." in name else ""


_REFUSED_NAMES = {
    extension: reason
    for reason, extensions in {
        "a Windows program": "exe com scr pif cpl dll sys ocx drv xll msc gadget application",
        "a Windows installer": "msi msp mst msix msixbundle appx appxbundle appinstaller",
        "a Windows script": "bat cmd ps1 ps1xml psm1 psd1 psc1 vb vbe vbs wsf wsh wsc ws sct reg inf diagcab",
        "a script": "js jse mjs cjs sh bash zsh csh ksh command run pyw pyz pyc",
        "an HTML application": "hta chm",
        "a shortcut": "lnk url scf desktop webloc",
        "a Java program": "jar war ear class jnlp",
        "a mobile app": "apk apks xapk aab ipa dex",
        "a software package": "deb rpm dmg pkg appimage flatpak snap",
    }.items()
    for extension in extensions.split()
}

_PROGRAM_STARTS = {
    b"\x7fELF": "a Linux program",
    b"\xfe\xed\xfa\xce": "a macOS program",
    b"\xfe\xed\xfa\xcf": "a macOS program",
    b"\xce\xfa\xed\xfe": "a macOS program",
    b"\xcf\xfa\xed\xfe": "a macOS program",
    b"\xca\xfe\xba\xbe": "a Java class or a macOS program",
    b"\xca\xfe\xba\xbf": "a macOS program",
    b"dex\n0": "a mobile app",
    b"\x00asm": "a WebAssembly program",
    b"L\x00\x00\x00\x01\x14\x02\x00": "a shortcut",
    b"!<arch>\ndebian-binary": "a software package",
    b"\xed\xab\xee\xdb": "a software package",
    b"xar!": "a software package",
    b"ITSF": "an HTML application",
}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# The class of the root storage: {000C1082|84|86-0000-0000-C000-000000000046} are transform, package and patch.
_INSTALLER_CLASS = re.compile(rb"[\x82\x84\x86]\x10\x0c\0\0\0\0\0\xc0\0\0\0\0\0\0F")
_ZIP, _ZIP_END = b"PK\x03\x04", b"PK\x05\x06"
# Names as they stand in a zip's local (30 bytes before the name) and central (46 bytes) records.
_ZIP_NAME = rb"(?s:PK\x03\x04.{26}|PK\x01\x02.{42})"
_ZIP_PROGRAM = re.compile(
    _ZIP_NAME + rb"(?:(META-INF/MANIFEST\.MF)|AndroidManifest\.xml|classes\.dex|AppxManifest\.xml)",
    re.IGNORECASE,
)
_SCRIPT_TEXTS = {
    re.compile(r"\A#!(?!\[)"): "a script",  # `#![` begins a Rust source file
    re.compile(r"\A\s*@echo\s+o(?:ff|n)\b", re.IGNORECASE): "a Windows script",
    re.compile(r"\A\s*(?:Windows Registry Editor Version|REGEDIT4)"): "a Windows script",
    re.compile(r"\A\s*\[InternetShortcut\]", re.IGNORECASE): "a shortcut",
    re.compile(r"<hta:application\b", re.IGNORECASE): "an HTML application",
}


def _refuse_by_name(extension: str) -> None:
    if extension in _REFUSED_NAMES:
        raise RefusedType(_REFUSED_NAMES[extension])


def _refuse_by_content(head: bytes, tail: bytes, text: _Text | None) -> None:
    for start, reason in _PROGRAM_STARTS.items():
        if head.startswith(start):
            raise RefusedType(reason)
    if head.startswith(b"MZ") and text is None:
        raise RefusedType("a Windows program")
    if head.startswith(_OLE) and (_INSTALLER_CLASS.search(head) or _INSTALLER_CLASS.search(tail)):
        raise RefusedType("a Windows installer")
    if tail[-512:].startswith(b"koly"):
        raise RefusedType("a software package")
    # A zip is found by its end, so whatever stands before it (a picture, say) hides no program.
    if head.startswith(_ZIP) or _ZIP_END in tail:
        for part in (head, tail):
            if found := _ZIP_PROGRAM.search(part):
                raise RefusedType("a Java program" if found[1] else "an app package")
    # A self-extracting script goes on in binary.
    readable = text.start if text else head[:1024].removeprefix(codecs.BOM_UTF8).decode("latin-1")
    for pattern, reason in _SCRIPT_TEXTS.items():
        if pattern.search(readable):
            raise RefusedType(reason)


def _type_of(head: bytes, tail: bytes, text: _Text | None, extension: str) -> str:
    if (shown := _shown_type(head)) is not None:
        # Only the type is kept of this decision, so a file that is also something else loses it.
        return OCTET_STREAM if _has_second_meaning(head, tail) else shown
    if head.startswith(b"{\\rtf"):
        return "application/rtf"
    if text is not None:
        return _text_type(text)
    if head.startswith(_ZIP):
        return _zip_type(head, tail)
    if head.startswith(_OLE):
        return _OLE_TYPES.get(extension, "application/x-ole-storage")
    return _passive_type(head, tail)


def _shown_type(head: bytes) -> str | None:
    if head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR":
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith(b"RIFF") and head[8:15] == b"WEBPVP8":
        return "image/webp"
    return "application/pdf" if head.startswith(b"%PDF-") else None


# A picture that a browser could also run or lay out: its first bytes go on as JavaScript (GIF89a is a name there, ÿØÿ
# too; what follows is a size, which then has to be text), or it carries markup.
_GOES_ON_AS_SCRIPT = re.compile(
    rb"(?s:GIF8[79]a.[\t-\r -~\x80-\xff]|(?:GIF8[79]a|RIFF|\xff\xd8\xff.)\s*(?:/[*/]|=[!-~]))"
)
_MARKUP = re.compile(rb"<(?:script|html|svg|iframe|body|!doctype\s+html|\?php)[\s>/]", re.IGNORECASE)


def _has_second_meaning(head: bytes, tail: bytes) -> bool:
    return bool(_GOES_ON_AS_SCRIPT.match(head) or _MARKUP.search(head) or _MARKUP.search(tail) or _ZIP_END in tail)


@dataclass(frozen=True, slots=True)
class _Text:
    start: str
    charset: str


_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_ASCII = bytes(range(128))
_MAX_FOREIGN_SHARE = 0.3


def _as_text(head: bytes, tail: bytes) -> _Text | None:
    for bom, charset in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if head.startswith(bom):
            # The tail may begin in the middle of a character, and nothing in it says so.
            return _readable(_decoded(head.removeprefix(bom), charset), "", "utf-16")
    # The head may end, and the tail begin, in the middle of a character.
    start, end = _decoded(head, "utf-8-sig"), _decoded(_from_a_character(tail), "utf-8", final=True)
    if start is not None and end is not None:
        return _readable(start, end, "utf-8")
    start, end = _decoded(head, "cp1252"), _decoded(tail, "cp1252")
    foreign = len(head.translate(None, _ASCII)) / max(1, len(head))
    return None if end is None or foreign > _MAX_FOREIGN_SHARE else _readable(start, end, "windows-1252")


def _readable(start: str | None, end: str, charset: str) -> _Text | None:
    if not start or _CONTROL.search(start) or _CONTROL.search(end):
        return None
    return _Text(start, charset)


def _decoded(data: bytes, charset: str, final: bool = False) -> str | None:
    try:
        return codecs.getincrementaldecoder(charset)().decode(data, final)
    except UnicodeDecodeError:
        return None


def _from_a_character(data: bytes) -> bytes:
    cut = next((at for at, byte in enumerate(data[:4]) if byte & 0xC0 != 0x80), 0)
    return data[cut:]


_HTML = re.compile(
    r"<(?:!--|(?:!doctype\s+html|html|head|body|script|style|title|iframe|div|table|font|img|br|p|a|b|h[1-6])\b)",
    re.IGNORECASE,
)


def _text_type(text: _Text) -> str:
    beginning = text.start.lstrip()[:2048]
    if beginning.startswith("<") and re.search(r"<svg\b", beginning, re.IGNORECASE):
        return "image/svg+xml"
    if _HTML.match(beginning) or (beginning.startswith("<?xml") and "<html" in beginning):
        return f"text/html; charset={text.charset}"
    if re.match(r"<[?!a-z]", beginning, re.IGNORECASE):
        return "application/xml"
    return f"text/plain; charset={text.charset}"


_OFFICE = "application/vnd.openxmlformats-officedocument"
_OFFICE_TYPES = {
    b"word/": f"{_OFFICE}.wordprocessingml.document",
    b"xl/": f"{_OFFICE}.spreadsheetml.sheet",
    b"ppt/": f"{_OFFICE}.presentationml.presentation",
}
_OFFICE_FOLDER = re.compile(_ZIP_NAME + rb"(word/|xl/|ppt/)")
# OpenDocument and EPUB put their type first and uncompressed.
_NAMED_ZIP = re.compile(rb"(?s:PK\x03\x04.{26})mimetype(application/(?:vnd\.oasis\.opendocument\.[a-z-]+|epub\+zip))PK")
_OLE_TYPES = {
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "msg": "application/vnd.ms-outlook",
}


def _zip_type(head: bytes, tail: bytes) -> str:
    if named := _NAMED_ZIP.match(head):
        return named[1].decode("ascii")
    if b"[Content_Types].xml" in head or b"[Content_Types].xml" in tail:
        folder = _OFFICE_FOLDER.search(head) or _OFFICE_FOLDER.search(tail)
        return _OFFICE_TYPES[folder[1]] if folder else "application/zip"
    return "application/zip"


_PASSIVE = re.compile(
    r"(?:audio|video|image)/[\w.+-]+|application/(?:x-)?"
    r"(?:gzip|bzip2|xz|7z-compressed|vnd\.rar|rar-compressed|tar|zstd|ogg|matroska|sqlite3)"
)
# Two bytes fit one file in some thousands by chance.
_MIN_CONFIDENCE = 0.3
# The mark of a container says nothing about what is in it.
_CONTAINERS = frozenset({b"RIFF", b"FORM"})


def _passive_type(head: bytes, tail: bytes) -> str:
    try:
        matches = puremagic.magic_string(head + tail)
    except (puremagic.PureError, ValueError):
        return OCTET_STREAM
    known = [
        match
        for match in matches
        if match.confidence >= _MIN_CONFIDENCE
        and match.byte_match not in _CONTAINERS
        and _PASSIVE.fullmatch(match.mime_type)
        # What may be shown has passed the stricter look above, or is not what it seems.
        and not is_inline(match.mime_type)
        and match.mime_type != "image/svg+xml"
    ]
    return min(known, key=lambda match: (-match.confidence, match.mime_type)).mime_type if known else OCTET_STREAM
