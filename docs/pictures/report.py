"""Takes pictures of the report, light and dark: `make pictures`."""

import sys
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, sync_playwright

_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_WIDTH, _HEIGHT = 1180, 760
_STARTERS = 22


def main() -> None:
    """Opens a report in Chromium, and saves the pictures of the README beside this file.

    Arguments: the folder of the report and the path of Chromium.
    """
    report, program = sys.argv[1:]
    index = (Path(report).resolve() / "index.html").as_uri()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for scheme in _SCHEMES:
            page = browser.new_page(
                viewport={"width": _WIDTH, "height": _HEIGHT}, color_scheme=scheme
            )
            _show(page, f"{index}#/")
            season = page.locator("main tbody th a").first.get_attribute("href")
            _show(page, f"{index}{season}")
            _save(page, "report", scheme)
            # The newest match of the leader in which the places of both teams are known.
            matches = page.locator("main tbody tr").first.locator(".form a").all()
            for address in [match.get_attribute("href") for match in reversed(matches)]:
                _show(page, f"{index}{address}")
                if page.locator(".pitch .shirt").count() == _STARTERS:
                    break
            _save(page, "match", scheme)
            page.locator("h2", has_text="Line-ups").scroll_into_view_if_needed()
            top = "document.querySelector('.pitch').getBoundingClientRect().top"
            page.evaluate(f"scrollBy(0, {top} - 90)")
            _save(page, "lineups", scheme)
            page.goto((Path(report).resolve() / "operations.html").as_uri())
            _save(page, "operations", scheme)
            page.close()
        browser.close()


def _show(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_function(
        "() => document.getElementById('content').dataset.shown === location.hash"
    )


def _save(page: Page, name: str, scheme: str) -> None:
    page.screenshot(path=Path(__file__).parent / f"{name}-{scheme}.png")


if __name__ == "__main__":
    main()
