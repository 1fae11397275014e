"""An endpoint that speaks chat completions with tools in this process: strict about requests, and breakable.

What it answers is a script: a function of the request's body and its number, from 0. A request that the protocol does
not allow (no key, a tool's result without its call, an unknown role) is refused, as by a real endpoint, and the reason
is kept in `refused`.
"""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Say:
    """The model's words."""

    text: str
    finish_reason: str = "stop"


@dataclass(frozen=True, slots=True)
class Call:
    """The model wants tools: (name, arguments as JSON or as an object)."""

    tools: Sequence[tuple[str, str | Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Raw:
    """Any answer: `length` is what Content-Length says, None = what is sent."""

    status: int = 200
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Never:
    """No answer as long as the server runs; with `drip` a byte of the body whenever the client took the last."""

    drip: bool = False


Answer = Say | Call | Raw | Never
Script = Callable[[Body, int], Answer]


class OpenAiServer:
    """Runs while it is a context manager; `url` is the base address, `requests` the bodies that were understood.

    With `tls` it speaks HTTPS. `left` is set when a client hangs up on a dripping answer.
    """

    def __init__(
        self, script: Script, model: str = "test-model", key: str = "test-key", tls: ssl.SSLContext | None = None
    ) -> None:
        self.script, self.model, self.key = script, model, key
        self.requests: list[Body] = []
        self.refused: list[str] = []
        self.headers: list[Mapping[str, str]] = []
        self.closing = threading.Event()
        self.left = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._scheme = "http" if tls is None else "https"
        if tls is not None:
            # the handshake is left to the connection's thread, so that a client that breaks it off stops no other
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="openai-double")

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> OpenAiServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def note(self, body: Body, headers: Mapping[str, str]) -> int:
        with self._lock:
            self.requests.append(body)
            self.headers.append(headers)
            return len(self.requests) - 1


def refusal(body: Any) -> str | None:
    """Why the protocol does not allow this body; None where it does."""
    if not isinstance(body, dict) or not isinstance(body.get("model"), str) or not body.get("messages"):
        return "model and messages are required"
    if body.get("tool_choice", "auto") not in ("auto", "none"):
        return "tool_choice"
    for tool in body.get("tools", []):
        if tool["type"] != "function" or tool["function"]["parameters"]["type"] != "object":
            return "tools"
    owed: list[str] = []
    for message in body["messages"]:
        role, content = message.get("role"), message.get("content")
        if role == "tool":
            if message.get("tool_call_id") not in owed:
                return "a result that no call asked for"
            owed.remove(message["tool_call_id"])
        elif role not in ("system", "user", "assistant") or owed:
            return "a call without its result" if owed else f"role {role}"
        if role == "assistant" and message.get("tool_calls"):
            owed = [call["id"] for call in message["tool_calls"]]
        elif not isinstance(content, str):
            return "content has to be a text"
    return "a call without its result" if owed else None


def completion(model: str, answer: Say | Call, number: int) -> Body:
    """The answer in the protocol's form."""
    message: Body = {"role": "assistant", "content": None}
    if isinstance(answer, Say):
        message["content"], reason = answer.text, answer.finish_reason
    else:
        reason = "tool_calls"
        message["tool_calls"] = [
            {
                "id": f"call_{number}_{index}",
                "type": "function",
                "function": {"name": name, "arguments": given if isinstance(given, str) else json.dumps(given)},
            }
            for index, (name, given) in enumerate(answer.tools)
        ]
    choice = {"index": 0, "message": message, "finish_reason": reason}
    return {"id": f"chatcmpl-{number}", "object": "chat.completion", "model": model, "choices": [choice]}


def _handler(server: OpenAiServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle(self) -> None:
            # a client that does not trust the certificate hangs up in the handshake
            with contextlib.suppress(ssl.SSLError, ConnectionError):
                super().handle()

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path != "/v1/chat/completions":
                self._refuse(404, "no such address")
            elif server.key and self.headers["Authorization"] != f"Bearer {server.key}":
                self._refuse(401, "no such key")
            elif (reason := refusal(body := json.loads(content))) or body["model"] != server.model:
                self._refuse(400, reason or "no such model")
            else:
                number = server.note(body, dict(self.headers.items()))
                self._answer(server.script(body, number), number)

        def _answer(self, answer: Answer, number: int) -> None:
            if isinstance(answer, Say | Call):
                content = json.dumps(completion(server.model, answer, number)).encode()
                answer = Raw(content=content, headers={"Content-Type": "application/json"})
            if isinstance(answer, Never):
                self._stay(answer)
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content) if answer.length is None else answer.length))
            self.end_headers()
            self._write(answer.content)
            # a body that is shorter than it said is one that broke off
            self.close_connection = answer.length is not None

        def _stay(self, answer: Never) -> None:
            self.close_connection = True
            if answer.drip:
                self.send_response(200)
                self.send_header("Content-Length", "1000000")
                self.end_headers()
            while not server.closing.wait(0.05):
                if answer.drip and not self._write(b" "):
                    server.left.set()
                    return

        def _write(self, content: bytes) -> bool:
            try:
                self.wfile.write(content)
                self.wfile.flush()
            except OSError:  # a client that had enough hung up
                return False
            return True

        def _refuse(self, status: int, reason: str) -> None:
            server.refused.append(reason)
            content = json.dumps({"error": {"message": reason}}).encode()
            self._answer(Raw(status, content), -1)

        def log_message(self, *_: object) -> None:
            """Quiet: tests read what they need from `requests`."""

    return Handler
