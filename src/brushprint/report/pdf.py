"""A page printed as PDF by a browser of this machine, with the same bytes for the same page."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from brushprint.core.atomic import replacing
from brushprint.core.errors import UserError

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")

# Whatever a page asks for, nothing leaves this machine, nor does what browsers look up by themselves.
_ALONE = ("--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking", "--disable-component-update")


def find_browser() -> str | None:
    """The path of a Chromium or Chrome of this machine, if there is one."""
    return next(filter(None, map(shutil.which, _BROWSERS)), None)


def print_pdf(page: Path, target: Path) -> None:
    """Print an HTML file; the dates in the PDF are those of the epoch.

    Raises `UserError` when there is no browser, or it prints nothing.
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
    """A PDF of the same length whose dates are those of the epoch."""
    return re.sub(rb"(/(?:Creation|Mod)Date \(D:)\d{14}", rb"\g<1>19700101000000", pdf)
