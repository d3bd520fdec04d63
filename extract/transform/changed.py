"""Chooses the models and tests that a small transform needs.

The project is the one that the last transform built, and all its tables are there. So views stay as
they are, and so do the tables and the checks whose raw tables have not changed.
"""

from collections.abc import Collection
from functools import cache

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from extract.config.paths import dbt_options

# `macros/materializations/incremental.sql` reads it too.
_TAG = "changed_since_last_transform"
SELECTION = ["--select", f"tag:{_TAG}", "--indirect-selection", "empty"]


def read_project(unchanged: Collection[str]) -> Manifest | None:
    """Reads the dbt project, and tags the models and tests that `SELECTION` selects.

    Args:
        unchanged: raw tables with the same rows as in the last transform, with their schema.

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
            return f"{source.schema}.{source.identifier}" not in unchanged
        node = manifest.nodes.get(unique_id)
        # A model without parents reads tables that dbt does not know.
        return not node or not node.depends_on_nodes or any(map(may_differ, node.depends_on_nodes))

    for unique_id, node in manifest.nodes.items():
        if node.config.materialized != "view" and may_differ(unique_id):
            node.tags.append(_TAG)
    return manifest
