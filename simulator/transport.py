"""The raw connection: broken off on purpose, which HTTP frameworks otherwise never do."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_TRANSPORTS = "transports"


class RememberingProtocol(HttpToolsProtocol):
    """Keeps each client's transport where the application finds it: in the scope's state."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Remember the transport by the client's address."""
        super().connection_made(transport)
        raw = transport.get_extra_info("socket")
        if raw is not None:
            # asyncio does this only for sockets that were made with an explicit protocol number;
            # without it every answer waits 40 ms for the client's delayed acknowledgement.
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app_state.setdefault(_TRANSPORTS, {})[self.client] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the transport."""
        self.app_state.get(_TRANSPORTS, {}).pop(self.client, None)
        super().connection_lost(exc)


def _transport(scope: Scope) -> asyncio.Transport:
    transports: dict[Any, asyncio.Transport] = scope["state"][_TRANSPORTS]
    return transports[tuple(scope["client"])]


class Reset(Response):
    """No answer: the TCP connection is reset."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Abort the connection."""
        transport = _transport(scope)
        raw = transport.get_extra_info("socket")
        if raw is not None:
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
        _transport(scope).close()
