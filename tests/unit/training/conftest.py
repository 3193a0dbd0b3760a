"""Trainings that several tests use for comparison."""

import pandas as pd
import pytest

from tests.support.training import enlarged, learn, planted, two_phases


@pytest.fixture(scope="session")
def uncut(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, pd.DataFrame]:
    """Weights and history of a training without interruption."""
    return learn(tmp_path_factory.mktemp("uncut") / "checkpoint.pt")


@pytest.fixture(scope="session")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, pd.DataFrame]:
    """Weights and history of a training in two phases."""
    checkpoint = tmp_path_factory.mktemp("tuned") / "c.pt"
    return learn(checkpoint, enlarged(planted(18, 1)), enlarged(planted(12, 2)), recipe=two_phases())
