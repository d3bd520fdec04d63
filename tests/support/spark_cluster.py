"""A Spark cluster for the tests: a master and workers, each a process on this machine."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar
from urllib.request import urlopen

Found = TypeVar("Found")
# A master and a worker that have just started need few seconds; the machine may be busy.
_PATIENCE = 90
_WORKER = "org.apache.spark.deploy.worker.Worker"
_MASTER = "org.apache.spark.deploy.master.Master"
# Of each worker; its executor takes all of it.
EXECUTOR_MEMORY = "1g"
# No more than these variables reach the daemons, whose environment the executors inherit.
_KEPT = ("PATH", "HOME", "JAVA_HOME", "TMPDIR")
# Code that runs once is not worth the better compiler: it took a third of the CPU time. The other
# compiler alone has little room for its code, and cleared it all the time.
_JAVA = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m -XX:+UseParallelGC"
# Settings of the driver and of the executors that suit little data on a small machine. A file in
# the folder that SPARK_CONF_DIR names is Spark's own way to set them.
_DEFAULTS = {
    "spark.executor.memory": EXECUTOR_MEMORY,
    "spark.executor.cores": "1",
    "spark.driver.memory": "1536m",
    "spark.ui.enabled": "true",
    "spark.ui.port": "0",
    # One readable file for each application.
    "spark.eventLog.compress": "false",
    "spark.eventLog.rolling.enabled": "false",
    "spark.port.maxRetries": "50",
    "spark.databricks.delta.snapshotPartitions": "2",
    "spark.sql.shuffle.partitions": "4",
    "spark.driver.extraJavaOptions": _JAVA,
    "spark.executor.extraJavaOptions": _JAVA,
}


def missing() -> str | None:
    """Why no cluster can be started here, or None."""
    if not find_spec("pyspark"):
        return "pyspark is not installed: pip install '.[spark]'"
    home = os.environ.get("JAVA_HOME")
    if not (home and Path(home, "bin/java").exists()) and not shutil.which("java"):
        return "there is no Java: Spark needs Java 17, such as Debian's openjdk-17-jre-headless"
    return None


@dataclass
class Cluster:
    """A running standalone cluster.

    Attributes:
        folder: for its logs, the workers' files and the settings of the sessions.
        url: of the master, for `SPARK_MASTER`.
        pages: of the master, as web pages and JSON.
        workers: the processes of the workers.
    """

    folder: Path
    url: str = ""
    pages: str = ""
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _master: subprocess.Popen[bytes] | None = None

    @property
    def event_log(self) -> Path:
        """The folder of the event logs, a file for each application."""
        return self.folder / "events"

    def environment(self) -> dict[str, str]:
        """The variables by which a session uses this cluster."""
        return {
            "SPARK_MASTER": self.url,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_CONF_DIR": str(self.folder / "conf"),
            "SPARK_EVENT_LOG": self.event_log.as_uri(),
        }

    def start_master(self) -> None:
        conf = self.folder / "conf"
        conf.mkdir(parents=True)
        self.event_log.mkdir()
        lines = (f"{name} {value}\n" for name, value in _DEFAULTS.items())
        (conf / "spark-defaults.conf").write_text("".join(lines))
        self._master = self._start("master", _MASTER)
        # It chooses free ports and says which.
        log = self.folder / "master.log"
        self.url = _wait(lambda: _find(r"Starting Spark master at (spark://\S+)", log), log)
        self.pages = _wait(lambda: _find(r"MasterWebUI .* at (http://\S+)", log), log)

    def start_workers(self, count: int) -> None:
        """Starts workers of one core, and waits until the master knows them all."""
        expected = len(self.alive_workers()) + count
        for _ in range(count):
            name = f"worker-{len(self.workers)}"
            options = ["--cores", "1", "--memory", EXECUTOR_MEMORY]
            options += ["--work-dir", str(self.folder / name), self.url]
            self.workers.append(self._start(name, _WORKER, *options))
        log = self.folder / f"worker-{len(self.workers) - 1}.log"
        _wait(lambda: len(self.alive_workers()) >= expected, log)

    def alive_workers(self) -> list[dict[str, Any]]:
        return [worker for worker in self.state()["workers"] if worker["state"] == "ALIVE"]

    def state(self) -> dict[str, Any]:
        """What the master says of itself."""
        with urlopen(f"{self.pages}/json/", timeout=10) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
        return found

    def kill_worker(self, index: int) -> None:
        """Kills a worker and its executors, as a machine that fails."""
        worker = self.workers[index]
        for pid in (worker.pid, *_children(worker.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        worker.wait()

    def addresses(self) -> set[str]:
        """The addresses that the processes of the cluster listen on."""
        daemons = [process.pid for process in (self._master, *self.workers) if process]
        pids = {pid for daemon in daemons for pid in (daemon, *_children(daemon))}
        return {address for pid in pids for address in _listening(pid)}

    def end(self) -> None:
        """Ends all processes. A worker ends its executors."""
        processes = [*self.workers, *([self._master] if self._master else [])]
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, name: str, main: str, *arguments: str) -> subprocess.Popen[bytes]:
        home = spark_home()
        environment = {key: os.environ[key] for key in _KEPT if key in os.environ}
        environment |= {
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_DAEMON_MEMORY": "256m",
            "PYSPARK_PYTHON": sys.executable,
        }
        # A daemon ends with the tests, also when they are killed.
        command = ["setpriv", "--pdeathsig", "TERM", str(home / "bin/spark-class"), main]
        command += ["--host", "127.0.0.1"]
        command += ["--port", "0", "--webui-port", "0", *arguments]
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                command,
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C on the terminal ends the tests, and they end the cluster.
                start_new_session=True,
            )


@contextmanager
def running_cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """Starts a master and workers, which end with the block."""
    cluster = Cluster(folder)
    try:
        cluster.start_master()
        cluster.start_workers(workers)
        yield cluster
    finally:
        cluster.end()


def spark_home() -> Path:
    """The folder of Spark, which PySpark's package brings."""
    spec = find_spec("pyspark")
    assert spec and spec.origin
    return Path(spec.origin).parent


def read_events(log: Path) -> Iterator[dict[str, Any]]:
    """The events of an application, or of all applications of a folder."""
    files = [log] if log.is_file() else sorted(file for file in log.rglob("*") if file.is_file())
    for file in files:
        for line in file.read_text().splitlines():
            # The last line of an application that was killed may be half written.
            with suppress(json.JSONDecodeError):
                yield json.loads(line)


def tasks_by_executor(events: Iterator[dict[str, Any]]) -> Counter[str]:
    """How many tasks each executor has ended well."""
    return Counter(
        event["Task Info"]["Executor ID"]
        for event in events
        if event["Event"] == "SparkListenerTaskEnd" and not event["Task Info"]["Failed"]
    )


def _children(pid: int) -> list[int]:
    """The processes that one has started: those of a worker are its executors."""
    return [
        int(child)
        for thread in Path(f"/proc/{pid}/task").iterdir()
        for child in (thread / "children").read_text().split()
    ]


def _listening(pid: int) -> Iterator[str]:
    """The addresses that a process listens on, as Linux writes them."""
    sockets = set()
    # A file of it, or the whole process, may have gone meanwhile.
    with suppress(OSError):
        for handle in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                sockets.add(str(handle.readlink()))
        for table in ("tcp", "tcp6"):
            for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
                _, address, _, state, *others = line.split()
                if state == "0A" and f"socket:[{others[5]}]" in sockets:
                    yield address.partition(":")[0]


def _find(pattern: str, log: Path) -> str | None:
    found = re.search(pattern, log.read_text(errors="replace"))
    return found[1] if found else None


def _wait(look: Callable[[], Found | None], log: Path) -> Found:
    """Waits until there is something."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.2)
    raise AssertionError(f"Spark did not start:\n{log.read_text(errors='replace')[-3000:]}")
