"""The commands that are measured: those of a checkout, and the programs beside the project."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from bench.databases import Database
from bench.processes import Measured, run
from bench.recorded_responses import Api

HERE = Path(__file__).parents[1]


class Job:
    """The project of one checkout, with a separate database and working folders.

    Args:
        name: of its schema or file.
        checkout: folder with the code. Its `.venv` is used if it has one.
        database: that it loads.
        folder: for the working files of dlt and dbt.
        api: that it fetches from.
        settings: environment variables of the extractor.

    Attributes:
        name: of its schema or file.
        environment: of its commands.
    """

    def __init__(
        self,
        name: str,
        checkout: Path,
        database: Database,
        folder: Path,
        api: Api,
        settings: Mapping[str, str],
    ) -> None:
        self.name = name
        self._checkout, self._database, self._folder = checkout.resolve(), database, folder / name
        python = self._checkout / ".venv" / "bin" / "python"
        self._python = str(python) if python.exists() else sys.executable
        self.environment = {
            **database.environment(name),
            "PYTHONPATH": str(self._checkout),
            "SOURCES__SPORTMONKS__BASE_URL": api.base_url,
            "SOURCES__SPORTMONKS__API_TOKEN": api.token,
            "DLT_DATA_DIR": str(self._folder / "dlt"),
            "DBT_TARGET_PATH": str(self._folder / "target"),
            "DBT_LOG_PATH": str(self._folder / "logs"),
            **settings,
        }

    def extract(self, *arguments: str) -> Measured:
        """Runs `extract`, whose output is the JSON of its figures."""
        return self._run("extract", "extract", *arguments, "--json")

    def transform(self, *arguments: str) -> Measured:
        """Runs `transform`."""
        return self._run("extract", "transform", *arguments)

    def run(self, *arguments: str) -> Measured:
        """Runs `run`: both in one process."""
        return self._run("extract", "run", *arguments)

    def import_extract(self) -> Measured:
        """Starts Python and imports what an extract needs, which takes part of each extract."""
        return self._run("timeit", "-n1", "-r1", "import extract.runs.run")

    def empty(self) -> None:
        """Removes all loaded data and dlt's state."""
        shutil.rmtree(self._folder / "dlt", ignore_errors=True)
        self._database.empty(self.name)

    def forget_parsed(self) -> None:
        """Removes what dbt has parsed: the next transform parses the whole project."""
        shutil.rmtree(self._folder / "target", ignore_errors=True)

    def _run(self, module: str, *arguments: str) -> Measured:
        return run(
            module,
            *arguments,
            environment=self.environment,
            server_cpu=self._database.server_cpu,
            python=self._python,
            folder=self._checkout,
        )


class Program:
    """The baseline or the naive script, with a separate database.

    Args:
        name: of its schema or file.
        module: of `bench`.
        options: its last arguments.
        database: that it loads.
        api: that it fetches from.
    """

    def __init__(self, name: str, module: str, *options: str, database: Database, api: Api) -> None:
        self.name = name
        self._module, self._options, self._database, self._api = module, options, database, api

    def load(self, ids: Path) -> Measured:
        """Fetches these fixtures into an empty database."""
        self._database.empty(self.name)
        address = f"{self._database.engine}:{self._database.place(self.name)}"
        return run(
            f"bench.{self._module}",
            *(self._api.base_url, self._api.token, str(ids), address, *self._options),
            environment=self._database.environment(self.name),
            server_cpu=self._database.server_cpu,
            folder=HERE,
        )
