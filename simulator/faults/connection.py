"""Faults of the connection: responses that are cut off, slow, endless or missing."""

from __future__ import annotations

import asyncio
import socket
import struct
import zlib
from collections.abc import Callable
from itertools import repeat

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from simulator.faults.kind import Fault

_CONNECTION = "connection"


class ConnectionProtocol(HttpToolsProtocol):
    """Gives the application access to the connection, through the scope's state."""

    is_endless = False
    """Whether a server that stops must abort the current response instead of waiting for it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Add this connection to the state of its requests."""
        super().connection_made(transport)
        raw = transport.get_extra_info("socket")
        if raw is not None:
            # asyncio does this only for sockets with an explicit protocol number. Without it every
            # response waits 40 ms for the client's delayed acknowledgement.
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app_state = {**self.app_state, _CONNECTION: self}

    def shutdown(self) -> None:
        """Let the current response finish, unless it is endless."""
        super().shutdown()
        if self.is_endless:
            self.transport.abort()


def _connection(scope: Scope) -> ConnectionProtocol:
    connection: ConnectionProtocol = scope["state"][_CONNECTION]
    return connection


async def _client_disconnects(receive: Receive, seconds: float) -> bool:
    """Wait; return early, and true, if the client disconnects."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True


class Reset(Response):
    """No response: the TCP connection is reset."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Abort the connection."""
        transport = _connection(scope).transport
        raw = transport.get_extra_info("socket")
        if raw is not None and not transport.is_closing():
            # Without lingering, closing sends RST instead of FIN.
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


class Truncated(Response):
    """A response with the right Content-Length whose body ends in the middle."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send half of the body and close."""
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})
        _connection(scope).transport.close()


class Hang(Response):
    """No response: the connection is closed after some seconds."""

    def __init__(self, seconds: float) -> None:
        """Set the seconds."""
        super().__init__()
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait until the client disconnects, the server stops or the time is over."""
        connection = _connection(scope)
        connection.is_endless = True
        await _client_disconnects(receive, self.seconds)
        connection.transport.close()


class Drip(Response):
    """A response whose body is sent a byte at a time."""

    def __init__(self, response: Response, seconds: float) -> None:
        """Set the response and the seconds between two bytes."""
        super().__init__(response.body, response.status_code, dict(response.headers))
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the headers and then the bytes, until the client disconnects."""
        connection = _connection(scope)
        connection.is_endless = True
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        for place, byte in enumerate(bytes(self.body)):
            if place > 0 and await _client_disconnects(receive, self.seconds):
                return
            chunk = bytes([byte])
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body"})
        connection.is_endless = False


class DripHeaders(Response):
    """A response whose headers are sent a byte at a time, without end."""

    def __init__(self, seconds: float) -> None:
        """Set the seconds between two bytes."""
        super().__init__()
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send headers until the client disconnects."""
        connection = _connection(scope)
        connection.is_endless = True
        # One long line, because Python's client rejects more than a hundred lines.
        connection.transport.write(b"HTTP/1.1 200 OK\r\nx-padding: ")
        while not await _client_disconnects(receive, self.seconds):
            connection.transport.write(b"0")
        connection.transport.close()


class Flood(Response):
    """A JSON object of some megabytes that is never in memory as a whole."""

    def __init__(self, megabytes: int, is_compressed: bool) -> None:
        """Set the uncompressed size, and whether to compress it."""
        super().__init__(media_type="application/json")
        self.megabytes = megabytes
        self.is_compressed = is_compressed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, until the client disconnects."""
        headers = [(name, value) for name, value in self.raw_headers if name != b"content-length"]
        if self.is_compressed:
            headers.append((b"content-encoding", b"gzip"))
        _connection(scope).is_endless = True
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
        start, block, end = b'{"data":[],"padding":"', b"x" * 10**6, b'"}'
        for part in (start, *repeat(block, self.megabytes), end):
            if await _client_disconnects(receive, 0):
                return
            sent = compressor.compress(part) if self.is_compressed else part
            if sent:
                await send({"type": "http.response.body", "body": sent, "more_body": True})
        rest = compressor.flush() if self.is_compressed else b""
        await send({"type": "http.response.body", "body": rest})
        _connection(scope).is_endless = False


def reset(fault: Fault, response: Callable[[], Response]) -> Response:
    """Abort the TCP connection before any response."""
    return Reset()


def hang(fault: Fault, response: Callable[[], Response]) -> Response:
    """Never respond, and close after `seconds` (default 3600)."""
    return Hang(float(fault.get("seconds", 3600)))


def drip_headers(fault: Fault, response: Callable[[], Response]) -> Response:
    """Send headers a byte at a time, with `seconds` (default 0.2) between them, without end."""
    return DripHeaders(float(fault.get("seconds", 0.2)))


def flood(fault: Fault, response: Callable[[], Response]) -> Response:
    """Send a JSON object of `megabytes` (default 1000), compressed if `packed`."""
    return Flood(int(fault.get("megabytes", 1000)), bool(fault.get("packed", False)))


def truncate(fault: Fault, response: Callable[[], Response]) -> Response:
    """Send the right Content-Length and half of the body, and close."""
    complete = response()
    return Truncated(complete.body, complete.status_code, dict(complete.headers))


def drip(fault: Fault, response: Callable[[], Response]) -> Response:
    """Send the body a byte at a time, with `seconds` (default 0.2) between them."""
    return Drip(response(), float(fault.get("seconds", 0.2)))


CONNECTION_FAULTS: dict[str, Callable[[Fault, Callable[[], Response]], Response]] = {
    "reset": reset,
    "hang": hang,
    "drip_headers": drip_headers,
    "flood": flood,
    "truncate": truncate,
    "drip": drip,
}
"""Each takes the fault and a function that makes the API's response; the first one wins."""

WITHOUT_RESPONSE = (Reset, Hang, DripHeaders)
"""Responses whose status is never sent."""
