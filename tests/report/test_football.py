"""The football pages in a browser, and their numbers against the marts."""

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import axe_playwright_python
import duckdb
import pytest
from playwright.sync_api import Page

from extract.report.football import queries
from tests.support.report import CONTROLS, MARKUP, PLAYER, World

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()


def show(page: Page, world: World, route: str) -> None:
    """Opens a page, or goes to it where the report is open."""
    url = f"{(world.folder / 'index.html').as_uri()}#{route}"
    page.goto(url)
    page.wait_for_function(
        "route => document.getElementById('content').dataset.shown === route", arg=f"#{route}"
    )


def cells(page: Page, table: str = "main table") -> list[list[str]]:
    """The texts of a table's rows, with a plain minus sign."""
    rows: list[list[str]] = page.locator(table).first.evaluate(
        "table => [...table.tBodies[0].rows].filter(row => !row.hidden)"
        ".map(row => [...row.cells].map(cell => cell.textContent.replaceAll('\\u2212', '-')))"
    )
    return rows


def routes(world: World) -> dict[str, list[str]]:
    """The addresses of all pages, by kind."""
    seasons = [id for (id,) in world.query("select distinct season_id from fixtures order by 1")]
    return {
        "home": ["/"],
        "season": [f"/season/{id}" for id in seasons],
        "matches": [f"/season/{id}/matches" for id in seasons],
        "players": [f"/season/{id}/players" for id in seasons],
        "teams": [f"/season/{id}/teams" for id in seasons],
        "team": [
            f"/team/{id}" for (id,) in world.query("select distinct team_id from team_fixtures")
        ],
        "match": [f"/match/{id}" for (id,) in world.query("select fixture_id from fixtures")],
        "player": [f"/player/{id}" for (id,) in world.query("select player_id from players")],
    }


def an_xg_match(world: World) -> int:
    """A finished match with expected goals and formations."""
    return int(
        world.one(
            "select min(team_fixtures.fixture_id) from team_fixtures "
            "inner join fixture_corrections using (fixture_id) "
            "where xg is not null and formation is not null and result is not null"
        )
        or world.one("select min(fixture_id) from team_fixtures where xg is not null")
    )


def a_scorer(world: World) -> int:
    return int(
        world.one(
            "select player_id from player_seasons where xg is not null "
            "order by goals desc, player_id limit 1"
        )
    )


def test_every_page_is_drawn(world: World, page: Page) -> None:
    show(page, world, "/")
    all_routes = [route for of_kind in routes(world).values() for route in of_kind]
    drawn = page.evaluate(
        """async (routes) => {
          const drawn = [];
          for (const route of routes) {
            location.hash = `#${route}`;
            for (let turn = 0; main.dataset.shown !== `#${route}`; turn += 1) {
              if (turn > 2000) throw new Error(`${route} is not shown`);
              await new Promise((resolve) => setTimeout(resolve, 1));
            }
            drawn.push([document.title, main.querySelectorAll("h1").length,
              main.querySelectorAll("img, script, iframe").length, main.textContent.length]);
          }
          return drawn;
        }""",
        all_routes,
    )
    for route, (title, headings, foreign, length) in zip(all_routes, drawn, strict=True):
        assert title.endswith("· Football"), route
        assert not re.match("Not (found|shown)|.*(undefined|NaN|null)", title), (route, title)
        assert (headings, foreign) == (1, 0), route
        assert length > 100, route


@pytest.mark.parametrize(
    "views",
    [
        [(1280, "light"), (390, "dark")],
        pytest.param([(1280, "dark"), (390, "light")], marks=pytest.mark.thorough),
    ],
)
def test_accessible(world: World, page: Page, views: list[tuple[int, str]]) -> None:
    kinds = routes(world)
    pages = [kinds[kind][0] for kind in ("home", "season", "matches", "players", "teams")]
    pages += [f"/match/{an_xg_match(world)}", f"/player/{a_scorer(world)}", "/search/real"]
    pages += [f"/team/{next(iter(world.named.values()))}", "/no/such/page"]
    for width, scheme in views:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        show(page, world, "/")
        page.evaluate(AXE)
        for route in pages:
            show(page, world, route)
            assert page.evaluate("document.documentElement.scrollWidth") == width, route
            violations = page.evaluate(
                "axe.run({preload: false}).then(found => found.violations.map("
                "each => [each.id, each.nodes[0].html, each.nodes[0].failureSummary]))"
            )
            assert violations == [], (route, width, scheme)


def test_keyboard_reaches_everything(world: World, page: Page) -> None:
    show(page, world, routes(world)["season"][0])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    focusable = "a[href], button, input, select, [tabindex='0']"
    page.evaluate(
        "focusable => { window.left = new Set([...main.querySelectorAll(focusable)]"
        ".filter(each => each.checkVisibility())); }",
        focusable,
    )
    number = page.evaluate("left.size")
    assert number > 40
    for _ in range(number):
        page.keyboard.press("Tab")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
        page.evaluate("left.delete(document.activeElement)")
    assert page.evaluate("[...left].map(each => each.outerHTML)") == []
    # A switch keeps the focus, and a link leads to the heading of its page.
    page.locator("nav.switches a", has_text="Home").press("Enter")
    page.wait_for_function("() => main.dataset.shown.endsWith('side=home')")
    assert page.evaluate("document.activeElement.textContent") == "Home"
    page.locator("main tbody th a").first.press("Enter")
    page.wait_for_function("() => main.dataset.shown.startsWith('#/team/')")
    assert page.evaluate("document.activeElement.tagName") == "H1"


def test_names_are_text(world: World, page: Page) -> None:
    shown = {
        MARKUP: MARKUP,
        CONTROLS: re.sub("[\x1b\u202e\u2028]", "\ufffd", CONTROLS),
    }
    for name, id in world.named.items():
        show(page, world, f"/team/{id}")
        assert page.locator("h1").inner_text() == " ".join(shown[name].split())
    ((player,),) = world.connection.execute(
        "select player_id from fixture_lineups where player_name = ?", [PLAYER]
    ).fetchall()
    match = world.one(f"select max(fixture_id) from fixture_lineups where player_id = {player}")
    for route in (f"/match/{match}", f"/player/{player}", "/search/img%20onerror", "/"):
        show(page, world, route)
        assert page.title() != "taken over"
        assert page.locator("main img, main script").count() == 0
    data = "".join(path.read_text() for path in (world.folder / "data").iterdir())
    assert "taken over" in data
    assert not re.search("[<\u2028\u2029\x1b]", data)


def test_data_files_are_json(world: World) -> None:
    for path in (world.folder / "data").iterdir():
        name, content = re.fullmatch(
            r'receive\("([a-z0-9-]+)",(.*)\);\n', path.read_text()
        ).groups()  # type: ignore[union-attr]
        assert name == path.stem
        json.loads(content)


def test_policy_allows_no_script_but_its_own(world: World) -> None:
    html = (world.folder / "index.html").read_text()
    assert "default-src 'none'; script-src 'self'; style-src 'self';" in html
    assert not re.search(r"<script(?! src=)|<style| style=| on[a-z]+=", html)


def test_league_tables_are_the_mart(world: World, page: Page) -> None:
    season = world.one("select min(season_id) from league_table")
    last = world.one(f"select max(round_number) from league_table where season_id = {season}")
    for number in (last, last // 2):
        show(page, world, f"/season/{season}?round={number}")
        expected = world.query(
            "select position, team_name, played, won, drawn, lost, goals_for, goals_against, "
            f"goal_difference, points from league_table where season_id = {season} "
            f"and round_number = {number} order by position, team_name, team_id"
        )
        found = cells(page)
        assert [[int(row[0]), *map(int, row[2:10])] for row in found] == [
            [row[0], *row[2:]] for row in expected
        ]
        forms = world.query(
            f"select form from league_table where season_id = {season} "
            f"and round_number = {number} order by position, team_name, team_id"
        )
        letters = page.locator("main tbody .form").all()
        assert ["".join(form.locator("[aria-hidden]").all_inner_texts()) for form in letters] == [
            form for (form,) in forms
        ]
        # Each leads to its match.
        assert page.locator("main tbody .form a").count() == sum(len(form) for (form,) in forms)
    sides = []
    for side in ("home", "away"):
        show(page, world, f"/season/{season}?side={side}")
        sides.append({row[1]: [int(cell) for cell in row[2:10]] for row in cells(page)})
    show(page, world, f"/season/{season}")
    for row in cells(page):
        both = [home + away for home, away in zip(*(side[row[1]] for side in sides), strict=True)]
        assert both == [int(cell) for cell in row[2:10]]


def test_numbers_are_those_of_the_marts(world: World, page: Page) -> None:
    id = an_xg_match(world)
    home, away = world.records(
        f"select * from team_fixtures where fixture_id = {id} order by location desc"
    )
    show(page, world, f"/match/{id}")
    assert page.locator(".scoreboard .score").inner_text() == (
        f"{home['goals_for']}\u2013{home['goals_against']}"
    )
    statistics = {
        row[1]: (row[0], row[2])
        for number in range(page.locator(".statistics table").count())
        for row in cells(page, f".statistics table:nth-of-type({number + 1})")
    }
    for label, column, digits in (
        ("xG", "xg", 2),
        ("xG on target", "xgot", 2),
        ("Shots", "shots_total", 0),
        ("Shots on target", "shots_on_target", 0),
        ("Corners", "corners", 0),
        ("Fouls", "fouls", 0),
        ("Passes", "passes", 0),
    ):
        assert statistics[label] == tuple(f"{side[column]:.{digits}f}" for side in (home, away))
    goals = world.query(
        "select minute_label, home_score, away_score from fixture_timeline "
        f"where fixture_id = {id} and is_goal order by position"
    )
    scored = page.locator(".timeline .scored .minute").all_inner_texts()
    assert [" ".join(text.split()) for text in scored] == [
        f"{minute} {own}\u2013{other}" for minute, own, other in goals
    ]
    assert page.locator(".pitch a").count() == 22
    corrected = cells(page, "main section:last-child table")
    assert [row[2:] for row in corrected] == [
        [f"{name} changed", old, new]
        for name, old, new in world.query(
            "select type_name, old_value, new_value from fixture_corrections "
            f"where fixture_id = {id} and is_after_full_time"
        )
    ]

    id = a_scorer(world)
    (total, *_) = totals = world.records(
        f"select * from player_seasons where player_id = {id} "
        "order by season_name desc, league_name, team_name, season_id"
    )
    show(page, world, f"/player/{id}")
    rows = cells(page)
    assert len(rows) == len(totals)
    assert rows[0][2:7] == [
        str(total["appearances"]),
        f"{total['minutes']:,}",
        str(total["goals"]),
        str(total["assists"]),
        f"{total['xg']:.2f}",
    ]
    assert rows[0][10] == f"{total['rating']:.2f}"

    id = home["team_id"]
    show(page, world, f"/team/{id}?season={home['season_id']}")
    split = {row[0]: row[1:] for row in cells(page)}
    for name, condition in (("All", "true"), ("Home", "location = 'home'")):
        ((played, won, scored_goals, xg),) = world.query(
            "select count(*), count(case when result = 'won' then 1 end), sum(goals_for), avg(xg) "
            f"from team_fixtures where team_id = {id} and season_id = {home['season_id']} "
            f"and result is not null and {condition}"
        )
        assert split[name][:2] == [str(played), str(won)]
        assert split[name][4].startswith(f"{scored_goals}:")
        assert split[name][5] == f"{xg:.2f}"


def test_sort_filter_and_search(world: World, page: Page) -> None:
    season = world.one("select min(season_id) from player_seasons")
    show(page, world, f"/season/{season}/players")
    column = [head.strip(" ↑↓") for head in page.locator("main thead th").all_inner_texts()]
    for name in ("Min", "xG"):
        at = column.index(name)
        for direction, reverse in (("descending", True), ("ascending", False)):
            page.locator("main thead th button").nth(at).press("Enter")
            head = page.locator("main thead th[aria-sort]")
            assert head.all_inner_texts()[0].startswith(name)
            assert head.get_attribute("aria-sort") == direction
            values = [row[at].replace(",", "") for row in cells(page)]
            known = [float(value) for value in values if value != "\u2013"]
            assert known == sorted(known, reverse=reverse)
            assert len(set(known)) > 5
            # Unknown ones are last in both directions.
            assert values[len(known) :] == ["\u2013"] * (len(values) - len(known))
    assert len(known) < len(values)
    team = cells(page)[0][1]
    page.locator("main input[type=search]").fill(team.upper())
    assert {row[1] for row in cells(page)} == {team}
    shown = len(cells(page))
    ((total,),) = world.query(f"select count(*) from player_seasons where season_id = {season}")
    assert page.locator("main output").inner_text() == f"{shown} of {total} rows"

    ((id, name),) = world.query(
        "select team_id, name from teams where team_id in (select team_id from team_fixtures) "
        "and name not like '%<%' order by name limit 1"
    )
    page.locator("#search-words").fill(name.upper())
    page.keyboard.press("Enter")
    page.wait_for_function("() => main.dataset.shown.startsWith('#/search/')")
    page.locator("main a", has_text=name).first.press("Enter")
    page.wait_for_function("id => main.dataset.shown === `#/team/${id}`", arg=id)
    assert page.title().startswith(name)
    # Accents may be left out.
    show(page, world, "/search/hakan")
    assert PLAYER in page.locator("main").inner_text() or not world.query(
        "select 1 from player_seasons where player_name like '%Håkan'"
    )


def test_theme_is_kept(world: World, page: Page) -> None:
    page.emulate_media(color_scheme="light")
    show(page, world, "/")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.locator("#theme").press("Enter")
    assert page.evaluate(background) == light
    page.locator("#theme").press("Enter")
    assert page.locator("#theme").inner_text() == "Theme: dark"
    dark = page.evaluate(background)
    assert dark != light
    page.reload()
    assert page.evaluate(background) == dark


def test_unknown_addresses(world: World, page: Page) -> None:
    for route in ("/match/1", "/team/x", "/player/-1", "/season/7", "/season/7/x", "/constructor"):
        show(page, world, route)
        assert page.locator("h1").inner_text() == "Not found"


class Made:
    """A report of a few made-up rows: each test writes the data files that its pages read."""

    def __init__(self, folder: Path, page: Page) -> None:
        self.folder = folder
        self.page = page
        source = resources.files("extract.report.football")
        for name in (
            "index.html",
            *(f"assets/{each.name}" for each in (source / "assets").iterdir()),
        ):
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes((source / name).read_bytes())
        (folder / "data").mkdir()
        season = {"id": 1, "league": "League", "season": "2024", "matches": 1, "finished": 1,
                  "first_at": 0, "last_at": 0, "changed_at": 60, "checked_at": 60}  # fmt: skip
        nothing = table([])
        self.index: dict[str, Any] = {
            "made_at": 1_700_000_000,
            "buckets": {"team": 1, "match": 1, "player": 1},
            "stored": dict.fromkeys(("events", "lineups", "details", "xg", "statistics"), True),
            "states": {"FT": "Full time", "NS": "Not started", "HT": "Half-time"},
            "types": {},
            "seasons": table([season]),
            **dict.fromkeys(("leaders", "latest", "live", "next"), nothing),
        }

    def write(self, name: str, content: Any) -> None:
        text = f'receive("{name}",{json.dumps(content)});\n'
        (self.folder / "data" / f"{name}.js").write_text(text)

    def show(self, route: str, name: str | None = None, **parts: list[dict[str, Any]]) -> None:
        """Opens a page, of which a file has these rows."""
        self.write("index", self.index)
        if name:
            id = route.split("/")[2].split("?")[0]
            self.write(name, {
                part: {**table(rows), "rows": {id: table(rows)["rows"]}}
                for part, rows in parts.items()
            })  # fmt: skip
        self.page.goto("about:blank")
        self.page.goto(f"{(self.folder / 'index.html').as_uri()}#{route}")
        self.page.wait_for_function("() => main.dataset.shown === location.hash")


def table(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"columns": list(rows[0]) if rows else [], "rows": [list(row.values()) for row in rows]}


@pytest.fixture
def made(tmp_path: Path, page: Page) -> Made:
    return Made(tmp_path, page)


def a_table_row(**values: Any) -> dict[str, Any]:
    return {
        "stage_id": 1, "group_id": None, "round_id": 1, "round_number": 1, "team_id": 1,
        "team_name": "Home", "position": 1, "played": 1, "won": 1, "drawn": 0, "lost": 0,
        "goals_for": 1, "goals_against": 0, "goal_difference": 1, "points": 3, "form": "",
        "is_latest": True,
    } | values  # fmt: skip


def a_round(**values: Any) -> dict[str, Any]:
    return {
        "stage_id": 1, "group_id": None, "round_id": 1, "stage_order": 1, "stage": "Stage",
        "group_name": None, "round": "1", "median_at": 0,
    } | values  # fmt: skip


def a_match(**values: Any) -> dict[str, Any]:
    return {
        "fixture_id": 1, "stage_id": 1, "group_id": None, "round_id": 1, "starting_at": 0,
        "state_code": "FT", "phase": "finished", "home_id": 1, "away_id": 2, "home": "Home",
        "away": "Away", "home_score": 1, "away_score": 0, "winner_id": 1,
    } | values  # fmt: skip


def totals(**values: Any) -> dict[str, Any]:
    return {
        "player_id": 1, "player_name": "Ann", "team_id": 1, "team_name": "Home", "appearances": 2,
        "appearances_seen": 2, "minutes": 180, "goals": 0, "assists": 0, "xg": None, "rating": None,
        "yellow_cards": 0, "yellow_red_cards": 0, "red_cards": 0, "xg_matches": None,
        "xg_goals": None,
    } | values  # fmt: skip


def test_goals_are_compared_with_xg_where_both_are_known(made: Made) -> None:
    matches = [
        {"fixture_id": at, "season_id": 1, "starting_at": at * 90_000, "goals": 1, "xg": xg}
        for at, xg in enumerate([None, 0.25, 0.5])
    ]
    season = {"season_id": 1, "season_name": None, "league_name": "League"}
    made.show(
        "/player/1",
        "player-0",
        player=[],
        seasons=[season | totals(goals=3, appearances=3, xg=0.75, xg_matches=2, xg_goals=2)],
        matches=matches,
    )
    label = made.page.locator("svg[role=img]").first.get_attribute("aria-label")
    assert "the 2 matches with expected goals, of 3: 2 goals and 0.75" in str(label)
    row = cells(made.page)[0]
    assert row[0] == "No season League"
    assert row[7] == "+1.25 (2)"
    text = made.page.locator("main").inner_text()
    assert "Newest change of the player's seasons fetched" in text
    assert "Finished and live matches count." in text
    assert "counted from the events, and may differ" in text


def test_xg_goals_are_of_the_matches_with_xg() -> None:
    columns = re.findall(r"player_seasons\.(\w+)", queries._PLAYER_TOTALS)
    with duckdb.connect() as connection:
        connection.execute(
            "create table player_seasons as select 1 as season_id, 1 as player_id, 1 as team_id, "
            f"'' as player_name, '' as team_name, {', '.join(f'3 as {name}' for name in columns)}"
        )
        connection.execute(
            "create table player_fixtures as "
            "select 1 as season_id, 1 as player_id, 1 as team_id, * "
            "from (values (1, 0.2, 'finished'), (1, null, 'finished'), (0, 0.1, 'live'), "
            "(1, 0.9, 'cancelled')) as rows (goals, xg, phase)"
        )
        cursor = connection.execute(queries.SEASON["players"].sql)
        names = [column[0] for column in cursor.description or ()]
        (row,) = cursor.fetchall()
    found = dict(zip(names, row, strict=True))
    assert (found["goals"], found["xg_goals"], found["xg_matches"]) == (3, 1, 2)


def test_a_round_without_results_shows_the_table_before(made: Made) -> None:
    def rows(group: int, *numbers: int) -> list[dict[str, Any]]:
        return [
            a_table_row(group_id=group, round_id=number, round_number=number, team_id=group,
                        team_name=f"Team {group}", points=10 * number, won=number)
            for number in numbers
        ]  # fmt: skip

    made.show(
        "/season/1?round=3",
        "season-1",
        table=rows(7, 1, 2, 5) + rows(8, 5),
        rounds=[a_round(round_id=number) for number in (1, 2, 5)],
        matches=[a_match(group_id=8, round_id=5, home_id=8, away_id=None)],
        players=[],
    )
    assert made.page.locator("#round option").all_inner_texts() == ["5", "2", "1"]
    assert made.page.locator("#round").input_value() == "2"
    assert cells(made.page, ".card .table:nth-of-type(1) table")[0][9] == "20"
    # The other group has not begun.
    assert cells(made.page, ".card .table:nth-of-type(2) table")[0][1:3] == ["Team 8", "0"]


def test_scorers_of_two_teams_are_summed(made: Made) -> None:
    made.show(
        "/season/1",
        "season-1",
        table=[a_table_row()],
        rounds=[a_round()],
        matches=[a_match()],
        players=[
            totals(player_id=2, player_name="Bea", goals=4),
            totals(goals=3),
            totals(goals=2, team_id=2, team_name="Away"),
        ],
    )
    leaders = made.page.locator("ol.leaders").first.locator("li").all_inner_texts()
    assert [text.split() for text in leaders] == [
        ["Ann", "Home", "Away", "5"],
        ["Bea", "Home", "4"],
    ]


def test_live_and_next_are_those_of_the_report() -> None:
    made_at = 1_700_000_000
    with duckdb.connect() as connection:
        connection.execute("create table teams (team_id int, name text)")
        connection.execute("create table states as select * from (values (1, 'live'), "
                           "(2, 'scheduled')) as rows (state_id, phase)")  # fmt: skip
        columns = set(re.findall(r"fixtures\.(\w+)", queries.live(0)))
        columns -= {"fixture_id", "state_id", "starting_at", "is_withdrawn"}
        connection.execute(
            "create table fixtures as select fixture_id, state_id, false as is_withdrawn, "
            f"to_timestamp({made_at} + shift) as starting_at, "
            f"{', '.join(f'null as {column}' for column in sorted(columns))} from (values "
            "(1, 1, -25200), (2, 1, -18000), (3, 2, -60), (4, 2, 60), (5, 2, null)) "
            "as rows (fixture_id, state_id, shift)"
        )
        found = [
            [row[1] for row in connection.execute(sql).fetchall()]
            for sql in (queries.live(made_at), queries.upcoming(made_at))
        ]
    assert found == [[2], [4]]


def test_unknown_values_come_last_on_both_engines() -> None:
    parts = [*queries.SEASON.values(), *queries.TEAM.values(), *queries.PLAYER.values(),
             *queries.match_parts(["xg"]).values()]  # fmt: skip
    for text in (queries.SEASONS, queries.LATEST, *(part.order for part in parts)):
        assert len(re.findall(r"\bdesc\b", text)) == text.count("desc nulls last"), text


def test_the_last_stage_is_the_last_by_order(made: Made) -> None:
    for orders, days in (((2, 1), (0, 0)), ((None, None), (900, 0))):
        made.show(
            "/season/1",
            "season-1",
            table=[
                a_table_row(stage_id=stage, round_id=stage, team_name=f"Team {stage}")
                for stage in (1, 2)
            ],
            rounds=[
                a_round(stage_id=stage, round_id=stage, stage_order=order, median_at=at)
                for stage, order, at in zip((1, 2), orders, days, strict=True)
            ],
            matches=[a_match()],
            players=[],
        )
        assert cells(made.page)[0][1] == "Team 1"


def test_a_team_without_a_name_is_unknown() -> None:
    row = {"season_id": 1} | a_table_row(team_name=None)
    with duckdb.connect() as connection:
        connection.execute(
            f"create table league_table ({', '.join(f'{name} text' for name in row)})"
        )
        marks = ", ".join("?" * len(row))
        connection.execute(f"insert into league_table values ({marks})", list(row.values()))
        assert "Unknown team" in connection.execute(queries.SEASON["table"].sql).fetchall()[0]


def test_a_team_without_a_row_has_a_page(made: Made) -> None:
    match = {"season_id": 1, "fixture_id": 1, "team_name": "Strangers", "starting_at": 0,
             "phase": "finished", "state_code": "FT", "location": "home", "opponent": "Away",
             "result": "won", "goals_for": 1, "goals_against": 0, "loaded_at": 0}  # fmt: skip
    made.show("/team/5", "team-0", team=[], matches=[match], table=[], players=[])
    assert made.page.locator("h1").inner_text() == "Strangers"


def test_a_half_time_score_needs_both_sides(made: Made) -> None:
    match = a_match(season_id=1, home_score_half_time=1, away_score_half_time=None, loaded_at=0)
    made.show("/match/1", "match-0", match=[match], sides=[], events=[], lineups=[])
    assert "half-time" not in made.page.locator(".scoreboard").inner_text()


def test_addresses_that_no_report_has(made: Made) -> None:
    made.write("match-0", {})
    for route in ("/search/%E0%A4%A", f"/match/{'9' * 400}", "/player/007", "/season/01"):
        made.show(route)
        assert made.page.locator("h1").inner_text() == "Not found", route


def test_filters_ignore_accents(made: Made) -> None:
    players = [totals(player_id=at, player_name=name)
               for at, name in enumerate(["Núñez", "Nunez", *"abcdef"], 1)]  # fmt: skip
    made.show("/season/1/players", "season-1", players=players)
    for text in ("nunez", "NÚÑEZ"):
        made.page.locator("main input[type=search]").fill(text)
        assert [row[0] for row in cells(made.page)] == ["Núñez", "Nunez"]


def test_charts_say_the_year_and_break_between_seasons(made: Made) -> None:
    made.show("/")
    days = [1_700_000_000 + at * 20 * 86_400 for at in range(6)]
    points = [[at, 1, 1 if number < 3 else 2] for number, at in enumerate(days)]
    made.page.evaluate(
        "points => main.append(lineChart({label: 'x', unit: '', xTicks: monthTicks, "
        "series: [{name: 'x', kind: 'main', points}]}))",
        points,
    )
    made.page.wait_for_selector("path.line", state="attached")
    assert str(made.page.locator("path.line").get_attribute("d")).count("M") == 2
    ticks = made.page.locator("text.tick[text-anchor=middle]").all_text_contents()
    assert ticks == ["Dec 2023", "Jan 2024", "Feb"]


def test_cards_on_the_pitch(made: Made) -> None:
    lineup = [
        {"location": "home", "player_id": at, "player_name": f"Player {at}", "jersey_number": at,
         "position_id": 24, "is_starter": 1, "has_played": 1, "goals": goals,
         "yellow_cards": yellow, "yellow_red_cards": second, "red_cards": red,
         "formation_field": f"1:{at}"}
        for at, goals, yellow, second, red in ((1, 2, 0, 0, 1), (2, 0, 1, 1, 0), (3, 0, 0, 0, 0))
    ]  # fmt: skip
    match = a_match(season_id=1, loaded_at=0)
    made.show("/match/1", "match-0", match=[match], sides=[], events=[], lineups=lineup)
    assert [each.get_attribute("aria-label") for each in made.page.locator(".pitch a").all()] == [
        "Player 1, number 1, 2 goals, red card",
        "Player 2, number 2, yellow card, second yellow card",
        "Player 3, number 3",
    ]
    marks = made.page.locator(".pitch .shirt-marks").all_text_contents()
    assert [mark.split() for mark in marks] == [["●●", "✕"], ["▮", "✕"]]
    assert "✕ sent off" in made.page.locator("main").inner_text()


def test_a_stage_without_rounds_is_shown_by_month(made: Made) -> None:
    matches = [
        a_match(fixture_id=at, round_id=None, starting_at=at * 20 * 86_400) for at in range(4)
    ]
    made.show("/season/1/matches", "season-1", rounds=[a_round(round_id=None)], matches=matches)
    headings = made.page.locator("main h2").all_inner_texts()
    assert headings == ["Stage, January 1970", "Stage, February 1970", "Stage, March 1970"]


def test_narrow_tables_wrap_names(made: Made) -> None:
    made.page.set_viewport_size({"width": 390, "height": 800})
    match = {"fixture_id": 1, "season_id": 1, "starting_at": 0, "location": "home",
             "opponent_id": 2, "opponent": "A club with a name of very many words", "result": "won",
             "home_score": 1, "away_score": 0, "is_starter": 1, "minutes": 90, "goals": 1,
             "assists": 0}  # fmt: skip
    season = {"season_id": 1, "season_name": "2024", "league_name": "League"}
    made.show("/player/1", "player-0", player=[], seasons=[season | totals()], matches=[match])
    heads = made.page.locator("main table").last.locator("thead th")
    for name in ("Min", "G", "A"):
        box = heads.filter(has_text=re.compile(f"^{name}$")).bounding_box()
        assert box and box["x"] + box["width"] < 390, name
