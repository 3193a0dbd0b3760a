"""The figures of components, clusters, maps and prototypes, with much data, with little and with none."""

from collections.abc import Callable
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from brushprint.figures import latent, style
from tests.support.drawing import keep_figures, words
from tests.support.labels import MANY, STYLES
from tests.support.latent import mapped, planted_clusters, points, typical


def drawn_clusters(outcomes: dict[str, int], clusters: int, styles: list[str] | None) -> Callable[[Path], None]:
    return lambda target: latent.clusters(*points(outcomes, clusters, styles), "full", target)


def drawn_components(outcomes: dict[str, int], styles: list[str] | None) -> Callable[[Path], None]:
    return lambda target: latent.components(*points(outcomes, 2, styles), target)


def drawn_scree(outcomes: dict[str, int], **changes: object) -> Callable[[Path], None]:
    return lambda target: latent.explained_variance(points(outcomes, 2, STYLES)[1] | changes, target)


def drawn_quality(outcomes: dict[str, int], clusters: int, styles: list[str] | None) -> Callable[[Path], None]:
    return lambda target: latent.cluster_quality(points(outcomes, clusters, styles)[1], target)


def drawn_embedding(outcomes: dict[str, int], styles: list[str] | None, *method: str) -> Callable[[Path], None]:
    return lambda target: latent.embedding_map(*mapped(outcomes, styles, *method), target)


def drawn_prototypes(groups: list[str], pictures: int) -> Callable[[Path], None]:
    return lambda target: latent.prototype_pictures(*typical(groups, pictures), target)


# `test_whole.py` draws each of these.
DRAWINGS = {
    "components": drawn_components({"correct": 20, "misclassified": 5}, STYLES),
    "components of 47 styles": drawn_components({"correct": 90, "misclassified": 5}, MANY),
    "components without styles": drawn_components({"correct": 20}, None),
    "components of one picture": drawn_components({"misclassified": 1}, STYLES),
    "clusters": drawn_clusters({"correct": 40, "misclassified": 20}, 10, STYLES),
    "clusters of 47 styles": drawn_clusters({"correct": 90, "misclassified": 5}, 12, MANY),
    "clusters without misclassified": drawn_clusters({"correct": 40}, 4, STYLES),
    "clusters without correct": drawn_clusters({"misclassified": 40}, 4, STYLES),
    "one cluster of one picture": drawn_clusters({"correct": 1}, 1, None),
    "scree": drawn_scree({"correct": 30, "misclassified": 9}),
    "scree of one component": drawn_scree({"correct": 30}, explained=[1.0, 0.0], components_full=1),
    "scree of 300 components": drawn_scree({"correct": 30}, explained=[1 / 400] * 400, components_full=320),
    "no scree": drawn_scree({"correct": 30}, explained=[0.0, 0.0], components_full=1),
    "quality": drawn_quality({"correct": 60, "misclassified": 20}, 10, STYLES),
    "quality of 47 styles": drawn_quality({"correct": 90, "misclassified": 5}, 14, MANY),
    "quality without misclassified": drawn_quality({"correct": 40}, 4, STYLES),
    "quality without styles": drawn_quality({"correct": 40, "misclassified": 12}, 2, None),
    "quality of one picture": drawn_quality({"misclassified": 1}, 4, STYLES),
    "embedding": drawn_embedding({"correct": 40, "misclassified": 9}, STYLES),
    "embedding by umap of 47 styles": drawn_embedding({"correct": 90, "misclassified": 9}, MANY, "umap"),
    "embedding without styles": drawn_embedding({"correct": 40}, None),
    "no embedding": drawn_embedding({"correct": 1}, STYLES),
    "prototypes": drawn_prototypes(["ai", "human"], 9),
    "prototypes of 57 groups": drawn_prototypes([*MANY, *map(str, range(10))], 7),
    "prototypes of few pictures": drawn_prototypes(["ai", "human"], 2),
    "prototype of one picture": drawn_prototypes(["ai"], 1),
}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    return keep_figures(monkeypatch, latent, style)


def test_the_quality_figure_names_clusters_or_says_why_they_cannot_be_judged(drawn: list[Figure]) -> None:
    latent.cluster_quality(planted_clusters({"correct": 60, "misclassified": 6}), Path("unused.png"))
    (figure,) = drawn
    said = words(figure)
    assert {"baroque\n100% of 20", "art nouveau\n100% of 22"} <= set(said)
    assert said.count("fewer than 10 pictures") == 2 * 2 + 2 * 2
    assert said.count("only one source") == 4


@pytest.mark.parametrize(("outcome", "other"), [("correct", "misclassified"), ("misclassified", "correct")])
def test_the_figures_say_so_if_no_picture_has_an_outcome(drawn: list[Figure], outcome: str, other: str) -> None:
    table, summary = points({outcome: 20}, 2, STYLES)
    latent.cluster_quality(summary, Path("unused.png"))
    latent.clusters(table, summary, "full", Path("unused.png"))
    table, summary = points({outcome: 20, other: 2}, 2, STYLES)
    latent.cluster_quality(summary, Path("unused.png"))
    latent.clusters(table, summary, "full", Path("unused.png"))
    said = [f"No test picture is {other}." in " ".join(words(figure)) for figure in drawn]
    assert said == [True, True, False, False]


def test_a_figure_that_cannot_be_drawn_says_why(drawn: list[Figure]) -> None:
    latent.embedding_map(*mapped({"correct": 3}, None), Path("unused.png"))
    latent.explained_variance({"explained": [0, 0], "components_full": 1, "variance": 0.9}, Path("unused.png"))
    latent.prototype_pictures(*typical(["ai", "human"], 2), Path("unused.png"))
    map_, scree, shown = map(words, drawn)
    assert map_ == ["t-SNE of the penultimate layer cannot be computed: fewer than 10 pictures."]
    assert scree == ["All test pictures have the same features: there is no variance to explain."]
    assert shown.count("no further pictures") == 2


def test_the_title_of_the_map_gives_its_method_and_its_trustworthiness(drawn: list[Figure]) -> None:
    latent.embedding_map(*mapped({"correct": 40}, STYLES, "umap"), Path("unused.png"))
    (title,) = (text for text in words(drawn[0]) if "UMAP" in text)
    assert title.startswith("UMAP (neighbours 30) of 40 of 540 test pictures; trustworthiness 0.900")
