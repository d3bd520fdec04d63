"""The table of figures, printed line by line, and the same for `--json`."""

from collections.abc import Mapping, Sequence
from typing import Any

from bench.processes import Measured, median

_WIDTH = 46


class Figures:
    """Figures of one engine and one size of the world.

    Args:
        about: engine, fixtures and the like, for each figure of `--json`.
        checkouts: the names of the two checkouts of a comparison; none otherwise.

    Attributes:
        rows: all figures so far.
    """

    def __init__(self, about: Mapping[str, Any], checkouts: Sequence[str] = ()) -> None:
        self._about, self._checkouts = about, checkouts
        self._has_server = about["engine"] != "duckdb"
        self.rows: list[dict[str, Any]] = []

    def print_header(self) -> None:
        """Prints the names of the columns."""
        if self._checkouts:
            old, new = self._checkouts
            print(f"{'':{_WIDTH}}{'seconds':^26}{'CPU seconds':^26}{'memory, MB':^26}")
            print(f"{'':{_WIDTH}}" + f"{old:>9}{new:>9}{'ratio':>8}" * 3)
        else:
            server = f"{'of it server':>14}" if self._has_server else ""
            columns = f"{'seconds':>9}{'CPU s':>9}{server}{'MB':>7}"
            print(f"{'':{_WIDTH}}{columns}  ratio of CPU (of seconds)")

    def note(
        self,
        what: str,
        measured: Sequence[Sequence[Measured]],
        references: Mapping[str, Measured] | None = None,
    ) -> Measured:
        """Prints and keeps a figure.

        Args:
            what: it is the cost of.
            measured: the runs of each checkout.
            references: what it is compared with, by name, in a table of one checkout.

        Returns:
            The medians of the first checkout.
        """
        medians = list(map(median, measured))
        first = medians[0]
        if self._checkouts:
            print(f"{what:{_WIDTH}}" + _comparison(*medians), flush=True)
        else:
            # What an extract reports of its steps has no CPU.
            cpu = f"{first.cpu:9.2f}" if first.cpu else f"{'':9}"
            if self._has_server:
                cpu += f"{first.server_cpu:14.2f}" if first.cpu else f"{'':14}"
            peak = f"{first.peak:7.0f}" if first.peak else f"{'':7}"
            ratios = ", ".join(
                f"{first.cpu / each.cpu:.2f} ({first.seconds / each.seconds:.2f}) x {name}"
                for name, each in (references or {}).items()
            )
            line = f"{what:{_WIDTH}}{first.seconds:9.2f}{cpu}{peak}  {ratios}"
            print(line.rstrip(), flush=True)
        for number, runs in enumerate(measured):
            self.add(
                what,
                {
                    **({"checkout": self._checkouts[number]} if self._checkouts else {}),
                    "seconds": [round(each.seconds, 3) for each in runs],
                    "cpu_seconds": [round(each.cpu, 3) for each in runs],
                    "server_cpu_seconds": [round(each.server_cpu, 3) for each in runs],
                    "peak_megabytes": round(medians[number].peak),
                    "ratios": {
                        name: {
                            "seconds": round(medians[number].seconds / each.seconds, 3),
                            "cpu_seconds": round(medians[number].cpu / each.cpu, 3),
                        }
                        for name, each in (references or {}).items()
                    },
                },
            )
        return first

    def add(self, what: str, values: Mapping[str, Any]) -> None:
        """Keeps values for `--json` without printing them."""
        self.rows.append({**self._about, "what": what, **values})

    def note_number(self, what: str, number: str) -> None:
        """Prints a number that is not a cost."""
        print(f"{'  ' + what:{_WIDTH}}{number:>9}", flush=True)


def _comparison(old: Measured, new: Measured) -> str:
    pairs = [(old.seconds, new.seconds), (old.cpu, new.cpu), (old.peak, new.peak)]
    return "".join(
        f"{before:9.2f}{after:9.2f}{after / before:8.2f}" if before else f"{'':26}"
        for before, after in pairs
    )
