import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from brushprint.features.embedding import embed, prototypes, spreads, thumbnails
from brushprint.features.feature_map import map_features
from brushprint.stats.allocation import stratified

TSNE = {"method": "tsne", "perplexity": 5.0}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


def drawn(pictures: int) -> tuple[np.ndarray, pd.DataFrame, np.ndarray]:
    """Features, the test pictures in a different order from their pixels, and the pixels."""
    generator = np.random.default_rng(0)
    rows = generator.permutation(2 * pictures)[:pictures]
    origin = np.where(np.arange(pictures) % 3 == 0, "human", "ai")
    table = {"image_id": [f"id{row:03}" for row in rows], "row": rows, "origin": origin, "source": origin}
    table |= {"style": generator.choice(["baroque", "realism"], pictures), "label": origin, "predicted": "ai"}
    test = pd.DataFrame(table, index=np.arange(pictures) + 50)
    test["outcome"] = np.where(test["label"] == test["predicted"], "correct", "misclassified")
    pixels = generator.integers(0, 256, (2 * pictures, 8, 8, 3), dtype=np.uint8)
    return generator.normal(size=(pictures, 5)).astype(np.float32), test, pixels


def test_the_map_shows_a_sample_and_the_prototypes_come_from_all_pictures() -> None:
    features, test, pixels = drawn(60)
    found = map_features(features, test, pixels, pictures=40, **TSNE, seed=2)
    chosen = stratified(test["label"], 40, 2)
    expected = test.iloc[chosen]
    columns = ["image_id", "origin", "source", "style", "outcome", "label", "predicted"]
    assert found.points.columns.tolist() == [*columns, "x", "y"]
    pd.testing.assert_frame_equal(found.points[columns], expected[columns].reset_index(drop=True))
    coordinates, about = embed(features[chosen], **TSNE, seed=2)
    np.testing.assert_array_equal(found.points[["x", "y"]], coordinates)
    spread = spreads(features[chosen], expected, 2)
    assert found.summary == {"pictures": 40, "test_pictures": 60, **about, "spread": spread}
    pd.testing.assert_frame_equal(found.prototypes, prototypes(features, test))
    rows = [int(image_id.removeprefix("id")) for image_id in found.prototypes["image_id"]]
    np.testing.assert_array_equal(found.thumbnails, thumbnails(pixels, np.array(rows)))


def test_too_few_pictures_have_no_coordinates() -> None:
    features, test, pixels = drawn(6)
    found = map_features(features, test, pixels, pictures=40, **TSNE, seed=2)
    assert len(found.points) == 6
    assert found.points[["x", "y"]].isna().all().all()
    assert found.points["x"].dtype == found.points["y"].dtype == float
    assert found.summary["why"] == "fewer than 10 pictures"
