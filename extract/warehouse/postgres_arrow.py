"""Reads rows of PostgreSQL as Arrow, through CSV: a tenth of the memory of Python objects."""

import pyarrow as pa
import pyarrow.csv as pc


def columns_for_copy(schema: pa.Schema) -> str:
    """The columns of a query whose CSV `read_copied` reads."""
    return ", ".join(map(_expression, schema))


def read_copied(rows: bytes, schema: pa.Schema) -> pa.Table:
    """Rows of CSV as Arrow.

    Args:
        rows: of `copy … to stdout with (format csv)`.
        schema: of the columns that `columns_for_copy` was called with.
    """
    if not rows:
        return schema.empty_table()
    plain = pa.schema([(column.name, _type_in_csv(column.type)) for column in schema])
    found = pc.read_csv(
        pa.BufferReader(rows),
        # One block: a payload may be longer than the default.
        read_options=pc.ReadOptions(column_names=schema.names, block_size=len(rows) + 1),
        parse_options=pc.ParseOptions(newlines_in_values=True),
        convert_options=pc.ConvertOptions(
            column_types=plain,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    return found.cast(pa.schema([(column.name, column.type) for column in schema])).cast(schema)


def _expression(column: pa.Field) -> str:
    if pa.types.is_timestamp(column.type):
        return f"cast(extract(epoch from {column.name}) * 1000000 as bigint) as {column.name}"
    if pa.types.is_string(column.type):
        return f"cast({column.name} as text) as {column.name}"
    return str(column.name)


def _type_in_csv(type_: pa.DataType) -> pa.DataType:
    """Timestamps are microseconds since 1970: their text depends on the session."""
    return pa.int64() if pa.types.is_timestamp(type_) else type_
