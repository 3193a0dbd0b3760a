"""Printing the report as a PDF: its fixed dates, and the errors if no browser can print it."""

import re
import shutil
from pathlib import Path

import pytest

from brushprint.core.errors import UserError
from brushprint.report.pdf import print_pdf, undated


def test_setting_the_dates_to_the_epoch_keeps_the_length_of_the_pdf() -> None:
    dated = b"<</Producer (x)\n/CreationDate (D:20261125202619+00'00')\n/ModDate (D:20261125202620+00'00')>>"
    assert undated(dated) == re.sub(rb"20261125\d{6}", b"19700101000000", dated)
    assert len(undated(dated)) == len(dated)


def test_a_missing_or_failing_browser_is_reported_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "index.html"
    page.write_text("<p>words")
    tools = tmp_path / "tools"
    tools.mkdir()
    fails = shutil.which("false")
    monkeypatch.setenv("PATH", str(tools))
    with pytest.raises(UserError, match=r"there is no browser to print .*: install chromium"):
        print_pdf(page, tmp_path / "page.pdf")
    (tools / "chromium").symlink_to(fails)
    with pytest.raises(UserError, match=r"chromium does not print .*: it does not say why"):
        print_pdf(page, tmp_path / "page.pdf")
    assert not (tmp_path / "page.pdf").exists()
