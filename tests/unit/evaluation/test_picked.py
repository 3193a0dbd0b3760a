import numpy as np
import pandas as pd

from brushprint.data.corrupted_arrays import CONDITIONS
from brushprint.evaluation.picked import picked_scores


def test_there_is_one_row_per_condition_and_picture_except_for_swaps() -> None:
    paths = pd.Series(["b.png", "a.png"])
    p_ai = np.arange(2 * len(CONDITIONS)).reshape(2, -1) / 1000
    table = picked_scores(paths, p_ai, 0.3)
    assert table.columns.tolist() == ["path", "name", "severity", "p_ai", "threshold"]
    conditions = [condition for condition in CONDITIONS if condition[0] != "swap"]
    assert list(zip(table["name"], table["severity"], strict=True)) == [one for one in conditions for _ in range(2)]
    assert table["path"].tolist() == ["b.png", "a.png"] * len(conditions)
    for (name, severity, path), rows in table.groupby(["name", "severity", "path"]):
        expected = p_ai[paths.tolist().index(path), CONDITIONS.index((name, severity))]
        assert rows["p_ai"].tolist() == [expected]
    assert set(table["threshold"]) == {0.3}
    assert set(picked_scores(paths, p_ai, None)["threshold"]) == {np.inf}
