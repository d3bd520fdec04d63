"""Chooses the models and tests that a small transform needs.

The project is the one that the last transform built, and all its tables are there. So views stay as
they are, and so do the tables and the checks whose raw tables have not changed. A table that is made
from one part of the payloads, such as `lineups`, stays if no fixture has, had or has lost that part.
"""

from collections.abc import Collection
from functools import cache

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from extract.config.paths import dbt_options
from extract.transform.up_to_date import may_have_changed
from extract.warehouse.raw_tables import RECORDS

# `macros/materializations/incremental.sql` reads it too.
_TAG = "changed_since_last_transform"
SELECTION = ["--select", f"tag:{_TAG}", "--indirect-selection", "empty"]


def read_project(changed: Collection[str]) -> Manifest | None:
    """Reads the dbt project, and tags the models and tests that `SELECTION` selects.

    Args:
        changed: what has changed since the last transform, as in `LastBuild`.

    Returns:
        The project, None if dbt cannot read it. `dbt build` then says why.
    """
    options = [*dbt_options(), "--log-level", "none", "--no-write-json"]
    manifest = dbtRunner().invoke(["parse", *options]).result
    if not isinstance(manifest, Manifest):
        return None

    @cache
    def may_differ(unique_id: str) -> bool:
        if source := manifest.sources.get(unique_id):
            # Every run writes to its records.
            table = source.identifier
            return table in RECORDS or f"{source.schema}.{table}" in changed
        node = manifest.nodes.get(unique_id)
        # A model without parents reads tables that dbt does not know.
        if not node or not node.depends_on_nodes:
            return True
        payload = node.config.meta.get("payload", {})
        # The rows of these models are the elements of their parts: macros/payload/models.sql.
        if payload.get("source") == "fixtures" and payload["kind"] != "root":
            return may_have_changed(changed, payload["paths"])
        return any(map(may_differ, node.depends_on_nodes))

    for unique_id, node in manifest.nodes.items():
        if node.config.materialized != "view" and may_differ(unique_id):
            node.tags.append(_TAG)
    return manifest
