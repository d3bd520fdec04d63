"""What the documentation states: links, settings, exit codes."""

import re
import tomllib
from pathlib import Path

import pytest

from extract.cli.options import EXIT_CODES
from extract.config.settings import UNUSED_TOKEN, Settings, load_settings
from extract.errors import UsageError

README = Path("README.md")
CONFIGURATION = Path("docs/configuration.md")
CONFIG = Path(".dlt/config.toml")
PAGES = [*Path().glob("*.md"), *Path("docs").rglob("*.md")]

# Read by the command line itself, because an alert is sent even if the settings are wrong.
NOT_IN_THE_CLASS = {"alert_url"}


def without_code(page: Path) -> str:
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.M)


def anchors(page: Path) -> set[str]:
    """The anchors of the headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", without_code(page), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links(page: Path) -> list[str]:
    """The targets of links and pictures that lie in the project."""
    text = without_code(page)
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|srcset)="([^"]+)"', text)
    return [target for target in targets if not target.startswith(("http://", "https://"))]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_relative_link_resolves(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_there_are_links_to_every_page() -> None:
    linked = {
        (page.parent / link.split("#")[0]).resolve() for page in PAGES for link in links(page)
    }
    assert {page.resolve() for page in PAGES} <= linked


def test_the_readme_has_the_length_of_a_readme() -> None:
    words = [word for word in README.read_text().split() if re.search(r"\w", word)]
    assert 700 <= len(words) <= 1000


def settings_table() -> dict[str, tuple[str, str]]:
    """Default and range of each setting, as they are documented."""
    rows = re.findall(
        r"^\| `(\w+)` \| (.*?) \| (.*?) ?\| ",
        CONFIGURATION.read_text().split("## Settings of the extractor")[1].split("\n## ")[0],
        re.M,
    )
    return {name: (default.strip("`"), range_) for name, default, range_ in rows}


def test_every_setting_is_documented_with_its_default() -> None:
    documented = settings_table()
    assert set(documented) == set(Settings().get_resolvable_fields()) | NOT_IN_THE_CLASS
    texts = {"none": None, "empty": "", "true": True}
    for name in set(documented) - NOT_IN_THE_CLASS - {"schedule"}:
        text, default = documented[name][0], getattr(Settings(), name)
        assert texts.get(text, text) == default or text == str(default), name
    named = tomllib.loads(CONFIG.read_text())["sources"]["sportmonks"]
    for name, value in named.items():
        assert value == getattr(Settings(), name), name


def test_documented_ranges_are_those_that_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    ranges = {name: range_ for name, (_, range_) in settings_table().items() if range_}
    assert len(ranges) > 10
    for name, range_ in ranges.items():
        low, high = (float(end.replace(",", "")) for end in range_.split(" to "))
        for value, is_valid in ((low, True), (high, True), (low - 1, False), (high + 1, False)):
            monkeypatch.setenv(f"SOURCES__SPORTMONKS__{name.upper()}", f"{value:.10g}")
            if is_valid:
                load_settings(UNUSED_TOKEN)
            else:
                with pytest.raises(UsageError, match=name):
                    load_settings(UNUSED_TOKEN)
        monkeypatch.delenv(f"SOURCES__SPORTMONKS__{name.upper()}")


def test_every_variable_of_the_example_is_documented() -> None:
    names = set(re.findall(r"^#?([A-Z_]+)=", Path(".env.example").read_text(), re.M))
    text = CONFIGURATION.read_text()
    settings = {f"SOURCES__SPORTMONKS__{name.upper()}" for name in settings_table()}
    assert len(names) > 5
    assert {name for name in names if f"`{name}`" not in text} <= settings


def test_every_exit_code_is_documented() -> None:
    (table,) = re.findall(r"## Exit codes\n(.*?)\n## ", README.read_text(), re.DOTALL)
    documented = re.findall(r"^\| (\d+) \|", table, re.M)
    assert documented == re.findall(r"\*\*(\d+)\*\*", EXIT_CODES)
