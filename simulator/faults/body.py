"""Faults that change the bytes of the body, or its compression."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable

from simulator.faults.kind import Fault

# A letter that is not the first in its string; a number whose key is not an id.
_LETTER = re.compile(rb'(:"[^"\\]+?)[A-Za-z]')
_NUMBER = re.compile(rb'("\w*(?<!id)":)-?\d[\d.eE+-]*')


def invalid_utf8(fault: Fault, body: bytes) -> bytes:
    """Replace a letter in a string of `data` with the byte FF, which is never UTF-8."""
    return _replaced_in_data(_LETTER, rb"\1" + b"\xff", body)


def nan(fault: Fault, body: bytes) -> bytes:
    """Replace a number in `data` with NaN, which is not JSON."""
    return _replaced_in_data(_NUMBER, rb"\1NaN", body)


def cut_body(fault: Fault, body: bytes) -> bytes:
    """Send half of the body as if it were complete."""
    return body[: len(body) // 2]


def empty_body(fault: Fault, body: bytes) -> bytes:
    """Send 200 with an empty body."""
    return b""


def large_body(fault: Fault, body: bytes) -> bytes:
    """Pad the body to `megabytes` (default 30) with a key `padding`; it stays valid JSON."""
    start, end = body[:-1] + b',"padding":"', b'"}'
    size = int(float(fault.get("megabytes", 30)) * 1_000_000)
    return start + b"x" * (size - len(start) - len(end)) + end


def _replaced_in_data(pattern: re.Pattern[bytes], replacement: bytes, body: bytes) -> bytes:
    """Replace the first match in `data`, or the first after it."""
    start = max(0, body.find(b'"data":'))
    return body[:start] + pattern.sub(replacement, body[start:], count=1)


BODY_FAULTS: dict[str, Callable[[Fault, bytes], bytes]] = {
    "invalid_utf8": invalid_utf8,
    "nan": nan,
    "cut_body": cut_body,
    "empty_body": empty_body,
    "large_body": large_body,
}

# ---------------------------------------------------------------------- wrong compression


def lying_gzip(body: bytes) -> bytes:
    """Send the uncompressed body with the header `Content-Encoding: gzip`."""
    return body


def broken_gzip(body: bytes) -> bytes:
    """Send gzip that is corrupt in the middle."""
    compressor = zlib.compressobj(wbits=31)
    half = len(body) // 2
    # A flush starts a new block, and no block starts with FF. Corruption elsewhere might still
    # decompress, to other content or with a wrong checksum.
    first = compressor.compress(body[:half]) + compressor.flush(zlib.Z_FULL_FLUSH)
    return first + b"\xff" + compressor.compress(body[half:]) + compressor.flush()


ENCODING_FAULTS: dict[str, Callable[[bytes], bytes]] = {
    "lying_gzip": lying_gzip,
    "broken_gzip": broken_gzip,
}
"""From the body to what is sent as gzip, whether the client accepts gzip or not."""
