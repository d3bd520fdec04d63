"""The Delta tables of the lake: those of the raw schema, with their keys."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from extract.warehouse.raw_tables import DUE, KEYS, SCHEMAS

# The columns of the view, which the lake has a snapshot of.
_DUE_SCHEMA = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        ("season_id", pa.int64()),
        ("reason", pa.string()),
        ("checked_at", pa.timestamp("us", "UTC")),
    ]
)


@dataclass(frozen=True)
class LakeTable:
    """A raw table and its copy in the lake.

    Attributes:
        name: the same in the warehouse and in the lake.
        schema: its columns.
        key: its primary key.
        versions: columns whose values differ between two versions of a row.
        partition: column that has a folder for each of its values; None for none.
    """

    name: str
    schema: pa.Schema
    key: tuple[str, ...]
    versions: tuple[str, ...] = field(default=())
    partition: str | None = None

    @property
    def compared(self) -> list[str]:
        """The columns that tell what is new, changed or gone."""
        return list(dict.fromkeys([*self.key, *filter(None, [self.partition]), *self.versions]))

    @property
    def merge_key(self) -> list[str]:
        """The columns that a merge matches. With the partition, it reads no other folder."""
        return [*self.key, *filter(None, [self.partition])]

    @property
    def configuration(self) -> dict[str, str | None]:
        """Properties of the Delta table.

        Statistics of a payload would put whole payloads into the log of the table.
        """
        with_statistics = [name for name in self.compared if name != self.partition]
        return {"delta.dataSkippingStatsColumns": ",".join(with_statistics)}

    def columns(self, names: Sequence[str]) -> pa.Schema:
        """The schema of some columns."""
        return pa.schema([self.schema.field(name) for name in names])


def _times(schema: pa.Schema) -> tuple[str, ...]:
    return tuple(column.name for column in schema if pa.types.is_timestamp(column.type))


# An update changes fixtures of a few seasons, and rewrites the files of these.
_PARTITIONS = {"fixtures": "season_id"}

TABLES = (
    *(
        LakeTable(name, schema, KEYS[name], _times(schema), _PARTITIONS.get(name))
        for name, schema in SCHEMAS.items()
    ),
    LakeTable(DUE, _DUE_SCHEMA, ("id",), tuple(_DUE_SCHEMA.names[1:])),
)
