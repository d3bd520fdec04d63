"""Faults of the body's bytes and of its compression."""

from __future__ import annotations

import gzip
import json
import zlib

import orjson
import pytest
import requests

from tests.simulator.client import Client, finished


def raw(client: Client, path: str, encoding: str) -> tuple[bytes, str | None]:
    """Return the body as it was sent, with its right length, and how it is encoded."""
    url, headers = f"{client.api.base_url}/{path}", {"Accept-Encoding": encoding}
    with client.session.get(url, headers=headers, timeout=10, stream=True) as response:
        assert response.status_code == 200
        body = response.raw.read(decode_content=False)
        assert len(body) == int(response.headers["content-length"])
        return body, response.headers.get("content-encoding")


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
@pytest.mark.parametrize("one", [True, False])
@pytest.mark.parametrize("kind", ["invalid_utf8", "nan", "cut_body", "empty_body", "large_body"])
def test_faults_in_the_bytes(client: Client, kind: str, one: bool, encoding: str) -> None:
    faulty, other = finished(client.api)[:2]
    path = f"football/fixtures/{faulty}" if one else f"football/fixtures/multi/{faulty},{other}"
    control = client.api.control
    control.faults([{"kind": kind, "megabytes": 2, "fixture_ids": [faulty]}])
    assert client.multi(other)[0]["id"] == other
    body, encoded = raw(client, path, encoding)
    body = gzip.decompress(body) if encoded == "gzip" else body
    control.clear_faults()
    right = client.get(path).json()["data"]
    if kind == "invalid_utf8":
        before, after = body.split(b"\xff")
        assert before.startswith(b'{"data":')
        json.loads(before + b"x" + after)
    elif kind == "nan":
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(body)
        found = json.loads(body)["data"]
        found = found if one else found[0]
        (wrong,) = [key for key, value in found.items() if value != value]
        assert wrong != "id"
    elif kind == "cut_body":
        assert body.startswith(b'{"data":')
        assert not body.endswith(b"}")
    elif kind == "empty_body":
        assert body == b""
    else:
        content = json.loads(body)
        assert len(body) == 2_000_000
        assert set(content.pop("padding")) == {"x"}
        assert content["data"]["id"] == faulty if one else len(content["data"]) == 2
        assert encoded == (None if encoding == "identity" else "gzip")
    assert right["id"] == faulty if one else len(right) == 2


@pytest.mark.parametrize("path", ["football/states", "football/fixtures/latest"])
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_faults_in_the_compression(client: Client, path: str, encoding: str) -> None:
    client.api.control.faults([{"kind": "lying_gzip"}])
    body, encoded = raw(client, path, encoding)
    assert encoded == "gzip"
    assert "subscription" in json.loads(body)
    with pytest.raises(requests.exceptions.ContentDecodingError):
        client.get(path)
    client.api.control.faults([{"kind": "broken_gzip"}])
    body, encoded = raw(client, path, encoding)
    assert (body[:2], encoded) == (b"\x1f\x8b", "gzip")
    unpacker = zlib.decompressobj(wbits=31)
    assert unpacker.decompress(body[: len(body) // 3])
    with pytest.raises(zlib.error):
        unpacker.decompress(body[len(body) // 3 :])
    with pytest.raises(requests.exceptions.ContentDecodingError):
        client.get(path)
