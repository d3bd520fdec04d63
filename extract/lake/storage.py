"""Reads and writes the Delta tables of the lake: with dlt, and with delta-rs where dlt cannot."""

import os
import posixpath
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dlt
import pyarrow as pa
from deltalake import DeltaTable
from dlt.common.exceptions import MissingDependencyException
from dlt.common.libs.deltalake import deltalake_storage_options
from dlt.common.schema import Schema
from dlt.destinations.impl.filesystem.configuration import FilesystemDestinationClientConfiguration
from dlt.extract import DltResource

from extract.config.dlt_defaults import register_dlt_defaults
from extract.errors import ExtractError, UsageError, exception_chain
from extract.lake.tables import LakeTable

if TYPE_CHECKING:
    from dlt.destinations.impl.filesystem.filesystem import FilesystemClient

_PIPELINE = "lake"
# Keys in the predicate of one delete.
_DELETED_AT_ONCE = 1_000
# Variables whose values are secrets, by their names.
_SECRET_NAME = re.compile("SECRET|TOKEN|PASSWORD|CREDENTIALS|ACCESS_KEY|ACCOUNT_KEY|SAS", re.I)
_SHORTEST_SECRET = 4
_LONGEST_REASON = 300
# What object stores report when they are not given credentials, or the wrong ones.
_REFUSED = re.compile(
    "credential|unauthori[sz]ed|forbidden|access denied|signature|InvalidAccessKeyId|"
    r"\b40[13]\b",
    re.I,
)


class Lake:
    """The Delta tables of the raw schema, below the lake's address.

    Nothing that was written in part is ever continued: the next copy compares the tables again. So
    the working files of dlt may be lost, and those of a killed process are removed.

    Args:
        url: the lake's address, without secrets.
        dataset: the folder of the tables, named like the raw schema.
        folder: for dlt's working files. No other process may use it.

    Raises:
        UsageError: the lake cannot be reached as it is configured.
        ExtractError: it cannot be written.
    """

    def __init__(self, url: str, dataset: str, folder: Path) -> None:
        self.url = url
        self._folder = folder
        register_dlt_defaults()
        with self._as_extract_error():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            destination = dlt.destinations.filesystem(
                bucket_url=url,
                # Reads the keys of the new rows first, so that a merge reads only files that may
                # have them. By default it reads the whole table.
                deltalake_streamed_exec=False,
            )
            self._client: FilesystemClient = destination.client(
                Schema(_PIPELINE),
                FilesystemDestinationClientConfiguration()._bind_dataset_name(dataset_name=dataset),
            )
            self._options = deltalake_storage_options(
                self._client.config.credentials, self._client.config.deltalake_storage_options
            )
            self._pipeline = dlt.pipeline(
                pipeline_name=_PIPELINE,
                pipelines_dir=str(folder),
                destination=destination,
                dataset_name=dataset,
            )

            self._initialize()

    def close(self) -> None:
        """Removes the working files."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def prepare(self, table: LakeTable) -> None:
        """Creates a table that does not exist yet. dlt creates none without rows."""
        with self._as_extract_error():
            location = self._location(table.name)
            if not DeltaTable.is_deltatable(location, self._options):
                DeltaTable.create(
                    location,
                    schema=table.schema,
                    # A process that creates it at the same time is no error.
                    mode="ignore",
                    partition_by=[table.partition] if table.partition else None,
                    configuration=table.configuration,
                    storage_options=self._options,
                )

    def keys(self, table: LakeTable) -> pa.Table:
        """The columns of all rows that tell what has changed."""
        with self._as_extract_error():
            found = self._open(table.name).to_pyarrow_table(columns=table.compared)
            return found.cast(table.columns(table.compared))

    def merge(self, rows: dict[LakeTable, pa.Table]) -> None:
        """Inserts rows, and replaces those with the same key: one commit for each table.

        Args:
            rows: emptied, so that they can be freed meanwhile.
        """
        resources: list[DltResource] = []
        while rows:
            table, data = rows.popitem()
            resources.append(
                dlt.resource(
                    _given([data]),
                    name=table.name,
                    primary_key=table.merge_key,
                    write_disposition={"disposition": "merge", "strategy": "upsert"},
                    table_format="delta",
                    columns=_hints(table),
                )
            )
            del data
        with self._as_extract_error():
            self._pipeline.run(resources)

    def delete(self, table: LakeTable, keys: pa.Table) -> None:
        """Deletes rows by their key. dlt would need a column in the table that marks them.

        Args:
            table: of the rows.
            keys: the columns of its key.
        """
        with self._as_extract_error():
            for begin in range(0, keys.num_rows, _DELETED_AT_ONCE):
                some = keys.slice(begin, _DELETED_AT_ONCE).to_pylist()
                self._open(table.name).delete(_matches(table, some))

    def tables_of(self, database: str) -> list[str]:
        """The addresses of the Delta tables in a folder of the lake, by their names."""
        with self._as_extract_error():
            files = self._client.fs_client
            folder = self._client.pathlib.join(self._client.bucket_path, database)
            if not files.isdir(folder):
                return []
            names = [
                posixpath.basename(entry["name"].rstrip("/"))
                for entry in files.ls(folder, True)
                if entry["type"] == "directory"
            ]
            addresses = [f"{self.url}/{database}/{name}" for name in sorted(names)]
            return [each for each in addresses if DeltaTable.is_deltatable(each, self._options)]

    def compact(self, address: str) -> int:
        """Writes small files of a table together. Readers notice nothing.

        Returns:
            How many files there were.
        """
        with self._as_extract_error():
            metrics = self._table(address).optimize.compact()
            return int(metrics["numFilesRemoved"])

    def vacuum(self, address: str, keep_hours: int) -> int:
        """Removes files that no version of a table has needed for some hours.

        Among them are those of killed processes, which no version ever had.

        Returns:
            How many files.
        """
        with self._as_extract_error():
            table = self._table(address)
            removed = table.vacuum(
                keep_hours, dry_run=False, enforce_retention_duration=False, full=True
            )
            # The log of versions that are older than `delta.logRetentionDuration`, 30 days.
            table.create_checkpoint()
            table.cleanup_metadata()
            return len(removed)

    def forget_loads(self, keep_hours: int) -> None:
        """Removes dlt's notes of earlier loads: a file for each, which nothing reads."""
        with self._as_extract_error():
            oldest = time.time() - 3600 * keep_hours
            files = self._client.fs_client
            folder = self._client.get_table_dir(self._client.schema.loads_table_name)
            for path in files.ls(folder, False) if files.isdir(folder) else ():
                load = re.search(r"__(\d+\.\d+)\.", posixpath.basename(path))
                if load and float(load[1]) < oldest:
                    files.rm_file(path)

    def _table(self, address: str) -> DeltaTable:
        return DeltaTable(address, storage_options=self._options)

    def _initialize(self) -> None:
        """Creates the folder of the tables, with dlt's note of its version."""
        client = self._client
        if not client.fs_client.exists(client.init_file_path):
            # dlt itself fails for ever if it was killed between the folder and the note.
            client.fs_client.makedirs(client.dataset_path, exist_ok=True)
            client.create_dataset = lambda: None  # type: ignore[method-assign]
            client.initialize_storage()

    def _open(self, name: str) -> DeltaTable:
        return self._table(self._location(name))

    def _location(self, name: str) -> str:
        return self._client.get_open_table_location("delta", name)

    @contextmanager
    def _as_extract_error(self) -> Iterator[None]:
        """Turns any error of the lake into one line."""
        try:
            yield
        except ExtractError:
            raise
        except MissingDependencyException as error:
            raise UsageError(
                f"LAKE_URL is {self.url!r}, for which a package is missing: pip install "
                f"{' '.join(error.dependencies)}."
            ) from error
        except Exception as error:
            *_, first = exception_chain(error, with_context=True)
            # The lines of an error of delta-rs are a sentence.
            reason = _without_secrets(" ".join(str(first).split()) or type(first).__name__)
            reason = reason[:_LONGEST_REASON]
            if isinstance(first, PermissionError) or _REFUSED.search(reason):
                raise UsageError(
                    f"The lake {self.url} cannot be written: check its rights, and its credentials "
                    f"as docs/configuration.md shows ({reason})."
                ) from error
            raise ExtractError(f"The lake {self.url} cannot be written: {reason}.") from error


def _given(tables: list[pa.Table]) -> Iterator[pa.Table]:
    """Yields tables and forgets them. dlt keeps what it was given until garbage is collected."""
    while tables:
        yield tables.pop()


def _hints(table: LakeTable) -> dict[str, Any]:
    if table.partition is None:
        return {}
    # dlt forbids null in each column of the key.
    return {table.partition: {"partition": True, "nullable": True}}


def _matches(table: LakeTable, keys: list[dict[str, Any]]) -> str:
    """A condition of SQL that selects rows by their keys."""
    if len(table.key) == 1:
        (name,) = table.key
        return f"{name} in ({', '.join(_literal(key[name]) for key in keys)})"
    return " or ".join(
        "(" + " and ".join(f"{name} = {_literal(key[name])}" for name in table.key) + ")"
        for key in keys
    )


def _literal(value: Any) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return f"arrow_cast('{value.isoformat()}', 'Timestamp(Microsecond, Some(\"UTC\"))')"


def _without_secrets(text: str) -> str:
    """An error's text without values of variables that are secrets, should it quote one."""
    for name, value in os.environ.items():
        if _SECRET_NAME.search(name) and len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, "…")
    return text
