"""dlt's DuckDB destination, for a file that a connection has attached."""

from typing import TYPE_CHECKING

from dlt.common.configuration import configspec
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.normalizers.naming import NamingConvention
from dlt.common.schema import Schema
from dlt.destinations import duckdb
from dlt.destinations.impl.duckdb.configuration import DuckDbClientConfiguration
from dlt.destinations.impl.duckdb.duck import DuckDbClient
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient

if TYPE_CHECKING:
    from dlt.common.destination import Destination
    from duckdb import DuckDBPyConnection


@configspec(init=False)
class _Configuration(DuckDbClientConfiguration):
    def __str__(self) -> str:
        # dlt asks for it after each load, and would import SQLAlchemy to write a URL.
        return self.data_location()


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

    return DuckDbDestination(connection)
