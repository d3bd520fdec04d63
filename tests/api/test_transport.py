"""One deadline for a whole exchange, and a limit for the size of a response."""

import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from extract.api.client import SportmonksClient
from extract.errors import UnavailableError
from simulator import Simulator
from tests.support.client import client_settings
from tests.support.pipeline import Job, requested_ids, setting

# Asks once, and prints how many megabytes of memory that took at most, and what came of it.
MEASURED = """
import json, resource, sys
from extract.api.client import SportmonksClient
from extract.errors import UnavailableError
from extract.config.settings import Settings

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000

settings = Settings()
settings.base_url, settings.api_token, settings.max_answer_size = sys.argv[1], "demo-token", 20
client = SportmonksClient(settings)
client.get_once("football/leagues", {})
before = peak()
try:
    client.get_once("football/states", {})
    error = None
except UnavailableError as unusable:
    error = str(unusable)
*_, call = client.drain_calls()
client.get_once("football/leagues", {})
print(json.dumps([peak() - before, error, call.error, call.status, call.bytes]))
"""


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_that_is_too_large_is_not_read(api: Simulator, packed: bool) -> None:
    api.control.faults([{"kind": "flood", "packed": packed, "path": "states"}])
    run = subprocess.run(
        [sys.executable, "-c", MEASURED, api.base_url], check=True, capture_output=True, text=True
    )
    megabytes, error, recorded, status, received = json.loads(run.stdout)
    assert error == recorded == "The response is larger than 20 MB (`max_answer_size`)."
    assert megabytes < 60
    assert status == 200
    assert received < 22_000_000


def test_an_answer_of_the_largest_size_is_read(api: Simulator) -> None:
    client = SportmonksClient(client_settings(api, max_answer_size=3.001))
    for packed in (False, True):
        api.control.faults([{"kind": "flood", "megabytes": 3, "packed": packed}])
        assert client.get_once("football/states", {}).rows == []


def test_a_batch_whose_answer_is_too_large_is_split(
    duckdb_job: Job, api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(setting("MAX_ANSWER_SIZE"), "1")
    monkeypatch.setenv(setting("TRIES"), "1")
    ids = api.world.fixture_ids()[:4]
    fault = {"kind": "flood", "megabytes": 2, "path": "multi", "fixture_ids": ids[:1]}
    api.control.faults([fault])
    named = ",".join(map(str, ids))
    result = duckdb_job.extract("--fixture-ids", named, "--json", code=1)
    summary = json.loads(result.stdout)
    assert (summary["stored"], summary["failed_ids"]) == (3, ids[:1])
    assert [len(each) for each in requested_ids(api)] == [4, 2, 2, 1, 1]
    recorded = duckdb_job.query(
        "select distinct error from sportmonks_raw.api_calls where error is not null"
    )
    assert recorded == [("The response is larger than 1 MB (`max_answer_size`).",)]


@pytest.mark.parametrize(
    ("fault", "status"),
    [({"kind": "hang"}, None), ({"kind": "drip_headers"}, None), ({"kind": "drip"}, 200)],
    ids=lambda fault: str(fault["kind"]) if isinstance(fault, dict) else "",
)
def test_the_time_out_is_for_all_of_an_answer(
    api: Simulator, fault: dict[str, Any], status: int | None
) -> None:
    client = SportmonksClient(client_settings(api, timeout=0.6))
    client.get_once("football/leagues", {})
    api.control.faults([{**fault, "path": "states"}])
    assert_gives_up(client, 0.6)
    *_, call = client.drain_calls()
    assert call.error == f"No complete response within 0.6 s from {api.base_url}."
    assert call.status == status
    assert 0.6 <= call.seconds < 2
    assert client.get_once("football/leagues", {}).rows


def assert_gives_up(client: SportmonksClient, seconds: float) -> None:
    began = time.monotonic()
    with pytest.raises(UnavailableError, match="No complete response within"):
        client.get_once("football/states", {})
    assert seconds * 0.9 < time.monotonic() - began < seconds + 1.5


Serve = Callable[[socket.socket], None]


@pytest.fixture
def serving() -> Iterator[Callable[[Serve], int]]:
    """Starts a server that does something with each connection; its port."""
    sockets: list[socket.socket] = []

    def start(serve: Serve) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        sockets.append(listener)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    sockets.append(connection)
                    threading.Thread(target=serve_it, args=[connection], daemon=True).start()

        def serve_it(connection: socket.socket) -> None:
            with suppress(OSError), closing(connection):
                serve(connection)

        threading.Thread(target=accept, daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for each in sockets:
        each.close()


def drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nx-padding: ")
    while True:
        connection.sendall(b"0")
        time.sleep(0.1)


def test_the_time_out_is_for_tls_too(
    api: Simulator, serving: Callable[[Serve], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=here"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key)]
    subprocess.run([*command, "-out", str(certificate)], check=True, capture_output=True)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def drip_packed(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            wrapped.recv(10_000)
            drip(wrapped)

    def answer_packed(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            wrapped.recv(10_000)
            wrapped.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"data":[]}')

    def shake_no_hand(connection: socket.socket) -> None:
        time.sleep(30)

    def client(serve: Serve) -> SportmonksClient:
        address = f"https://127.0.0.1:{serving(serve)}/v3"
        return SportmonksClient(client_settings(api, timeout=1, base_url=address))

    assert client(answer_packed).get_once("football/states", {}).rows == []
    assert_gives_up(client(drip_packed), 1)
    assert_gives_up(client(shake_no_hand), 1)


def test_the_time_out_is_for_a_proxy_too(
    api: Simulator, serving: Callable[[Serve], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{serving(drip)}")
    chosen = client_settings(api, timeout=0.6, base_url="https://api.example.com/v3")
    assert_gives_up(SportmonksClient(chosen), 0.6)


def test_the_time_out_is_for_all_addresses_of_a_host(
    api: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as full, socket.socket() as waiting:
        full.bind(("", 0))
        full.listen(0)
        port = full.getsockname()[1]
        # The only place in the queue: who comes later waits for a place.
        waiting.connect(("127.0.0.1", port))
        addresses = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{last}", port))
            for last in range(1, 6)
        ]
        find = socket.getaddrinfo

        def getaddrinfo(host: str, *others: Any, **options: Any) -> Any:
            return addresses if host == "many.example.com" else find(host, *others, **options)

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        chosen = client_settings(api, timeout=0.6, base_url=f"http://many.example.com:{port}/v3")
        assert_gives_up(SportmonksClient(chosen), 0.6)
