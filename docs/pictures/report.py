"""Takes pictures of the report, light and dark: `make pictures`."""

import sys
from pathlib import Path
from typing import Literal

from playwright.sync_api import sync_playwright

_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def main() -> None:
    """Opens a report in Chromium, and saves its top as an image.

    Arguments: the report and the path of Chromium.
    """
    report, program = sys.argv[1:]
    here = Path(__file__).parent
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for scheme in _SCHEMES:
            page = browser.new_page(viewport={"width": 1180, "height": 760}, color_scheme=scheme)
            page.goto(Path(report).resolve().as_uri())
            page.locator("#chart-coverage svg").wait_for()
            page.screenshot(path=here / f"report-{scheme}.png")
        browser.close()


if __name__ == "__main__":
    main()
