"""Fixtures for all tests of figures."""

from collections.abc import Iterator

import pytest

from brushprint.stats import bootstrap


@pytest.fixture(autouse=True)
def few_resamples() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "RESAMPLES", 50)
        yield
