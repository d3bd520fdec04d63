"""A TCP proxy between a process and a PostgreSQL server, which can cut the connections.

It is a process of its own, `python -m tests.support.tcp_proxy FOLDER HOST PORT`, because the tested
process may hold Python's lock while it sends. Each line on its standard input is a command: `cut`
or `restore`.
"""

import contextlib
import socket
import subprocess
import sys
import threading
from pathlib import Path


class Relay:
    """The process, for the test.

    Attributes:
        host: what `PGHOST` is to be; the port is 5432.
    """

    def __init__(self, folder: Path, host: str, port: str) -> None:
        self.host = str(folder)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.tcp_proxy", self.host, host, port],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def cut(self) -> None:
        """Ends every connection, and refuses new ones."""
        self._tell("cut")

    def restore(self) -> None:
        """Passes new connections on again."""
        self._tell("restore")

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
        Path(self.host, ".s.PGSQL.5432").unlink()

    def _tell(self, command: str) -> None:
        assert self._process.stdin
        print(command, file=self._process.stdin, flush=True)
        self._answer()

    def _answer(self) -> None:
        assert self._process.stdout and self._process.stdout.readline() == "ready\n"


def main(folder: str, host: str, port: str) -> None:
    opened: list[socket.socket] = []
    reachable = threading.Event()
    reachable.set()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{folder}/.s.PGSQL.5432")
    listener.listen(64)

    def accept() -> None:
        while True:
            client, _ = listener.accept()
            if not reachable.is_set():
                client.close()
                continue
            upstream = connect(host, port)
            opened.extend([client, upstream])
            for source, target in ((client, upstream), (upstream, client)):
                threading.Thread(target=pass_on, args=(source, target), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    print("ready", flush=True)
    for line in sys.stdin:
        if line == "restore\n":
            reachable.set()
        else:
            reachable.clear()
            while opened:
                with contextlib.suppress(OSError):
                    opened.pop().shutdown(socket.SHUT_RDWR)
        print("ready", flush=True)


def connect(host: str, port: str) -> socket.socket:
    if not host.startswith("/"):
        return socket.create_connection((host, int(port)))
    upstream = socket.socket(socket.AF_UNIX)
    upstream.connect(f"{host}/.s.PGSQL.{port}")
    return upstream


def pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    main(*sys.argv[1:])
