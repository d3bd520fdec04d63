"""CPU of the database server, ports of the simulator, and the ratios of the table."""

from pathlib import Path

import psycopg2
import pytest
import requests

from bench.figures import Figures
from bench.postgres_server import PostgresServer
from bench.processes import Measured, run
from bench.recorded_responses import record, serve
from extract.config.includes import DEFAULT_INCLUDE
from tests.support.postgres import Server

WORK = "select sum(sqrt(number)) from generate_series(1, 2000000) as number"


def test_the_cpu_of_a_server_includes_sessions_that_have_ended(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    measured = PostgresServer(tmp_path)
    before = measured.cpu()
    measured.execute(WORK)
    during = measured.cpu()
    psycopg2.connect("").close()
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(WORK)
    # The server collects the ended process in the next moments.
    assert during - before > 0.1
    assert measured.cpu() - during > 0.1


def test_the_cpu_of_a_command_is_measured_with_its_server(tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text("sum(range(10_000_000)); print('done')")
    clock = iter([2.0, 5.0])
    measured = run("work", environment={}, server_cpu=lambda: next(clock), folder=tmp_path)
    assert measured.server_cpu == 3.0
    assert measured.cpu == measured.client_cpu + 3.0
    assert measured.client_cpu > 0.05
    assert measured.output == "done\n"


def test_two_benchmarks_serve_responses_at_a_time(tmp_path: Path) -> None:
    record(tmp_path, 2, DEFAULT_INCLUDE)
    with serve(tmp_path, 0) as one, serve(tmp_path, 0) as other:
        assert one.base_url != other.base_url
        for api in (one, other):
            response = requests.get(
                f"{api.base_url}/football/states",
                headers={"Authorization": api.token},
                timeout=20,
            )
            assert response.ok


def test_a_figure_is_compared_in_cpu_and_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    figures = Figures({"engine": "postgres"})
    figures.note(
        "first load",
        [[Measured(6, 10, 3, 5), Measured(8, 20, 4, 6), Measured(7, 30, 5, 5)]],
        {"baseline": Measured(2, 0, 1, 2), "start": Measured(7, 0, 4, 1)},
    )
    # Medians: 7 seconds, 4 + 5 CPU seconds.
    assert "3.00 (3.50) x baseline, 1.80 (1.00) x start" in capsys.readouterr().out
    (row,) = figures.rows
    assert row["cpu_seconds"] == [8, 10, 10]
    assert row["server_cpu_seconds"] == [5, 6, 5]
    assert row["peak_megabytes"] == 30
    assert row["ratios"]["baseline"] == {"seconds": 3.5, "cpu_seconds": 3.0}


def test_two_checkouts_are_compared_with_one_another(capsys: pytest.CaptureFixture[str]) -> None:
    figures = Figures({"engine": "duckdb"}, ["old", "new"])
    figures.note("first load", [[Measured(4, 100, 2)], [Measured(3, 50, 3)]])
    numbers = capsys.readouterr().out.split()[2:]
    assert numbers == ["4.00", "3.00", "0.75", "2.00", "3.00", "1.50", "100.00", "50.00", "0.50"]
    assert [row["checkout"] for row in figures.rows] == ["old", "new"]
