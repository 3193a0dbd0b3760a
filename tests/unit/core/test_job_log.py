"""Warnings of libraries appear in the log of a job, with the file that they are about."""

import logging
import warnings

import pytest

from brushprint.core.job_log import log_warnings, reading
from tests.conftest import encoded, picture
from tests.support.collections import catalogued


@pytest.fixture(autouse=True)
def as_in_a_job() -> None:
    """Handle warnings as a job does, until the end of the test."""
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        log_warnings()
        yield


def test_a_warning_about_a_picture_names_it_once_for_each_kind(write_files, caplog: pytest.LogCaptureFixture) -> None:
    broken = [b"Exif\0\0MM\0*\0\0\0\x08\0\x05\x01\x12", b"Exif\0\0MM\0*\0\0\0\x08\0\x05\x01\x12\0"]
    files = {f"human/{n}.jpg": encoded(picture(n), exif=exif) for n, exif in enumerate(broken)}
    with caplog.at_level(logging.WARNING):
        assert len(catalogued(write_files(files))[0]) == 2
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("warning: human/0.jpg: Corrupt EXIF data. Expecting to read ")


def test_warnings_that_differ_in_numbers_alone_are_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for number in range(3):
            warnings.warn(f"tag {number} has too many\n  entries", stacklevel=1)
        with reading("x.tif"):
            warnings.warn("tag 4 is wrong", stacklevel=1)
    lines = [record.getMessage() for record in caplog.records]
    assert lines == ["warning: tag 0 has too many entries", "warning: x.tif: tag 4 is wrong"]
