"""A browser, pages that report what is wrong, and a written report."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from extract.config.includes import DEFAULT_INCLUDE
from simulator import Simulator
from tests.support.pipeline import EVERY_MODEL, DuckDb, Job, SavedStarts, setting
from tests.support.report import CONTROLS, MARKUP, PLAYER, World


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or another one."""
    names = ["chromium", "chromium-browser", "google-chrome"]
    found = next(filter(None, map(shutil.which, names)), None)
    if not found:
        assert "CI_BROWSER" not in os.environ, "no browser is installed"
        pytest.skip("no Chromium is installed")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
             "--disable-component-update", "--disable-sync"]  # fmt: skip
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=flags)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page without errors, and without requests for anything but the report."""
    page = browser.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda it: None if it.url.startswith("file:") else wrong.append(it.url))
    yield page
    page.close()
    assert wrong == []


def rename(api: Simulator) -> dict[str, int]:
    """Gives two teams and a player names that look like markup or control a terminal."""
    ids = api.world.fixture_ids()
    first = api.control.fixture(ids[0], "participants")["participants"]
    named = {MARKUP: first[0]["id"], CONTROLS: first[1]["id"]}
    names = {id: name for name, id in named.items()}
    for id in ids:
        sides = api.control.fixture(id, "participants")["participants"]
        if any(side["id"] in names for side in sides):
            renamed = [{**side, "name": names.get(side["id"], side["name"])} for side in sides]
            api.control.update(id, {"participants": renamed})
    played = next(id for id in ids if api.control.fixture(id, "lineups")["lineups"])
    lineup = api.control.fixture(played, "lineups")["lineups"][0]
    api.control.rename_lineup_player(played, lineup["id"], PLAYER)
    return named


@pytest.fixture(scope="session")
def world(
    tmp_path_factory: pytest.TempPathFactory, dbt_targets: Path, duckdb_file: Path
) -> Iterator[World]:
    """A small world with ratings, expected goals, corrections and hostile names."""
    folder = tmp_path_factory.mktemp("football")
    database = DuckDb(duckdb_file)
    with (
        Simulator(seed=5, leagues=1, seasons=2, teams=6, quota=10_000) as api,
        pytest.MonkeyPatch.context() as patch,
    ):
        job = Job(database, folder, dbt_targets / "DuckDb", api, SavedStarts(folder))
        for name, value in job.environment(api.base_url, api.token).items():
            patch.setenv(name, value)
        patch.setenv(setting("INCLUDE"), f"{DEFAULT_INCLUDE};lineups.details;xGFixture")
        named = rename(api)
        job.extract("--seasons", "all")
        corrected = [id for id in api.world.fixture_ids() if api.control.fixture(id)["statistics"]][
            :3
        ]
        for id in corrected:
            statistic = api.control.fixture(id)["statistics"][0]["id"]
            api.control.correct_statistic(id, statistic, 7777)
        job.extract("--force", "--fixture-ids", ",".join(map(str, corrected)))
        job.transform(*EVERY_MODEL)
        output = job.command("report", "--output", str(folder / "report")).output
        assert "\x1b" not in output
    database.save("football")
    database.empty()
    saved = duckdb_file.with_name("football.saved")
    with duckdb.connect(str(saved), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute("set schema = 'sportmonks'")
        yield World(folder / "report", saved, connection, named)
