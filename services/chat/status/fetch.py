"""One GET of a configured address that reaches no other, ends in time and brings no more than it may."""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

SECONDS = 2.0
SUMMARY_PATH = "/api/v2/summary.json"

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_PORTS = {"https": 443, "http": 80}

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class FetchFailed(Exception):
    """There is no answer to use; the message says why."""


@dataclass(frozen=True, slots=True)
class Address:
    """A checked address. `target` is path and query; `private`: it may be http and on a network that is not public."""

    scheme: str
    host: str
    port: int
    target: str
    private: bool

    @property
    def netloc(self) -> str:
        """Host and port as an address has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def page(self) -> str:
        """The page itself, for people."""
        return f"{self.scheme}://{self.netloc}/"


def checked_address(url: str, allow_private: bool = False) -> Address:
    """The address in STATUS_URL: a status page, or its summary itself.

    Raises ValueError, which repeats no credentials, where it is not https or not public; `allow_private` takes both.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError("STATUS_URL: it is no address; write it as https://status.example.com/.") from error
    if "@" in parts.netloc:
        raise ValueError("STATUS_URL: it holds a name or a password, which would end up in logs; leave them out.")
    if parts.scheme not in (("https", "http") if allow_private else ("https",)):
        raise ValueError("STATUS_URL: it has to begin with https://; STATUS_ALLOW_PRIVATE=1 takes http:// as well.")
    if not host or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise ValueError("STATUS_URL: it has no host, or signs that an address cannot have.")
    literal = _literal(host)
    if literal is not None and not allow_private and not is_public(literal):
        raise ValueError(f"STATUS_URL: {host} is not public; STATUS_ALLOW_PRIVATE=1 takes it.")
    path = SUMMARY_PATH if parts.path in ("", "/") else parts.path
    target = f"{path}?{parts.query}" if parts.query else path
    return Address(parts.scheme, host, port or _PORTS[parts.scheme], target, allow_private)


def is_public(address: IpAddress) -> bool:
    """Whether anybody on the Internet may have this address; what an IPv6 address carries of IPv4 counts, too."""
    if isinstance(address, ipaddress.IPv6Address):
        teredo = address.teredo or ()
        inner = [address.ipv4_mapped, address.sixtofour, *teredo]
        if address in _NAT64:
            inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if any(each is not None and not is_public(each) for each in inner):
            return False
        if address.ipv4_mapped is not None:
            return True
    return address.is_global and not address.is_multicast and not address.is_reserved


def resolved(host: str, port: int) -> Sequence[str]:
    """IP addresses of a host as the system knows them. Raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def fetch(
    address: Address,
    limit: int,
    seconds: float = SECONDS,
    resolve: Callable[[str, int], Sequence[str]] = resolved,
    connect: Callable[[tuple[str, int], float], socket.socket] = socket.create_connection,
    trust: Callable[[], ssl.SSLContext] = ssl.create_default_context,
) -> bytes:
    """The body of a 200 answer, at most `limit` bytes, within `seconds`; only resolving cannot be interrupted.

    Names are resolved once and the connection goes to what was checked, so a name that changes its address in between
    gains nothing. Redirects are not followed. Raises FetchFailed.
    """
    until = time.monotonic() + seconds
    try:
        sock = _connected(address, _allowed(address, resolve), until, connect)
        with _secured(sock, address, until, trust) as secured:
            return _body(secured, address, until, limit)
    except TimeoutError as error:
        raise FetchFailed("it did not answer in time") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise FetchFailed(f"it cannot be reached or does not speak HTTP: {type(error).__name__}: {error}") from error


def _allowed(address: Address, resolve: Callable[[str, int], Sequence[str]]) -> Sequence[str]:
    found = resolve(address.host, address.port)
    allowed = [ip for ip in found if address.private or is_public(ipaddress.ip_address(ip))]
    if not allowed:
        raise FetchFailed("its name leads to no public address" if found else "its name leads nowhere")
    return allowed


def _connected(
    address: Address,
    ips: Sequence[str],
    until: float,
    connect: Callable[[tuple[str, int], float], socket.socket],
) -> socket.socket:
    *others, last = ips
    for ip in others:
        try:
            return connect((ip, address.port), _left(until) / 2)
        except OSError:
            continue
    return connect((last, address.port), _left(until))


def _secured(sock: socket.socket, address: Address, until: float, trust: Callable[[], ssl.SSLContext]) -> socket.socket:
    if address.scheme == "http":
        return sock
    try:
        sock.settimeout(_left(until))
        return trust().wrap_socket(sock, server_hostname=address.host)
    except BaseException:
        sock.close()
        raise


def _body(sock: socket.socket, address: Address, until: float, limit: int) -> bytes:
    connection = http.client.HTTPConnection(address.host, address.port)
    timed: Any = _Timed(sock, until)
    connection.sock = timed
    headers = {
        "Host": address.netloc,
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    connection.request("GET", address.target, headers=headers)
    with connection.getresponse() as response:
        if response.status != 200:
            hint = "; redirects are not followed" if 300 <= response.status < 400 else ""
            raise FetchFailed(f"it answers {response.status}{hint}")
        body = response.read(limit + 1)
    if len(body) > limit:
        raise FetchFailed(f"its answer is larger than {limit} bytes")
    return body


class _Timed:
    """A socket for http.client of which every read and write ends at one moment, however slowly bytes trickle.

    Whoever opened the socket closes it.
    """

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock, self._until = sock, until

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reading(self._sock, self._until))

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(_left(self._until))
        self._sock.sendall(data)

    def close(self) -> None:
        """http.client closes before it has read, and expects the file to live on."""


class _Reading(io.RawIOBase):
    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock, self._until = sock, until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(_left(self._until))
        return self._sock.recv_into(buffer)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _literal(host: str) -> IpAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
