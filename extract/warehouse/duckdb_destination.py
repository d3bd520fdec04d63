"""dlt's DuckDB destination, for a file that a connection has attached, without staging tables."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dlt.common.configuration import configspec
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.destination.client import FollowupJobRequest, LoadJob
from dlt.common.destination.typing import PreparedTableSchema
from dlt.common.normalizers.naming import NamingConvention
from dlt.common.schema import Schema
from dlt.destinations import duckdb
from dlt.destinations.impl.duckdb.configuration import DuckDbClientConfiguration
from dlt.destinations.impl.duckdb.duck import DuckDbClient, DuckDbCopyJob
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient

from extract.warehouse.raw_tables import KEYS, TIMES

if TYPE_CHECKING:
    from dlt.common.destination import Destination
    from duckdb import DuckDBPyConnection


@configspec(init=False)
class _Configuration(DuckDbClientConfiguration):
    def __str__(self) -> str:
        # dlt calls this after each load. The inherited method imports SQLAlchemy to write a URL.
        return self.data_location()


class _MergeJob(DuckDbCopyJob):
    """Merges a file into its table, in one transaction, so that it may be repeated.

    dlt would copy the file into a staging table first, which takes twice the time and memory. A
    stored row stays if it is newer than the loaded one, as with `raw_tables.newest_wins`.
    """

    def __init__(self, file_path: str, table: str) -> None:
        super().__init__(file_path)
        self._table = table

    def run(self) -> None:
        client = self._job_client.sql_client
        target = client.make_qualified_table_name(self._table)
        keys, time = ", ".join(KEYS[self._table]), TIMES[self._table]
        same = " and ".join(f"stored.{key} = loaded.{key}" for key in KEYS[self._table])
        path = self._file_path.replace("'", "''")
        rows = f"read_parquet('{path}', file_row_number = true)"
        with client.begin_transaction():
            client.execute_sql(
                f"delete from {target} as stored using "
                f"(select {keys}, max({time}) as {time} from {rows} group by {keys}) as loaded "
                f"where {same} and (stored.{time} > loaded.{time}) is not true"
            )
            # By their numbers: with a join in the insert, DuckDB would hold all payloads in memory.
            unwanted = client.execute_sql(
                f"select file_row_number from {rows} as loaded where file_row_number not in "
                f"(select max_by(file_row_number, coalesce({time}, timestamptz '-infinity')) "
                f"from {rows} group by {keys}) "
                f"or exists (select 1 from {target} as stored where {same})"
            )
            numbers = ", ".join(str(number) for (number,) in unwanted or ())
            client.execute_sql(
                f"insert into {target} by name select * exclude (file_row_number) from {rows}"
                + (f" where file_row_number not in ({numbers})" if unwanted else "")
            )


def duckdb_destination(
    connection: "DuckDBPyConnection", catalog: str
) -> "Destination[DuckDbClientConfiguration, DuckDbClient]":
    """dlt's destination `duckdb`, which names the database in each statement.

    dlt works with copies of the connection, whose current database is not the attached one.

    Args:
        connection: has the file attached.
        catalog: the name that it is attached as.
    """

    class SqlClient(DuckDbSqlClient):
        def catalog_name(self, quote: bool = True, casefold: bool = True) -> str:
            return self.escape_column_name(catalog, quote, casefold)

    class JobClient(DuckDbClient):
        def __init__(
            self,
            schema: Schema,
            config: DuckDbClientConfiguration,
            capabilities: DestinationCapabilitiesContext,
        ) -> None:
            super().__init__(schema, config, capabilities)
            plain = self.sql_client
            self.sql_client = SqlClient(
                plain.dataset_name, plain.staging_dataset_name, config.credentials, capabilities
            )

        def should_load_data_to_staging_dataset(self, table_name: str) -> bool:
            return False

        def create_load_job(
            self, table: PreparedTableSchema, file_path: str, load_id: str, restore: bool = False
        ) -> LoadJob:
            if table["name"] in KEYS:
                return _MergeJob(file_path, table["name"])
            return super().create_load_job(table, file_path, load_id, restore)

        def _create_merge_followup_jobs(
            self, table_chain: Sequence[PreparedTableSchema]
        ) -> list[FollowupJobRequest]:
            # The file is merged already.
            return []

    class DuckDbDestination(duckdb):
        # dlt stores the type with its state, and looks for settings under the name.
        destination_type = "dlt.destinations.duckdb"
        client_class = JobClient
        spec: type[DuckDbClientConfiguration] = _Configuration

        def capabilities(
            self,
            config: DuckDbClientConfiguration | None = None,
            naming: NamingConvention | None = None,
        ) -> DestinationCapabilitiesContext:
            # No setting changes them. dlt would read all settings, seven times in a load.
            return super().capabilities(self.spec() if config is None else config, naming)

    # One after the other: two files of a table may have the same key.
    return DuckDbDestination(connection, loader_parallelism_strategy="sequential")
