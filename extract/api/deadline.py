"""HTTP with a deadline for the whole exchange and a limit for the size of a response.

The time-out of requests limits the silence between two bytes: a server that sends a byte now and
then can hold a request for ever. Here one deadline limits all waits, from the connection to the
last byte of the body.
"""

import io
import socket
import time
import zlib
from http.client import HTTPResponse
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
)
from urllib3.poolmanager import ProxyManager

_READ = 1 << 20
# Of gzip, with its header.
_GZIP = 31


class TooLargeError(Exception):
    """A response has more bytes than are allowed, compressed or not."""


class _DeadlineReader(io.RawIOBase):
    """Reads from a socket until a deadline."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock = sock
        self._deadline = deadline
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(_seconds_until(self._deadline))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _DeadlineSocket:
    """The part of a socket that `http.client` needs to read a response."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._reader = _DeadlineReader(sock, deadline)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._reader)


class _DeadlineMixin(HTTPConnection):
    """A connection whose time-out covers all operations until it is set again.

    urllib3 sets it before it connects, and again, to the rest, before it reads the response.
    """

    _deadline = 0.0

    def response_class(  # type: ignore[override]
        self, sock: socket.socket, *args: Any, **options: Any
    ) -> HTTPResponse:
        """The response of the proxy or the server, readable until the deadline."""
        return HTTPResponse(_DeadlineSocket(sock, self._deadline), *args, **options)  # type: ignore[arg-type]

    def getresponse(self) -> Any:
        self._deadline = time.monotonic() + float(self.timeout or 0)
        return super().getresponse()

    def _new_conn(self) -> socket.socket:
        """Connects to the first address that accepts a connection, all within one time-out."""
        host, timeout = self._dns_host, self.timeout
        self._deadline = time.monotonic() + float(timeout or 0)
        try:
            addresses = socket.getaddrinfo(host.strip("[]"), self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as unknown:
            raise NameResolutionError(host, self, unknown) from unknown
        except UnicodeError:
            raise LocationParseError(host) from None
        error: Exception | None = None
        for address in dict.fromkeys(str(found[4][0]) for found in addresses):
            try:
                self._dns_host, self.timeout = address, _seconds_until(self._deadline)
                sock = super()._new_conn()
                # The rest is for the TLS handshake.
                sock.settimeout(_seconds_until(self._deadline))
                return sock
            except TimeoutError as timed_out:
                raise ConnectTimeoutError(self, f"Connection to {host} timed out.") from timed_out
            except (NewConnectionError, ConnectTimeoutError) as failed:
                error = failed
            finally:
                self._dns_host, self.timeout = host, timeout
        raise error or NewConnectionError(self, f"{host} has no address.")


class _DeadlineHTTPConnection(_DeadlineMixin, HTTPConnection):
    pass


class _DeadlineHTTPSConnection(_DeadlineMixin, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _DeadlineHTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _DeadlineHTTPSConnection


_POOLS = {"http": _HTTPPool, "https": _HTTPSPool}


class DeadlineAdapter(HTTPAdapter):
    """An adapter of requests with which `Timeout(total=…)` covers the streamed body too.

    Only the look-up of the host's name has the system's own time-out.
    """

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Creates connections with a deadline."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """Creates such connections through a proxy, unless it is a SOCKS proxy."""
        manager = super().proxy_manager_for(proxy, **options)
        if type(manager) is ProxyManager:
            manager.pool_classes_by_scheme = _POOLS
        return manager


def read_body(response: requests.Response, most: int) -> bytearray:
    """The body, decompressed.

    Args:
        response: a streamed response. Closing it before its end drops its connection.
        most: largest number of bytes, before and after decompression.

    Raises:
        TooLargeError: the body is larger.
        EOFError, zlib.error: the compression is invalid.
        requests.RequestException, urllib3.exceptions.HTTPError, OSError: the transfer fails, or
            does not end before the deadline.
    """
    is_packed = response.headers.get("Content-Encoding", "").strip().lower() == "gzip"
    unpacker = zlib.decompressobj(_GZIP)
    body = bytearray()
    received = 0
    while part := response.raw.read1(_READ, decode_content=False):
        received += len(part)
        while is_packed and part:
            if unpacker.eof:
                # Several gzip streams in a row are one body.
                unpacker = zlib.decompressobj(_GZIP)
            body += unpacker.decompress(part, _READ)
            part = unpacker.unused_data or unpacker.unconsumed_tail
            if len(body) > most:
                raise TooLargeError
        body += part
        if max(received, len(body)) > most:
            raise TooLargeError
    if is_packed and received and not unpacker.eof:
        raise EOFError
    return body


def _seconds_until(deadline: float) -> float:
    """Seconds until a deadline.

    Raises:
        TimeoutError: the deadline has passed.
    """
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("timed out")
    return seconds
