import numpy as np
import pandas as pd
import pytest

from brushprint.evaluation import detection
from brushprint.evaluation.external import evaluate_external
from brushprint.stats import bootstrap


@pytest.fixture(autouse=True)
def few_resamples():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "RESAMPLES", 20)
        yield


def catalogue(numbers: range) -> pd.DataFrame:
    """Pictures whose hashes are far apart."""
    table = pd.DataFrame({"sha256": [f"{number:064x}" for number in numbers]})
    table["phash"] = [f"{int(np.random.default_rng(number).integers(2**63)):016x}" for number in numbers]
    table["image_id"] = table["sha256"].str[-16:]
    table["origin"] = np.where(np.array(numbers) % 2, "ai", "human")
    return table.assign(path=[f"{number}.png" for number in numbers], source=table["origin"], style=None)


def test_pictures_of_the_collection_and_their_near_duplicates_are_excluded() -> None:
    external, own = catalogue(range(30)), catalogue(range(28, 40))
    # A near duplicate in another file: one bit of its hash differs.
    own.loc[5, "phash"] = f"{int(external.loc[3, 'phash'], 16) ^ 1:016x}"
    score = np.linspace(0, 1, 30)
    metrics, scores = evaluate_external(external, score, own, 0.4, seed=4)
    kept = np.setdiff1d(np.arange(30), [3, 28, 29])
    assert metrics["left_out"] == 3
    assert scores.columns.tolist() == ["image_id", "path", "origin", "source", "style", "p_ai"]
    assert scores["path"].tolist() == [f"{number}.png" for number in kept]
    assert scores["p_ai"].tolist() == score[kept].tolist()
    called = score[kept] > 0.4
    expected = detection.evaluate(kept % 2 == 1, score[kept], called_ai=called, groups=np.arange(27), seed=4)
    assert metrics == {**expected, "left_out": 3}
