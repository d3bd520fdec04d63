"""The football pages in a browser, and their numbers against the marts."""

import json
import re
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Page

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
