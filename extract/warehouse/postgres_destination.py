"""dlt's PostgreSQL destination, with a function that is called for each session it opens."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import psycopg2
from dlt.common.configuration import configspec
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.normalizers.naming import NamingConvention
from dlt.common.schema import Schema
from dlt.destinations import postgres
from dlt.destinations.impl.postgres.configuration import (
    PostgresClientConfiguration,
    PostgresCredentials,
)
from dlt.destinations.impl.postgres.postgres import PostgresClient
from dlt.destinations.impl.postgres.sql_client import Psycopg2SqlClient
from psycopg2.extensions import make_dsn

if TYPE_CHECKING:
    from dlt.common.destination import Destination


@configspec(init=False)
class _Credentials(PostgresCredentials):
    def to_native_representation(self) -> str:
        """What sessions are opened with. The inherited method imports SQLAlchemy to write a URL."""
        return make_dsn(
            host=self.host,
            port=self.port,
            user=self.username,
            dbname=self.database,
            **self.get_query(),
        )

    def __str__(self) -> str:
        # dlt calls this after each load, and the inherited method imports SQLAlchemy too.
        return f"{self.username}@{self.host}:{self.port}/{self.database}"


@configspec
class _Configuration(PostgresClientConfiguration):
    credentials: _Credentials = None  # type: ignore[assignment]


def postgres_destination(
    credentials: Mapping[str, Any], on_connect: Callable[["psycopg2.extensions.connection"], None]
) -> "Destination[Any, Any]":
    """dlt's destination `postgres`, which calls a function for each session it opens.

    Args:
        credentials: as dlt takes them.
        on_connect: called with each new session before dlt uses it. An error closes the session.
    """

    class SqlClient(Psycopg2SqlClient):
        def open_connection(self) -> "psycopg2.extensions.connection":
            connection: psycopg2.extensions.connection = super().open_connection()
            try:
                on_connect(connection)
            except BaseException:
                self.close_connection()
                raise
            return connection

    class JobClient(PostgresClient):
        def __init__(
            self,
            schema: Schema,
            config: PostgresClientConfiguration,
            capabilities: DestinationCapabilitiesContext,
        ) -> None:
            super().__init__(schema, config, capabilities)
            plain = self.sql_client
            self.sql_client = SqlClient(
                plain.dataset_name, plain.staging_dataset_name, config.credentials, capabilities
            )

    class PostgresDestination(postgres):
        # dlt stores the type with its state, and looks for settings under the name.
        destination_type = "dlt.destinations.postgres"
        client_class = JobClient
        spec: type[PostgresClientConfiguration] = _Configuration

        def capabilities(
            self,
            config: PostgresClientConfiguration | None = None,
            naming: NamingConvention | None = None,
        ) -> DestinationCapabilitiesContext:
            # No setting changes them. dlt would read all settings, seven times in a load.
            return super().capabilities(self.spec() if config is None else config, naming)

    return PostgresDestination(dict(credentials))
