"""The shares of verdicts on delivered pictures that are wrong, unsure or flip."""

import numpy as np
import pandas as pd

from brushprint.data.deliveries import DELIVERIES, MEASURING
from brushprint.evaluation.stability import AS_IT_IS, MEASURES, evaluate

# Verdicts on 10 human and 10 AI works: as they are, and after WebP.
BEFORE = ["human"] * 6 + ["unsure"] * 3 + ["ai"] + ["ai"] * 7 + ["unsure"] * 3
AFTER = ["human"] * 5 + ["ai"] + ["unsure"] * 2 + ["ai"] * 2 + ["human"] + ["ai"] * 6 + ["unsure"] * 3


def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    test = pd.DataFrame({"image_id": [f"id{number}" for number in range(20)], "verdict": BEFORE, "changes": False})
    test = test.assign(origin=["human"] * 10 + ["ai"] * 10, group=np.arange(20))
    test.loc[[3, 4], "changes"] = True
    delivered = pd.concat([test.assign(delivery=name) for name in DELIVERIES], ignore_index=True)
    delivered.loc[delivered["delivery"] == "webp", "verdict"] = AFTER
    # Another order, and a picture that was not delivered.
    return pd.concat([test, test.head(1).assign(image_id="unsent")]), delivered.sample(frac=1, random_state=0)


def test_each_share_is_counted_for_each_delivery() -> None:
    measured = evaluate(*tables(), seed=0)
    assert (measured["pictures"], measured["human"], measured["ai"]) == (20, 10, 10)
    assert measured["changes"]["value"] == 0.1
    rows = {row["delivery"]: row for row in measured["rows"]}
    assert list(rows) == [AS_IT_IS, *DELIVERIES]
    assert [name for name, row in rows.items() if not row["chooses"]] == list(MEASURING)
    values = {name: [row[measure]["value"] for measure in MEASURES] for name, row in rows.items()}
    assert values[AS_IT_IS] == values["half"] == [0.1, 0.0, 0.3, 0.0]
    assert values["webp"] == [0.3, 0.1, 0.25, 0.1]
    for row in rows.values():
        for measure in MEASURES:
            assert 0 <= row[measure]["low"] <= row[measure]["value"] <= row[measure]["high"] <= 1


def test_without_delivered_pictures_nothing_is_known() -> None:
    test, delivered = tables()
    measured = evaluate(test, delivered.head(0), seed=0)
    assert (measured["pictures"], measured["changes"]["value"]) == (0, None)
    assert {row[measure]["value"] for row in measured["rows"] for measure in MEASURES} == {None}
