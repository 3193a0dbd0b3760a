"""Takes the pictures of the README for `make pictures`: the report of the sample, and the page with one picture."""

import threading
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from brushprint.page.serve import server
from brushprint.report.pdf import find_browser

# Wide enough for the report's table of contents. The page is shown as high as it needs to be.
_SCREEN = {"width": 1280, "height": 800}


def take_pictures(project: Path, folder: Path) -> None:
    """Write `report.jpg` and `page.jpg` of a project with a finished default run and its page into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        # A user of containers has no sandbox.
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        page = browser.new_page(viewport=_SCREEN, color_scheme="light")
        page.goto((project / "results/sample/report/index.html").absolute().as_uri())
        page.screenshot(path=folder / "report.jpg", quality=85)
        with server(project / "exports/sample/demo") as serving:
            threading.Thread(target=serving.serve_forever, daemon=True).start()
            page.goto(f"http://127.0.0.1:{serving.server_port}/")
            expect(page.locator("html[data-ready]")).to_be_attached(timeout=60_000)
            page.locator("#pictures label").nth(4).click()
            expect(page.locator("#truth")).not_to_be_empty(timeout=60_000)
            page.locator("#pictures").evaluate("element => element.scrollIntoView()")
            page.screenshot(path=folder / "page.jpg", quality=85)
            serving.shutdown()
        browser.close()


if __name__ == "__main__":
    take_pictures(Path(), Path("docs/images"))
