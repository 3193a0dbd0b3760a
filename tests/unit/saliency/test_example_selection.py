import numpy as np
import pandas as pd
import pytest

from brushprint.saliency.example_selection import choose, draw_panels


def test_the_pictures_nearest_to_each_centre_are_chosen():
    points = pd.DataFrame(
        {
            "image_id": ["a", "b", "c", "d", "e", "f"],
            "outcome": ["correct", "misclassified", "correct", "correct", "correct", "correct"],
            "cluster_2d": [1, 0, 0, 0, 0, 0],
            "distance_2d": [5.0, 9.0, 3.0, 1.0, 2.0, 1.0],
            "cluster_full": [0, 0, 1, 1, 1, 1],
            "distance_full": [1.0, 1.0, 1.0, 2.0, 3.0, 4.0],
        }
    )
    chosen = choose(points, 3)
    assert chosen.to_dict("list") == {
        "image_id": ["d", "f", "e", "a", "b", "a", "c", "d", "e", "b"],
        "panel": [
            f"gradcam-{space}-{outcome}" for space in ("2d", "full") for outcome in ["correct"] * 4 + ["misclassified"]
        ],
        "cluster": [0, 0, 0, 1, 0, 0, 1, 1, 1, 0],
    }
    pd.testing.assert_frame_equal(choose(points.sample(frac=1, random_state=0), 3), chosen)


def predictions(labels: list[str], predicted: list[str]) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    table = pd.DataFrame({"image_id": [f"id{index:03d}" for index in range(len(labels))], "label": labels})
    table["outcome"] = np.where(np.array(labels) == np.array(predicted), "correct", "misclassified")
    return table.assign(probability=generator.random(len(labels)))


@pytest.mark.filterwarnings("error")
def test_panels_are_drawn_evenly_over_the_true_classes_and_depend_on_the_seed():
    given = predictions(["a"] * 90 + ["b"] * 60 + ["c"] * 4, ["a"] * 60 + ["b"] * 60 + ["c"] * 34)
    drawn = draw_panels(given, 12, seed=1)
    counts = drawn.merge(given, on="image_id").groupby("panel")["label"].value_counts().to_dict()
    errors = {key: count for key, count in counts.items() if key[0] == "panel-confident-errors"}
    assert {key: count for key, count in counts.items() if key not in errors} == {
        ("panel-correct", "a"): 4,
        ("panel-correct", "b"): 4,
        ("panel-correct", "c"): 4,
        ("panel-misclassified", "a"): 6,
        ("panel-misclassified", "b"): 6,
    }
    pd.testing.assert_frame_equal(draw_panels(given.sample(frac=1, random_state=0), 12, seed=1), drawn)
    assert not draw_panels(given, 12, seed=2).equals(drawn)
    assert not drawn.duplicated().any()


def test_with_more_classes_than_places_no_class_is_drawn_twice():
    names = [f"class {index}" for index in range(40)]
    drawn = draw_panels(given := predictions(names * 3, names * 3), 12, seed=1).merge(given, on="image_id")
    assert drawn["label"].nunique() == len(drawn) == 12


def test_the_most_confident_errors_are_those_with_the_highest_probability_of_a_wrong_class():
    given = predictions(["a"] * 50, ["a", "b"] * 25)
    drawn = draw_panels(given, 12, seed=0)
    wrong = given[given["outcome"] == "misclassified"].sort_values("probability", ascending=False)
    assert drawn.loc[drawn["panel"] == "panel-confident-errors", "image_id"].tolist() == wrong["image_id"][:12].tolist()


@pytest.mark.parametrize(("right", "wrong"), [(0, 0), (5, 0), (0, 1), (30, 3)])
def test_a_panel_shows_all_pictures_if_there_are_too_few(right: int, wrong: int):
    given = predictions(["a"] * (right + wrong), ["a"] * right + ["b"] * wrong)
    counts = draw_panels(given, 12, seed=0)["panel"].value_counts()
    assert counts.get("panel-correct", 0) == min(12, right)
    assert counts.get("panel-misclassified", 0) == counts.get("panel-confident-errors", 0) == wrong
