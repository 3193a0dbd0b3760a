"""Prints a page as PDF with a browser of this machine; the same page gives the same bytes."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from brushprint.core.atomic import replacing
from brushprint.core.errors import UserError

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")

# No request may leave this machine, whether the page makes it or the browser itself.
_ALONE = ("--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking", "--disable-component-update")


def find_browser() -> str | None:
    """The path of Chromium or Chrome on this machine; None if neither is installed."""
    return next(filter(None, map(shutil.which, _BROWSERS)), None)


def print_pdf(page: Path, target: Path) -> None:
    """Print an HTML file as PDF; the dates in the PDF are set to the Unix epoch.

    Raises `UserError` if there is no browser, or if the browser fails or prints nothing.
    """
    browser = find_browser()
    if browser is None:
        raise UserError(f"there is no browser to print {page}: install chromium, or print the page from your own")
    with tempfile.TemporaryDirectory(prefix="print-") as profile:
        printed = Path(profile, "page.pdf")
        command = (browser, "--headless", "--no-sandbox", "--disable-gpu", *_ALONE, "--no-pdf-header-footer")
        places = (f"--user-data-dir={profile}", f"--print-to-pdf={printed}", page.absolute().as_uri())
        utc = os.environ | {"TZ": "UTC"}
        done = subprocess.run((*command, *places), env=utc, capture_output=True, text=True, check=False)
        if done.returncode or not printed.exists():
            said = (done.stderr.strip() or "it does not say why").splitlines()[-1]
            raise UserError(f"{browser} does not print {page}: {said}")
        with replacing(target) as part:
            part.write_bytes(undated(printed.read_bytes()))


def undated(pdf: bytes) -> bytes:
    """The same PDF, with the same length, but with its dates set to the Unix epoch."""
    return re.sub(rb"(/(?:Creation|Mod)Date \(D:)\d{14}", rb"\g<1>19700101000000", pdf)
