"""Defaults of this project for dlt's own settings.

They have the lowest priority: the environment and `.dlt/config.toml` of the working directory
override them. Without that file, as in an installed package, dlt would use its own defaults.
"""

from typing import Any

import dlt
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

from extract.errors import UsageError

# `.dlt/config.toml` explains each of them.
DLT_DEFAULTS: dict[str, Any] = {
    "restore_from_destination": False,
    "runtime.dlthub_telemetry": False,
    "runtime.intercept_signals": False,
    "runtime.log_level": "CRITICAL",
    "data_writer.disable_compression": True,
    "data_writer.buffer_max_items": 1,
    "load.delete_completed_jobs": True,
    "load.truncate_staging_dataset": True,
    "destination.postgres.create_indexes": False,
}


def register_dlt_defaults() -> None:
    """Makes dlt use the defaults of this project. Further calls do nothing.

    They become part of what dlt has read from `config.toml`, in memory. dlt looks up hundreds of
    settings in a load, and in a provider of their own, each lookup took half as long again.

    Raises:
        UsageError: a section of `config.toml` has a single value.
    """
    missing = {name: value for name, value in DLT_DEFAULTS.items() if dlt.config.get(name) is None}
    for name, value in missing.items():
        try:
            dlt.config[name] = value
        except (KeyError, TypeError) as error:
            section = name.rpartition(".")[0]
            raise UsageError(
                f"In .dlt/config.toml, {section} must be a section: [{section}]."
            ) from error
    if missing:
        # dlt has set up its logger already, without these defaults.
        Container()[PluggableRunContext].initialize_runtime()
