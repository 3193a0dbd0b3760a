"""Nested folds promise nothing that is not there: labels dealt at random are guessed."""

import numpy as np
import pandas as pd
import pytest

from brushprint.evaluation.predictions import predictions_table
from brushprint.evaluation.recommendation import recommend
from brushprint.stats import bootstrap
from brushprint.training import heads
from tests.unit.training.test_folds import answered, pictures

SEEDS = 50


@pytest.mark.parametrize(("number", "settings"), [(24, 1), (32, 2)])
def test_with_labels_dealt_at_random_the_recommended_variant_guesses(
    number: int, settings: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of the `settings` has features of its own, and the best of them is recommended."""
    monkeypatch.setattr(bootstrap, "RESAMPLES", 20)
    monkeypatch.setattr(heads, "PENALTIES", heads.PENALTIES[::5])
    found = []
    for seed in range(SEEDS):
        generator = np.random.default_rng([seed, number])
        table = pictures(number, folds=3)
        predicted = {}
        for name in "abc"[:settings]:
            features = generator.normal(size=(number, 3)).astype(np.float32)
            predicted[name] = predictions_table(answered(features, table), table, 0.25)
        chosen = recommend(
            {name: thresholds for name, (_, thresholds) in predicted.items()},
            {name: answers for name, (answers, _) in predicted.items()},
            seed,
        )
        measures = ("balanced_accuracy", "roc_auc")
        found.append({name: chosen["detection"][name]["value"] for name in measures})
    means = pd.DataFrame(found)
    for name, error in (means.std() / SEEDS**0.5).items():
        assert means[name].mean() == pytest.approx(0.5, abs=3 * error)
        # The test could notice a bias of some percentage points.
        assert error < 0.03
