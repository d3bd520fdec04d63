"""Where the dbt project and the documents are, and where dbt writes."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
# What an installed command writes goes here, below the working directory.
_WORKING_FOLDER = Path(".sportmonks") / "dbt"
# What a Spark session on this machine writes, also in a checkout: its log, and the list of tables.
_SPARK_FOLDER = Path(".sportmonks") / "spark"


def dbt_project_dir() -> Path:
    """The dbt project: the one beside `extract/` in a checkout, else the one in the package."""
    return (_PACKAGE if _is_installed() else _PACKAGE.parent) / "dbt_project"


def documents() -> list[Path]:
    """The documents of the project, README.md first; in a wheel, its package has most of them."""
    root = _PACKAGE if _is_installed() else _PACKAGE.parent
    others = [root / f"{name}.md" for name in ("CONTRIBUTING", "DECISIONLOG", "CHANGELOG")]
    return [
        root / "README.md",
        *sorted((root / "docs").glob("*.md")),
        *(path for path in others if path.is_file()),
    ]


def dbt_target_dir() -> Path:
    """Where dbt writes its artifacts: `DBT_TARGET_PATH`, if that is set."""
    if chosen := os.environ.get("DBT_TARGET_PATH"):
        return Path(chosen).resolve()
    return _dbt_folder() / "target"


def spark_dir() -> Path:
    """Where sessions of Spark on this machine write."""
    return _SPARK_FOLDER.resolve()


def dbt_options() -> list[str]:
    """Options of dbt that name its project and, in an installed package, where dbt writes.

    `DBT_TARGET_PATH` and `DBT_LOG_PATH` win over the folders in the working directory.
    """
    project = str(dbt_project_dir())
    options = ["--project-dir", project, "--profiles-dir", project]
    if _is_installed():
        # Absolute: dbt takes a relative path as one below its project.
        if not os.environ.get("DBT_TARGET_PATH"):
            options += ["--target-path", str(dbt_target_dir())]
        if not os.environ.get("DBT_LOG_PATH"):
            options += ["--log-path", str(_dbt_folder() / "logs")]
    return options


def _dbt_folder() -> Path:
    return _WORKING_FOLDER.resolve() if _is_installed() else dbt_project_dir()


def _is_installed() -> bool:
    """Whether the dbt project is part of the package, as in a wheel."""
    return (_PACKAGE / "dbt_project").is_dir()
