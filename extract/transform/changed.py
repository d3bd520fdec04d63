"""Chooses the models and tests that a small transform needs.

The project is the one that the last transform built, and all its tables are there. So views stay as
they are, and so do the tables and the checks whose raw tables have not changed. Empty tables of
parts that no payload has, such as `lineups`, stay empty.
"""

from collections.abc import Collection
from functools import cache

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from extract.config.paths import dbt_options
from extract.warehouse.base import Warehouse

# `macros/materializations/incremental.sql` reads it too.
_TAG = "changed_since_last_transform"
_KEYS = "select distinct non_empty_keys from {raw}.fixtures"
SELECTION = ["--select", f"tag:{_TAG}", "--indirect-selection", "empty"]


def read_project(warehouse: Warehouse, unchanged: Collection[str]) -> Manifest | None:
    """Reads the dbt project, and tags the models and tests that `SELECTION` selects.

    Args:
        warehouse: the warehouse that the transform builds in.
        unchanged: raw tables with the same rows as in the last transform, with their schema.

    Returns:
        The project, None if dbt cannot read it. `dbt build` then says why.
    """
    options = [*dbt_options(), "--log-level", "none", "--no-write-json"]
    manifest = dbtRunner().invoke(["parse", *options]).result
    if not isinstance(manifest, Manifest):
        return None

    empty = _tables_that_stay_empty(warehouse, manifest)

    @cache
    def may_differ(unique_id: str) -> bool:
        if source := manifest.sources.get(unique_id):
            return f"{source.schema}.{source.identifier}" not in unchanged
        node = manifest.nodes.get(unique_id)
        # A check of an empty table finds nothing.
        if unique_id in empty or getattr(node, "attached_node", None) in empty:
            return False
        # A model without parents reads tables that dbt does not know.
        return not node or not node.depends_on_nodes or any(map(may_differ, node.depends_on_nodes))

    for unique_id, node in manifest.nodes.items():
        if node.config.materialized != "view" and may_differ(unique_id):
            node.tags.append(_TAG)
    return manifest


def _tables_that_stay_empty(warehouse: Warehouse, manifest: Manifest) -> set[str]:
    """The models of parts that no payload has, if their tables are empty.

    A table can have rows although no payload has the part any more: a payload that was fetched
    without an include leaves its rows, and they go with the fixture.
    """
    keys = {key for (key,) in warehouse.query(_KEYS.format(raw=warehouse.raw))}
    # A payload without this note may have any part.
    if None in keys:
        return set()
    stored = {part for key in keys for part in key.split(",")}
    unused = {
        unique_id: f"{node.schema}.{node.alias}"
        for unique_id, node in manifest.nodes.items()
        # The rows of these models are the elements of their parts: macros/payload/models.sql.
        if (payload := node.config.meta.get("payload"))
        and payload["source"] == "fixtures"
        and payload["kind"] != "root"
        and stored.isdisjoint(payload["paths"])
    }
    if not unused:
        return set()
    filled = " union all ".join(
        f"select '{unique_id}' where exists (select 1 from {table})"
        for unique_id, table in unused.items()
    )
    return unused.keys() - {unique_id for (unique_id,) in warehouse.query(filled)}
