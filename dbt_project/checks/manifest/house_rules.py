"""Rules that dbt-bouncer has no check for."""

import re
from typing import Any

from dbt_bouncer.check_framework.decorator import check, fail


@check
def check_model_key_is_primary(model: Any) -> None:
    """The unique key of a model is its primary key, so that the database enforces it."""
    keys = [set(rule.columns) for rule in model.constraints or [] if _is_primary_key(rule)]
    keys += [
        {name}
        for name, column in model.columns.items()
        if any(map(_is_primary_key, column.constraints or []))
    ]
    if len(keys) != 1:
        fail(f"`{model.name}` has {len(keys)} primary keys among its constraints, not one.")
    unique_key = model.config.unique_key or list(keys[0])
    if keys[0] != ({unique_key} if isinstance(unique_key, str) else set(unique_key)):
        fail(f"`{model.name}` has the primary key {sorted(keys[0])}, but unique_key={unique_key}.")


@check
def check_view_has_unique_test(model: Any, ctx: Any) -> None:
    """A view has a test of its key, because it cannot have a constraint."""
    tests = ctx.tests_by_attached_node.get(model.unique_id, [])
    rules = {test.test_metadata.name for test in tests if test.test_metadata}
    if model.config.materialized == "view" and not rules & {"unique", "unique_combination"}:
        fail(f"`{model.name}` has no test of its key.")


def _is_primary_key(constraint: Any) -> bool:
    return str(getattr(constraint.type, "value", constraint.type)) == "primary_key"


@check
def check_source_loaded_at_populated(source: Any) -> None:
    """Every source names the column with the time of loading."""
    if not (source.loaded_at_field or source.loaded_at_query):
        fail(f"`{source.source_name}.{source.name}` has neither loaded_at_field nor _query.")


@check
def check_source_columns_populated(source: Any) -> None:
    """Every source lists its columns, each with a description."""
    if not source.columns:
        fail(f"`{source.source_name}.{source.name}` lists no columns.")
    bare = [name for name, column in source.columns.items() if not column.description]
    if bare:
        fail(f"`{source.source_name}.{source.name}` has columns without a description: {bare}.")


@check
def check_macro_documented(macro: Any) -> None:
    """A macro has a description, and each of its arguments is described too."""
    # dbt generates the signature of a materialization.
    if _is_of_one_engine(macro.name) or macro.name.startswith("materialization_"):
        return
    if not macro.description:
        fail(f"`{macro.name}` has no description.")
    signature = re.search(r"\b(?:macro|test)\s+\w+\((.*?)\)\s*-?%}", macro.macro_sql, re.DOTALL)
    names = re.findall(r"(?:^|,)\s*(\w+)", signature[1]) if signature else []
    described = [argument.name for argument in macro.arguments or [] if argument.description]
    if names != described:
        fail(f"`{macro.name}` has the arguments {names}, and describes {described}.")


@check
def check_macro_called(macro: Any, ctx: Any) -> None:
    """A macro is called by another macro, a model or a test."""
    # dbt finds these by their name.
    prefixes = ("get_incremental_", "materialization_", "test_")
    if macro.name.startswith(prefixes) or _is_of_one_engine(macro.name):
        return
    manifest = ctx.manifest_obj.manifest
    callers = [*manifest.nodes.values(), *manifest.macros.values()]
    if not any(macro.unique_id in caller.depends_on.macros for caller in callers):
        fail(f"`{macro.name}` is never called.")


def _is_of_one_engine(name: str) -> bool:
    # adapter.dispatch calls spark__x and default__x as x.
    return name.startswith(("default__", "duckdb__", "postgres__", "spark__"))


@check
def check_test_explained(test: Any) -> None:
    """A singular test has a description."""
    if not test.test_metadata and not test.description:
        fail(f"`{test.name}` has no description.")


@check
def check_unit_test_explained(unit_test: Any) -> None:
    """A unit test has a description."""
    if not unit_test.description:
        fail(f"`{unit_test.name}` has no description.")
