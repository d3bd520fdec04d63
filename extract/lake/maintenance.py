"""Compacts the Delta tables of the lake, and removes files that no version of a table needs."""

import time
from contextlib import closing
from dataclasses import asdict, dataclass, field

from extract.config.lake_url import required_lake_url
from extract.errors import ExtractError
from extract.lake.sync import open_lake
from extract.progress import Progress
from extract.warehouse.factory import open_warehouse

# A reader of a version that is older may miss files. Delta's own default.
KEEP_HOURS = 7 * 24


@dataclass
class Maintained:
    """The result of a maintenance.

    Attributes:
        url: the lake.
        tables: Delta tables that were maintained.
        compacted: small files that were written together.
        removed: files that were removed.
        freed: their bytes.
        left_out: tables that cannot be maintained from here, with the reason.
        seconds: that it took.
    """

    url: str
    tables: int = 0
    compacted: int = 0
    removed: int = 0
    freed: int = 0
    left_out: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def to_dict(self) -> dict[str, object]:
        """The result for machines."""
        return asdict(self)


def maintain_lake(
    progress: Progress, wait: bool = True, keep_hours: int = KEEP_HOURS
) -> Maintained:
    """Compacts and vacuums all Delta tables of the lake, also those that Spark has written.

    Args:
        progress: receives reports.
        wait: whether to wait for another process that uses the warehouse or copies it.
        keep_hours: hours for which files that are no longer needed are kept for readers.

    Raises:
        UsageError: a variable is wrong, or a package is missing.
        ExtractError: the warehouse is busy, or one of the two cannot be reached.
    """
    url, began = required_lake_url(), time.monotonic()
    with closing(open_warehouse(progress.line if wait else None, must_exist=True)) as warehouse:
        final = warehouse.raw.removesuffix("_raw")
        with warehouse.lake_lock(), closing(open_lake(warehouse, url)) as lake:
            result = Maintained(url)
            folders = (warehouse.raw, f"{final}_staging", final)
            addresses = [table for folder in folders for table in lake.tables_of(folder)]
            with progress.copying(f"Compacting {len(addresses)} tables of the lake {url}."):
                for number, address in enumerate(addresses):
                    progress.copied(number, len(addresses))
                    try:
                        result.compacted += lake.compact(address)
                        removed, freed = lake.vacuum(address, keep_hours)
                    except ExtractError as error:
                        if address.startswith(f"{url}/{warehouse.raw}/"):
                            raise
                        # Such as a feature of Delta that only Spark knows, or a transform that
                        # writes the table now.
                        result.left_out[address.removeprefix(f"{url}/")] = str(error)
                        continue
                    result.tables += 1
                    result.removed += removed
                    result.freed += freed
            lake.forget_loads(keep_hours)
    result.seconds = time.monotonic() - began
    return result
