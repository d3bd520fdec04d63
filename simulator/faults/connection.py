"""The raw connection: broken off on purpose, which HTTP frameworks otherwise never do."""

from __future__ import annotations

import asyncio
import socket
import struct
import zlib
from itertools import repeat

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_CONNECTION = "connection"


class ReachableProtocol(HttpToolsProtocol):
    """Shows itself to the application: in the scope's state."""

    endless = False
    """Whether the answer under way takes so long that a stopping server must not wait for it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the requests of this connection a state of their own."""
        super().connection_made(transport)
        raw = transport.get_extra_info("socket")
        if raw is not None:
            # asyncio does this only for sockets that were made with an explicit protocol number;
            # without it every answer waits 40 ms for the client's delayed acknowledgement.
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app_state = {**self.app_state, _CONNECTION: self}

    def shutdown(self) -> None:
        """Let the answer under way end, unless it does not."""
        super().shutdown()
        if self.endless:
            self.transport.abort()


def _connection(scope: Scope) -> ReachableProtocol:
    connection: ReachableProtocol = scope["state"][_CONNECTION]
    return connection


async def _client_leaves(receive: Receive, seconds: float) -> bool:
    """Wait, and return early and true where the connection ends meanwhile."""
    try:
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True


class Reset(Response):
    """No answer: the TCP connection is reset."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Abort the connection."""
        transport = _connection(scope).transport
        raw = transport.get_extra_info("socket")
        if raw is not None and not transport.is_closing():
            # Without lingering, closing sends RST rather than FIN.
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()


class Truncated(Response):
    """An answer whose Content-Length is right and whose body stops in the middle."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send half of the body and close."""
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})
        _connection(scope).transport.close()


class Hang(Response):
    """No answer: the connection stays open for some seconds and is closed then."""

    def __init__(self, seconds: float) -> None:
        """Say how long."""
        super().__init__()
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait until the client leaves, the server stops or the time is over."""
        connection = _connection(scope)
        connection.endless = True
        await _client_leaves(receive, self.seconds)
        connection.transport.close()


class Drip(Response):
    """An answer whose body comes a byte at a time."""

    def __init__(self, whole: Response, seconds: float) -> None:
        """Take the answer and the seconds between two bytes."""
        super().__init__(whole.body, whole.status_code, dict(whole.headers))
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the headers and then the bytes, until the client leaves."""
        connection = _connection(scope)
        connection.endless = True
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        for place, byte in enumerate(bytes(self.body)):
            if place > 0 and await _client_leaves(receive, self.seconds):
                return
            chunk = bytes([byte])
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body"})
        connection.endless = False


class DripHeaders(Response):
    """An answer whose headers come a byte at a time, without end."""

    def __init__(self, seconds: float) -> None:
        """Take the seconds between two bytes."""
        super().__init__()
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send headers until the client leaves."""
        connection = _connection(scope)
        connection.endless = True
        # One long line: Python's client refuses more than a hundred of them.
        connection.transport.write(b"HTTP/1.1 200 OK\r\nx-padding: ")
        while not await _client_leaves(receive, self.seconds):
            connection.transport.write(b"0")
        connection.transport.close()


class Flood(Response):
    """A JSON object of some megabytes, of which nothing is kept in memory."""

    def __init__(self, megabytes: int, packed: bool) -> None:
        """Take the size without compression, and whether to compress it."""
        super().__init__(media_type="application/json")
        self.megabytes = megabytes
        self.packed = packed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, until the client leaves."""
        headers = [(name, value) for name, value in self.raw_headers if name != b"content-length"]
        if self.packed:
            headers.append((b"content-encoding", b"gzip"))
        _connection(scope).endless = True
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        start, block, end = b'{"data":[],"padding":"', b"x" * 10**6, b'"}'
        for part in (start, *repeat(block, self.megabytes), end):
            if await _client_leaves(receive, 0):
                return
            sent = packer.compress(part) if self.packed else part
            if sent:
                await send({"type": "http.response.body", "body": sent, "more_body": True})
        await send({"type": "http.response.body", "body": packer.flush() if self.packed else b""})
        _connection(scope).endless = False
