"""Draws the figures of the benchmark: `python -m bench.plot FIGURES.json… PLOT.svg`."""

import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

import altair

_ENGINES = {"duckdb": "DuckDB", "postgres": "PostgreSQL"}
_FIRST_LOADS = {
    "naive script, first load": "naive script",
    "first load": "extract and transform",
}
_UPDATES = {
    "first load": "first load",
    "100 fixtures changed": "100 fixtures changed",
    "nothing due": "nothing due",
}


def main(*files: str) -> None:
    """Reads the figures, and writes the plot to the last file."""
    *read, written = map(Path, files)
    figures = [figure for file in read for figure in json.loads(file.read_text())["figures"]]
    rows = [
        {
            **figure,
            "engine": _ENGINES[figure["engine"]],
            "seconds": median(figure["seconds"]),
            "size": f"{figure['fixtures']:,}",
        }
        for figure in figures
        if figure["what"] != "sizes" and not figure["latency"]
    ]
    charts = altair.vconcat(_against_baseline(rows), _by_size(rows))
    # Renderers estimate the width of a text.
    charts.resolve_scale(color="independent").properties(padding=30).save(written)


def _against_baseline(rows: list[dict[str, Any]]) -> Any:
    baselines = {
        (row["engine"], row["fixtures"]): row["seconds"]
        for row in rows
        if row["what"] == "baseline, first load"
    }
    bars = [
        {
            **row,
            "program": _FIRST_LOADS[row["what"]],
            "ratio": row["seconds"] / baselines[row["engine"], row["fixtures"]],
        }
        for row in rows
        if row["what"] in _FIRST_LOADS
    ]
    return (
        altair.Chart({"values": bars}, title="First load, relative to the baseline (1)")
        .mark_bar()
        .encode(
            x=altair.X("ratio:Q", title=None),
            y=altair.Y("program:N", title=None),
            color=altair.Color("program:N", legend=None),
            row=altair.Row(
                "size:N",
                title="fixtures",
                sort=_sizes(rows),
                header=altair.Header(labelAngle=0, labelAlign="left", labelPadding=60),
            ),
            column=altair.Column("engine:N", title=None),
        )
        .properties(width=260, height=40)
    )


def _by_size(rows: list[dict[str, Any]]) -> Any:
    points = [{**row, "work": _UPDATES[row["what"]]} for row in rows if row["what"] in _UPDATES]
    return (
        altair.Chart({"values": points}, title="Seconds, by the fixtures that are stored")
        .mark_line(point=True)
        .encode(
            x=altair.X(
                "fixtures:Q",
                axis=altair.Axis(values=sorted({row["fixtures"] for row in rows}), format=",d"),
                scale=altair.Scale(type="log"),
                title="fixtures",
            ),
            y=altair.Y("seconds:Q", scale=altair.Scale(type="log"), title="seconds"),
            color=altair.Color("work:N", title=None, sort=list(_UPDATES.values())),
            column=altair.Column("engine:N", title=None),
        )
        .properties(width=260, height=180)
    )


def _sizes(rows: list[dict[str, Any]]) -> list[str]:
    return [f"{size:,}" for size in sorted({row["fixtures"] for row in rows})]


if __name__ == "__main__":
    main(*sys.argv[1:])
