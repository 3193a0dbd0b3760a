"""Printing the report as a PDF: its dates, and the errors where no browser can print."""

import re
import shutil
from pathlib import Path

import pytest

from brushprint.core.errors import UserError
from brushprint.report.pdf import print_pdf, undated


def test_dates_leave_a_pdf_without_moving_anything() -> None:
    dated = b"<</Producer (x)\n/CreationDate (D:20261125202619+00'00')\n/ModDate (D:20261125202620+00'00')>>"
    assert undated(dated) == re.sub(rb"20261125\d{6}", b"19700101000000", dated)
    assert len(undated(dated)) == len(dated)


def test_where_no_browser_prints_one_line_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
