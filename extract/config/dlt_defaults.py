"""Defaults of this project for dlt's own settings.

They have the lowest priority: the environment and `.dlt/config.toml` of the working directory
override them. Without that file, as in an installed package, dlt would use its own defaults.
"""

from typing import Any

import dlt
from dlt.common.configuration.container import Container
from dlt.common.configuration.providers import CustomLoaderDocProvider
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext

# `.dlt/config.toml` explains each of them.
DLT_DEFAULTS: dict[str, Any] = {
    "restore_from_destination": False,
    "runtime": {
        "dlthub_telemetry": False,
        "intercept_signals": False,
        "log_level": "CRITICAL",
    },
    "data_writer": {"disable_compression": True, "buffer_max_items": 1},
    "load": {"delete_completed_jobs": True, "truncate_staging_dataset": True},
    "destination": {"postgres": {"create_indexes": False}},
}
_NAME = "sportmonks-warehouse defaults"


def register_dlt_defaults() -> None:
    """Makes dlt use the defaults of this project. Further calls do nothing."""
    context = Container()[PluggableRunContext]
    if _NAME in (provider.name for provider in context.providers.providers):
        return
    dlt.config.register_provider(
        CustomLoaderDocProvider(_NAME, lambda: DLT_DEFAULTS, supports_secrets=False)
    )
    # dlt has set up its logger already, without these defaults.
    context.initialize_runtime()
