import base64
import hashlib
import io
import re
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from brushprint.evaluation.mistakes import SCHEMA
from brushprint.features.embedding import prototypes, spreads
from brushprint.features.latent import latent
from brushprint.figures import latent as latent_figures
from brushprint.figures import saliency, style
from brushprint.report.page import FIGURES, GROUPS, TRUST, write_report
from brushprint.saliency.faithfulness import SHARES, judged
from brushprint.saliency.regions import CONDITIONS, FIXED, REGIONS, effects
from brushprint.settings.schema import Budget

STYLES = ["art_nouveau", "baroque", "ukiyo_e"]
MANY = [f"stable_diffusion early_netherlandish_post_impressionism_{number}" for number in range(47)]
ORIGINS = ["ai"] * 30 + ["human"] * 17
SOURCES = ["midjourney"] * 12 + ["dalle"] * 18 + ["human"] * 17
SPECIAL = "<script>alert('art & craft')</script>"


def history(epochs: int, head: int = 0, decay: float = 1) -> pd.DataFrame:
    """Epochs of two phases if `head` is above 0: that many of the head alone come first."""
    epoch = np.arange(1, epochs + 1)
    table = pd.DataFrame({"phase": np.where(epoch > head, 1 + (head > 0), 1), "epoch": epoch, "best": epoch == epochs})
    table["learning_rate"] = np.where(epoch > head, 1e-5 if head else 1e-3, 1e-3) * decay**epoch
    for part in ("train", "validation"):
        table[f"{part}_loss"], table[f"{part}_accuracy"] = 1 / epoch, 1 - 0.5 / epoch
    return table


def counts(classes: int, seed: int = 0) -> list[list[int]]:
    return np.random.default_rng(seed).integers(0, 90, (classes, classes)).tolist()


def roc(names: list[str]) -> pd.DataFrame:
    line = pd.DataFrame({"false_positive_rate": [0, 0.2, 1], "true_positive_rate": [0, 0.8, 1]})
    parts = [line.assign(**{"class": name}) for name in names]
    return pd.concat(parts) if parts else pd.DataFrame(columns=["class", *line.columns])


def points(outcomes: dict[str, int], clusters: int, styles: list[str] | None) -> tuple[pd.DataFrame, dict]:
    """Random features and what is made of them; more like one another within an origin."""
    return deepcopy(clustered(tuple(outcomes.items()), clusters, styles and tuple(styles)))


@cache
def clustered(outcomes: tuple, clusters: int, styles: tuple[str, ...] | None) -> tuple[pd.DataFrame, dict]:
    names, numbers = zip(*outcomes, strict=True)
    generator, pictures = np.random.default_rng(0), sum(numbers)
    outcome = np.repeat(names, numbers)
    table = pd.DataFrame({"image_id": np.arange(pictures).astype(str), "outcome": outcome})
    table["source"] = generator.choice(["human", "dalle", "midjourney"], pictures)
    table["origin"] = np.where(table["source"] == "human", "human", "ai")
    table["style"] = generator.choice(styles, pictures) if styles else None
    table["label"] = table["origin"]
    features = generator.normal(size=(pictures, 6)) + 2 * (table[["origin"]] == "ai").to_numpy()
    draws = {"permutations": 20, "refits": 1, "seed": 0}
    found, summary = latent(features.astype(np.float32), table, variance=0.8, clusters=clusters, **draws)
    return found.merge(table.drop(columns="outcome"), on="image_id"), summary


def mapped(outcomes: dict[str, int], styles: list[str] | None, method: str = "tsne") -> tuple[pd.DataFrame, dict]:
    """A map of random pictures, and what is said of it."""
    table, _ = points(outcomes, 2, styles)
    features = table[["pc1", "pc2"]].to_numpy(dtype=np.float32)
    few = len(table) < 10
    about = {"perplexity": 30, "trustworthiness": 0.9, "why": None}
    about = {"method": method, "why": "fewer than 10 pictures"} if few else {"method": method, **about}
    summary = {"pictures": len(table), "test_pictures": 540, **about, "spread": spreads(features, table, 0)}
    return table.rename(columns={"pc1": "x", "pc2": "y"}), summary


def typical(groups: list[str], pictures: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Prototypes of classes of so many pictures, and their pixels."""
    generator = np.random.default_rng(0)
    table = pd.DataFrame({"label": np.repeat(groups, pictures), "style": None})
    table["image_id"] = np.arange(len(table)).astype(str)
    found = prototypes(generator.normal(size=(len(table), 3)), table)
    # Of one colour each: many colours take long to quantise.
    colours = generator.integers(0, 256, (len(found), 1, 1, 3), dtype=np.uint8)
    return found, np.tile(colours, (1, 12, 12, 1))


def shown(groups: list[int], panel: str, labels: list[str], clustered: bool = True) -> dict[str, np.ndarray]:
    """Pictures of a panel, which refers to them in another order than theirs."""
    generator, pictures = np.random.default_rng(0), sum(groups)
    return {
        "picture": generator.integers(0, 256, (pictures, 12, 12, 3), dtype=np.uint8),
        "heat": generator.random((pictures, 12, 12), dtype=np.float32),
        "occlusion": generator.random((pictures, 12, 12), dtype=np.float32) - 0.5,
        "label": generator.choice(labels, pictures),
        "predicted": generator.choice(labels, pictures),
        "probability": generator.random(pictures),
        "shown_panel": np.array([panel] * pictures, dtype=str),
        "shown_cluster": np.repeat(np.arange(len(groups)), groups) if clustered else np.full(pictures, -1),
        "shown_row": np.arange(pictures)[::-1],
    }


def drawn_heatmaps(groups: list[int], panel: str, labels: list[str]) -> Callable[[Path], None]:
    given = shown(groups, panel, labels, clustered=panel.startswith("gradcam"))
    return lambda target: saliency.heatmaps(given, panel, target)


def thumbnails(*sizes: int) -> dict[str, list[tuple[str, Image.Image]]]:
    return {
        f"source_{row}": [(f"style_{number}", Image.new("RGB", (16, 10 + number))) for number in range(size)]
        for row, size in enumerate(sizes)
    }


AUGMENTED = {"rotation": 20, "horizontal_flip": 0.5, "zoom": 0.2}


def copies(*sizes: int) -> list[list[tuple[np.ndarray, str]]]:
    words = ["original", "+20°, ×0.83, mirrored", "−3°, ×1.00", "+1°, ×1.20"]
    return [[(np.zeros((12, 12, 3), np.uint8), words[number]) for number in range(size)] for size in sizes]


def drawn_clusters(outcomes: dict[str, int], clusters: int, styles: list[str] | None) -> Callable[[Path], None]:
    table, summary = points(outcomes, clusters, styles)
    return lambda target: latent_figures.clusters(table, summary, "full", target)


def drawn_components(outcomes: dict[str, int], styles: list[str] | None) -> Callable[[Path], None]:
    table, summary = points(outcomes, 2, styles)
    return lambda target: latent_figures.components(table, summary["explained"], target)


def drawn_scree(outcomes: dict[str, int], **changes: object) -> Callable[[Path], None]:
    _, summary = points(outcomes, 2, STYLES)
    return lambda target: latent_figures.scree(summary | changes, target)


def drawn_quality(outcomes: dict[str, int], clusters: int, styles: list[str] | None) -> Callable[[Path], None]:
    _, summary = points(outcomes, clusters, styles)
    return lambda target: latent_figures.quality(summary, target)


def drawn_embedding(outcomes: dict[str, int], styles: list[str] | None, *method: str) -> Callable[[Path], None]:
    return lambda target: latent_figures.embedding(*mapped(outcomes, styles, *method), target)


def drawn_prototypes(groups: list[str], pictures: int) -> Callable[[Path], None]:
    return lambda target: latent_figures.prototypes(*typical(groups, pictures), target)


def drawn_confusion(classes: list[str], **parts: list[str]) -> Callable[[Path], None]:
    return lambda target: style.confusion(counts(len(classes)), classes, parts, target)


def shares(pictures: int, low: float = 0.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Shares of heat that lies `low` further down than chance has it, and the pictures."""
    generator = np.random.default_rng(0)
    table, parts = pd.DataFrame({"image_id": np.arange(pictures).astype(str), "outcome": "correct"}), []
    for condition, shift in zip(CONDITIONS, (low, 0, -low, 0), strict=True):
        part = pd.DataFrame({"image_id": table["image_id"], "condition": condition, "network": np.arange(pictures) % 4})
        for region in REGIONS:
            area = FIXED[region].mean() if region in FIXED else 0.5
            part[region] = area + shift * (region == "lower") + generator.normal(0, 0.02, pictures)
        part["faces"] = np.nan
        parts.append(part.assign(faces_area=np.nan))
    return pd.concat(parts), table


def heat(pictures: int = 40, low: float = 0.0) -> pd.DataFrame:
    return effects(*shares(pictures, low), ["outcome"])


def of_all(judged_heat: pd.DataFrame) -> pd.DataFrame:
    return judged_heat[judged_heat["by"] == "all"]


def mean_heat(groups: dict[str, list[str]], pictures: int = 9) -> pd.DataFrame:
    generator = np.random.default_rng(0)
    named = [("trained", by, value) for by, values in groups.items() for value in values]
    rows = [*((condition, "all", "all") for condition in CONDITIONS), *named]
    maps = generator.dirichlet(np.ones(24 * 24), len(rows)).astype(np.float32)
    return pd.DataFrame(rows, columns=["condition", "by", "value"]).assign(pictures=pictures, map=list(maps))


def checked(pictures: int = 20, better: float = 0.2, stages: int = 4) -> dict:
    """What the tests of the maps say: that Grad-CAM is `better` than random maps."""
    generator = np.random.default_rng(0)
    table = pd.MultiIndex.from_product([range(pictures), SHARES], names=["picture", "share"]).to_frame(index=False)
    for name, gain in (("gradcam", better), ("random", 0)):
        for way, sign in (("deletion", -1), ("insertion", 1)):
            table[f"{name}_{way}"] = 0.5 + sign * gain + generator.normal(0, 0.01, len(table))
    alike = [{"value": 1 / (1 + stage), "low": 0.9 / (1 + stage), "high": 1.1 / (1 + stage)} for stage in range(stages)]
    done = [{"layers": [f"block{n}.conv"] * min(n, 2), "similarity": of, "without": 0} for n, of in enumerate(alike)]
    chance = {"value": 0.1, "low": 0.0, "high": 0.2}
    return judged(table) | {"cascade": {"stages": done, "chance": chance, "left": 0.12}}


UNKNOWN = {"value": None, "low": None, "high": None}
NOTHING_LEFT = {"stages": [{"layers": [], "similarity": UNKNOWN, "without": 3}], "chance": UNKNOWN, "left": None}


DRAWINGS = {
    "learning curves": lambda target: style.curves(history(6), target),
    "learning curves of one epoch": lambda target: style.curves(history(1), target),
    "learning curves of two phases": lambda target: style.curves(history(6, head=2), target),
    "learning curves of a falling rate": lambda target: style.curves(history(6, decay=0.9), target),
    "learning curves of a head alone": lambda target: style.curves(history(2, head=2), target),
    "learning curves of one epoch a phase": lambda target: style.curves(history(2, head=1), target),
    "confusion of two classes": drawn_confusion(["ai", "human"]),
    "confusion of few classes with long names": drawn_confusion(MANY[:4], origin=["ai", "ai", "human", "human"]),
    "confusion of 5 classes": drawn_confusion(list("abcde")),
    "confusion of 20 classes": drawn_confusion(MANY[:20], origin=["ai", "human"] * 10, style=STYLES * 6 + STYLES[:2]),
    "confusion of 47 classes": drawn_confusion(MANY, origin=ORIGINS, source=SOURCES),
    "confusion without pictures of a class": lambda target: style.confusion([[0, 0], [3, 1]], ["a", "b"], {}, target),
    "confusion without pictures of many classes": lambda target: style.confusion(
        np.diag([0, 0, 0, 0, 3, 1]).tolist(), list("abcdef"), {}, target
    ),
    "roc of two classes": lambda target: style.roc(roc(["ai"]), target),
    "roc of 47 classes": lambda target: style.roc(roc(MANY), target),
    "roc without classes": lambda target: style.roc(roc([]), target),
    "components": drawn_components({"correct": 20, "misclassified": 5}, STYLES),
    "components of 47 styles": drawn_components({"correct": 90, "misclassified": 5}, MANY),
    "components without styles": drawn_components({"correct": 20}, None),
    "components of one picture": drawn_components({"misclassified": 1}, STYLES),
    "clusters": drawn_clusters({"correct": 40, "misclassified": 20}, 10, STYLES),
    "clusters of 47 styles": drawn_clusters({"correct": 90, "misclassified": 5}, 12, MANY),
    "clusters without misclassified": drawn_clusters({"correct": 40}, 4, STYLES),
    "clusters without correct": drawn_clusters({"misclassified": 40}, 4, STYLES),
    "one cluster of one picture": drawn_clusters({"correct": 1}, 1, None),
    "heatmaps": drawn_heatmaps([3, 3, 1], "gradcam-2d-correct", ["ai", "human"]),
    "heatmaps with long names": drawn_heatmaps([2], "gradcam-full-misclassified", MANY),
    "heatmaps of one picture": drawn_heatmaps([1], "panel-correct", ["ai"]),
    "heatmaps in no clusters": drawn_heatmaps([11], "panel-confident-errors", ["ai", "human"]),
    "no heatmaps": lambda target: saliency.heatmaps(shown([2], "panel-correct", ["ai"]), "panel-misclassified", target),
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
    "regions": lambda target: saliency.regions(heat(low=0.2), target),
    "regions of few pictures": lambda target: saliency.regions(heat(2), target),
    "regions without heat": lambda target: saliency.regions(heat().assign(pictures=0), target),
    "mean maps": lambda target: saliency.mean_maps(
        mean_heat({"outcome": ["correct", "misclassified"], "style": MANY, "full cluster": ["correct 1"]}),
        heat(),
        target,
    ),
    "mean maps of one group": lambda target: saliency.mean_maps(mean_heat({}), heat(), target),
    "mean maps without heat": lambda target: saliency.mean_maps(mean_heat({}, pictures=0), heat(), target),
    "faithfulness": lambda target: saliency.faithfulness(checked(), target),
    "faithfulness of one picture": lambda target: saliency.faithfulness(checked(1), target),
    "faithfulness of maps without heat": lambda target: saliency.faithfulness(
        checked() | {"cascade": NOTHING_LEFT}, target
    ),
    "faithfulness of no picture": lambda target: saliency.faithfulness({"pictures": 0}, target),
    "examples": lambda target: style.examples(thumbnails(3, 10), target),
    "copies": lambda target: style.copies(copies(4, 4, 2), AUGMENTED, target),
    "no copies": lambda target: style.copies([], AUGMENTED, target),
    "one example": lambda target: style.examples(thumbnails(1), target),
}


TWICE = (
    *("learning curves", "confusion of two classes", "confusion of 47 classes"),
    *("roc of two classes", "roc of 47 classes", "components", "clusters", "heatmaps"),
    *("scree", "quality", "embedding", "prototypes"),
    *("regions", "mean maps", "faithfulness"),
)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", DRAWINGS)
def test_a_figure_is_drawn_without_a_warning_and_when_twice_with_the_same_bytes(name: str, tmp_path: Path):
    one, other = tmp_path / "one.png", tmp_path / "other.png"
    DRAWINGS[name](one)
    with Image.open(one) as image:
        image.load()
        assert image.format == "PNG"
        assert len(image.convert("L").getcolors()) > 1
        assert max(image.size) < 8000
    if name in TWICE:
        DRAWINGS[name](other)
        assert one.read_bytes() == other.read_bytes()
    assert not style.plt.get_fignums()


@pytest.fixture
def drawn_figure(monkeypatch: pytest.MonkeyPatch) -> list:
    """The figures that are drawn, as matplotlib has them before they are written."""
    figures_drawn = []
    for module in (style, saliency, latent_figures):
        monkeypatch.setattr(module, "save_figure", lambda figure, *_, **__: figures_drawn.append(figure))
    yield figures_drawn
    for figure in figures_drawn:
        style.plt.close(figure)


def words(figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(style.mpl.text.Text) if text.get_text()]


@pytest.mark.parametrize(
    ("table", "charts", "named"),
    [
        (history(6), 2, False),
        (history(6, decay=0.9), 3, False),
        (history(6, head=2), 3, True),
        (history(2, head=2), 2, False),
    ],
)
def test_the_curves_name_two_phases_and_show_a_rate_that_changes(drawn_figure, table, charts: int, named: bool):
    style.curves(table, Path("unused.png"))
    (figure,) = drawn_figure
    assert len(figure.axes) == charts
    assert words(figure).count("first phase") == words(figure).count("fine-tuning") == charts * named
    assert {axis.get_title(loc="left") for axis in figure.axes} >= {"Loss", "Accuracy"}


def test_many_classes_are_grouped_and_only_large_shares_have_numbers(drawn_figure):
    matrix = np.zeros((6, 6), dtype=int)
    matrix[0, :] = [100, 4, 96, 0, 0, 0]
    matrix[3, 5] = 7
    parts = {"origin": ["human", "ai", "human", "ai", "ai", "human"], "style": list("uvwxyz")}
    style.confusion(matrix.tolist(), list("abcdef"), parts, Path("unused.png"))
    (figure,) = drawn_figure
    axis = figure.axes[0]
    rows = [label.get_text() for label in axis.get_yticklabels()]
    assert rows == ["b (0)", "d (7)", "e (0)", "a (200)", "c (0)", "f (0)"]
    assert [label.get_text() for label in axis.get_xticklabels()] == list("bdeacf")
    numbers = {(text.get_position(), text.get_text()) for text in axis.texts if text.get_text().isdigit()}
    assert numbers == {((3, 3), "50"), ((4, 3), "48"), ((5, 1), "100")}
    assert [text.get_text() for text in axis.texts if not text.get_text().isdigit()] == ["ai", "human"]


def test_of_many_curves_the_best_and_the_worst_and_their_average_are_named(drawn_figure):
    corner = {"a": 0.9, "b": 0.5, "c": 0.7, "d": 0.6, "e_f": 0.95}
    lines = [
        pd.DataFrame({"class": name, "false_positive_rate": [0, 0.5, 1], "true_positive_rate": [0, height, 1]})
        for name, height in corner.items()
    ]
    style.roc(pd.concat(lines), Path("unused.png"))
    (figure,) = drawn_figure
    areas = [0.25 + height / 2 for height in corner.values()]
    named = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert named == [
        "each of 5 classes",
        f"best: e f ({max(areas):.3f})",
        f"worst: b ({min(areas):.3f})",
        f"average ({np.mean(areas):.3f})",
    ]


def test_the_palette_of_a_chart_keeps_white_and_its_colours(tmp_path: Path):
    DRAWINGS["learning curves"](tmp_path / "chart.png")
    with Image.open(tmp_path / "chart.png") as image:
        assert image.mode == "P"
        colours = {colour: count for count, colour in image.convert("RGB").getcolors(10**6)}
    assert max(colours, key=colours.get) == (255, 255, 255)
    near = style.mpl.colors.to_rgb(style.COLOURS[0])
    assert min(np.abs(np.array(colour) / 255 - near).max() for colour in colours) < 0.03


def tiles(heat: np.ndarray, hidden: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    found = saliency._tiles(np.full((12, 12, 3), 100, dtype=np.uint8), heat.astype(np.float32), hidden)
    assert all(tile.shape == (saliency.TILE, saliency.TILE, 3) for tile in found)
    assert (found[0] == 100).all()
    return found


def halves(left: float, right: float) -> np.ndarray:
    return np.repeat([[left, right]], 12, axis=0).repeat(6, axis=1)


def test_a_heatmap_is_bright_where_it_is_high():
    _, overlay, _ = tiles(halves(0, 1), halves(0, 0))
    left, right = overlay[:, :30], overlay[:, -30:]
    assert left.max() <= 0.4 * 100 + 0.6 * 4 + 1
    assert right.mean() > 2 * left.mean()


def test_an_occlusion_map_tells_both_signs_apart_and_pales_where_hiding_changes_nothing():
    _, _, overlay = tiles(halves(0, 0), halves(0.3, -0.3))
    red, green, blue = overlay[:, :40].mean(axis=(0, 1))
    assert red > green > blue
    red, green, blue = overlay[:, -40:].mean(axis=(0, 1))
    assert blue > red
    _, _, pale = tiles(halves(0, 0), halves(1e-4, -1e-4))
    assert np.ptp(pale.astype(int), axis=2).max() < 10


def test_a_panel_names_the_true_and_the_predicted_class_of_the_pictures_it_refers_to(drawn_figure):
    given = shown([2, 1], "gradcam-2d-correct", ["ai", "human"])
    saliency.heatmaps(given, "gradcam-2d-correct", Path("unused.jpg"))
    said = words(drawn_figure[0])
    assert [line for line in said if line.startswith("true")] == [f"true: {given['label'][row]}" for row in (2, 1, 0)]
    confident = [f"said: {given['predicted'][row]}, {given['probability'][row]:.0%}" for row in (2, 1, 0)]
    assert [line for line in said if line.startswith("said")] == confident
    assert {"cluster 0", "cluster 1", "picture", "Grad-CAM", "occlusion"} <= {*said}


def test_a_panel_without_pictures_says_so(drawn_figure):
    for panel, line in {
        "panel-misclassified": "No test picture is misclassified.",
        "panel-confident-errors": "No test picture is misclassified.",
        "gradcam-2d-correct": "No test picture is correct.",
    }.items():
        saliency.heatmaps(shown([2], "other", ["ai"]), panel, Path("unused.jpg"))
        assert words(drawn_figure[-1]) == [line]


def test_no_two_names_of_a_figure_share_a_colour():
    for names in (["ai", "human"], ["dalle", "human", "midjourney"], ["correct", "misclassified"], MANY):
        assert len({style.mpl.colors.to_hex(colour) for colour in style.colours_of(names)}) == len(names)


@pytest.mark.parametrize("name", DRAWINGS)
def test_nothing_of_a_figure_is_cut_off(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    rendered = []
    as_image = style.Image.fromarray
    monkeypatch.setattr(style.Image, "fromarray", lambda pixels: rendered.append(pixels) or as_image(pixels))
    DRAWINGS[name](tmp_path / "one.png")
    pixels = rendered[-1]
    assert all((edge == 255).all() for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]))


class Page(HTMLParser):
    """What a browser would fetch, and what a reader who cannot see the pictures is told."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.references, self.images, self.captions, self.tables = [], [], [], [], []
        self.within = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.tags.append(tag)
        self.references += [given[key] for key in ("src", "href", "srcset", "data", "poster") if key in given]
        if tag == "img":
            self.images.append(given)
        elif tag == "figcaption":
            self.captions.append("")
        elif tag == "tr":
            self.tables.append([])
        elif tag in ("td", "th") and self.tables:
            self.tables[-1].append("")
        if tag not in ("img", "meta", "br", "link"):
            self.within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.within.pop() == tag

    def handle_data(self, data: str) -> None:
        if "figcaption" in self.within:
            self.captions[-1] += data
        elif self.within and {"td", "th"} & set(self.within):
            self.tables[-1][-1] += data


def explained(value: float | None = 0.4, difference: float = 0.25, **shown: int) -> dict:
    """How far two kinds of heatmaps agree, and how many pictures the panels show."""
    if value is None:
        measures = {"pictures": 0} | dict.fromkeys(("agreement", "null", "difference"), UNDEFINED)
    else:
        measures = {"pictures": 80, "agreement": interval(value), "null": interval(value - difference)}
        measures["difference"] = interval(difference)
    counts = {f"panel-{name.replace('_', '-')}": count for name, count in shown.items()}
    return {
        "asked": 12,
        "shown": {"panel-correct": 12, "panel-misclassified": 12} | counts,
        "occlusion": {"side": 48, "patch": 9, "stride": 9, "places": 36},
        **measures,
    }


UNDEFINED = {"value": None, "low": None, "high": None}


def interval(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


def metrics(classes: list[str], **changes: object) -> dict:
    row = {"precision": interval(0.25), "recall": interval(0.5), "f1-score": interval(1 / 3), "support": 1234}
    return {
        "classes": classes,
        "parts": {},
        "test": {
            "pictures": 2468,
            "accuracy": interval(0.8128),
            "balanced_accuracy": interval(0.75),
            "roc_auc": UNDEFINED,
            "majority": 0.625,
            "loss": interval(0.456),
            "top": {},
            "parts": {},
            "report": dict.fromkeys([*classes, "macro avg", "weighted avg"], row),
            **changes,
        },
        "detection": detected(0.7),
        "calibration": {"before": {"ece": interval(0.2) | {"chance": {"mean": 0.04}}}},
        "verdict": {"level": 0.1, "test": judged_works()},
        "leaked": 0,
        "apart": None,
    }


def judged_works() -> dict:
    return {"unsure": interval(0.3), "wrong": interval(0.125), "always": {"wrong": interval(0.375)}}


def detected(balanced: float) -> dict:
    shares = ("accuracy", "false_alarms", "misses", "average_precision", "roc_auc")
    return {
        **{name: interval(0.4) for name in shares},
        "balanced_accuracy": interval(balanced),
        "majority": 0.625,
        "human": 617,
        "ai": 1851,
        "recall_at_1": {"why": "few", "recall": UNDEFINED},
    }


def audited(found: bool) -> list[dict]:
    row = {"question": "ai or human", "pictures": 77, "why": None}
    telling = [{"cue": "aspect_ratio", "is": "median", "ai": 768.0, "human": 256.0}] if found else []
    judged = {"balanced_accuracy": interval(0.9 if found else 0.5), "bound": 0.7, "found": found, "telling": telling}
    unknown = {"balanced_accuracy": UNDEFINED, "bound": None, "found": None, "telling": [], "why": "only 3 human"}
    return [row | {"cues": "dimensions"} | judged, row | {"question": "dalle or human", "cues": "format"} | unknown]


def trusted(folder: Path, **changes: object) -> dict:
    compared = {"first": "one", "second": "two", "question": "human or ai", "pictures": 55}
    compared |= {"first_alone": 9, "second_alone": 4, "difference": interval(0.05), "p": 0.2, "p_corrected": 0.6}
    return {
        "audit": {"margin": 0.05, "raw": audited(False)},
        "leaks": {"natural": leaked(0)},
        "arms": {"unseen": [], "seeds": []},
        "comparisons": [compared],
        "external": None,
        "figures": folder,
        **changes,
    }


def leaked(pictures: int) -> dict:
    across = {"of": "test", "in": "train", "pictures": pictures, "share": pictures / 60, "by_source": {}}
    return {"partitions": {"train": {"pictures": 90, "within": 2}}, "across": [across]}


CARD = [{"heading": "Whom it wrongs", "sentences": ["Of a thousand human artists, about 95."]}]


SCORES = ["0.250 0.150 to 0.350", "0.500 0.400 to 0.600", "0.333 0.233 to 0.433", "1,234"]


def provenance(task: str, split: str) -> dict:
    """What made a variant, of which the code and a file bear the name of the task."""
    return {
        "files": {
            "model.safetensors": {"rule": "train", "sha256": "ab" * 32},
            task: {"rule": task, "sha256": "cd" * 32},
        },
        "data": {"catalogue": "ef" * 32},
        "settings": {"task": task, "split": {"name": split}, "recipe": {"image_size": 32}},
        "code": {"train": ["train@0123456789ab", "torch@2.14.1"], task: [task]},
    }


def claim(**changes: object) -> dict:
    return {
        "id": "004-32-accuracy",
        "source": "004",
        "collection": "ai-artbench",
        "variant": "cifake-32",
        "what": "test accuracy",
        "published": "over 90 %",
        "obtained": {"value": 91.25, "low": 90.5, "high": 92.0},
        "difference": 1.25,
        "unit": "%",
        "decimals": 0,
        "verdict": "reproduced",
        "why": ["this run reaches it"],
    } | changes


def ledger(*claims: dict) -> dict:
    verdicts = [row["verdict"] for row in claims]
    left_open = {"source": "004", "variants": ["cifake-32", "cifake-128"], "taken": {"batches": "of 64", "loss": "any"}}
    return {
        "verdicts": {name: verdicts.count(name) for name in dict.fromkeys(verdicts)},
        "claims": [*claims],
        "open": [left_open],
        "sentences": [sentence()],
    }


def sentence(**changes: object) -> dict:
    told = {"id": "000-lower", "source": "000", "variant": "v", "says": "the heat lies below", "numbers": {}}
    return told | {"answer": "supported", "why": "", "measured": "+9 points", "judged": 3, "supported": 2} | changes


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    folder = tmp_path / "figures"
    folder.mkdir()
    for name in (*FIGURES, *TRUST):
        Image.new("RGB", (4, 4)).save(folder / name)
    latent = points({"correct": 29, "misclassified": 3}, 2, STYLES)[1]
    latent |= {"values": 2304, "components_full": 2, "explained_2d": 0.75, "explained": [0.5, 0.25]}
    catalogue = pd.DataFrame(
        {
            "source": ["human"] * 3 + ["dalle"] * 2,
            "published_split": ["train", "train", None, "test", "test"],
            "width": [256, 256, 256, 512, 640],
            "height": 256,
            "format": ["JPEG", "JPEG", "PNG", "JPEG", "JPEG"],
        }
    )

    def written(**changes: object) -> str:
        variant = {
            "provenance": provenance("origin", "natural"),
            "metrics": metrics(["ai", "human"]),
            "latent": latent,
            "heatmaps": explained(),
            "regions": of_all(heat()),
            "faithfulness": checked(),
            "embedding": mapped({"correct": 29, "misclassified": 3}, STYLES)[1],
            "figures": folder,
            "card": CARD,
            "external": None,
        }
        arguments = {
            "title": "A collection",
            "synthetic": False,
            "budget": {"images": None, "pixels": None, "epochs": None, "batch_size": None},
            "from_scratch": [],
            "catalogue": catalogue,
            "rejected": pd.DataFrame(columns=["path", "reason"]),
            "examples": folder / "gradcam-2d-correct.jpg",
            "splits": {
                "natural": catalogue.assign(partition=["train", "validation", "test", "train", "test"], copy=0),
            },
            "copies": {},
            "variants": {"cifake-32": variant},
            "trust": trusted(folder),
            "mistakes": SCHEMA.empty_table().to_pandas(),
            "claims": ledger(claim()),
        }
        write_report(tmp_path / "index.html", **arguments | changes)
        return (tmp_path / "index.html").read_text(encoding="utf-8")

    return written


def test_the_report_is_one_file_that_fetches_nothing(write):
    text = write()
    page = Page(text)
    assert not page.within
    assert not {"link", "iframe"} & set(page.tags)
    assert page.tags.count("script") == page.tags.count("style") == 1
    assert all(
        reference.startswith(("data:image/webp;base64,", "data:image/jpeg;base64,", "#"))
        for reference in page.references
    )
    assert not re.search(r"https?://|url\(|@import", text)


def test_the_links_of_the_report_lead_somewhere(write):
    text = write()
    assert all(f'id="{target}"' in text for target in re.findall(r'href="#([^"]*)"', text))


def test_every_picture_has_an_alternative_text_and_a_sentence(write):
    page = Page(write())
    assert len(page.images) == len(page.captions) == len(FIGURES) + len(TRUST) + 1
    assert all(len(image["alt"]) > 20 for image in page.images)
    assert all(re.search(r"[A-Z].+\.$", caption) for caption in page.captions)


def test_every_figure_of_a_variant_stands_under_one_heading():
    grouped = [key for members in GROUPS.values() for key in members]
    assert sorted(grouped) == sorted(FIGURES)


def test_a_figure_of_few_colours_is_embedded_without_loss(write, tmp_path: Path):
    drawn = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8))
    drawn.convert("P").save(tmp_path / "figures/roc.png")
    shown = next(image for image in Page(write()).images if image["alt"].startswith("ROC curve"))
    assert (shown["width"], shown["height"]) == ("7", "9")
    with Image.open(io.BytesIO(base64.b64decode(shown["src"].partition(",")[2]))) as image:
        assert (np.array(image) == np.array(drawn.convert("P").convert("RGB"))).all()


def test_the_page_runs_and_applies_its_own_text_alone(write):
    text = write()
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="(.*?)">', text)[1]
    for kind in ("style", "script"):
        inside = re.search(f"<{kind}>(.*?)</{kind}>", text, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; img-src data:; ")
    assert not re.search(r"<[^>]+ (?:style|on\w+)=", text.replace(inside, ""))


def test_the_same_report_is_written_with_the_same_bytes(write):
    assert write() == write()


@pytest.mark.parametrize("synthetic", [True, False])
def test_a_synthetic_sample_is_called_so_on_top_and_at_every_figure(write, synthetic: bool):
    text = write(synthetic=synthetic)
    assert ("they say nothing about art" in text) == synthetic
    assert sum("synthetic sample" in caption for caption in Page(text).captions) == synthetic * (
        len(FIGURES) + len(TRUST) + 1
    )


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        ({"images": None, "pixels": None, "epochs": None}, None),
        ({"images": None, "pixels": 64, "epochs": None}, "at most 64 pixels a side)"),
        ({"images": 1200, "pixels": None, "epochs": 6}, "at most 1,200 pictures, at most 6 epochs a phase)"),
        ({"images": None, "batch_size": 16}, "at most 16 pictures a batch)"),
    ],
)
def test_a_budget_is_named_exactly_when_there_is_one(write, budget: dict, words: str | None):
    text = write(budget=budget)
    assert ("no figure here compares with a published one" in text) == bool(words)
    assert words is None or words in text


def test_variants_without_the_weights_of_their_source_are_named(write):
    assert "Without ImageNet weights" not in write()
    assert "a, b begin from random weights here, and nothing of them is frozen" in write(from_scratch=["a", "b"])


def test_every_cap_of_a_budget_has_words(write):
    caps = dict.fromkeys(Budget.model_fields, 7)
    assert write(budget=caps).count("at most 7 ") == len(caps)


def test_the_tables_hold_the_numbers_given(write):
    rows = Page(write()).tables
    assert ["human", "2", "0", "1", "3"] in rows
    assert ["total", "2", "2", "1", "5"] in rows
    assert ["human", "1", "1", "1", "3"] in rows
    assert ["ai", *SCORES] in rows
    assert ["macro average", *SCORES] in rows
    headline = next(row for row in rows if row[0] == "cifake-32")
    assert [cell.strip() for cell in headline] == [
        "cifake-32",
        "32",
        "2,468",
        "0.7500.650 to 0.850",
        "0.500",
        "0.8130.713 to 0.913",
        "0.625",
        "not defined",
        "0.4560.356 to 0.556",
    ]


def test_how_often_a_variant_is_unsure_stands_beside_how_often_it_is_wrong_when_it_must_say(write):
    tables = Page(write()).tables
    heads = next(row for row in tables if "false alarms on human works" in row)
    (told,) = (row for row in tables if row[0] == "cifake-32" and len(row) == len(heads))
    shown = {head: cell.strip() for head, cell in zip(heads, told, strict=True)}
    assert shown["unsure"] == "0.3000.200 to 0.400"
    assert shown["wrong when sure"] == "0.1250.025 to 0.225"
    assert shown["wrong when it must say"] == "0.3750.275 to 0.475"


@pytest.fixture
def variant(tmp_path: Path) -> Callable[..., dict]:
    latent = points({"correct": 1}, 1, None)[1]
    embedding = mapped({"correct": 1}, None)[1]

    def made(task: str, classes: list[str], **changes: object) -> dict:
        return {
            "provenance": provenance(task, "natural"),
            "metrics": metrics(classes, **changes),
            "latent": latent,
            "heatmaps": explained(),
            "regions": of_all(heat()),
            "faithfulness": checked(),
            "embedding": embedding,
            "figures": tmp_path / "figures",
            "card": CARD,
            "external": None,
        }

    return made


def test_variants_are_compared_within_their_task_beside_its_chance(write, variant):
    page = Page(
        write(
            variants={
                "a": variant("origin", ["ai", "human"]),
                "b": variant("folder", MANY),
                "c": variant("origin", ["ai", "human"]),
            }
        )
    )
    names = ["variant", "Task origin", "a", "c", "Task folder", "b"]
    start = next(index for index, row in enumerate(page.tables) if row[0] == "variant")
    shown = page.tables[start : start + len(names)]
    assert [row[0] for row in shown] == names
    assert [row[4] for row in shown if len(row) > 1] == ["chance", "0.500", "0.500", "0.021"]


def test_top_k_and_the_parts_of_a_class_stand_beside_their_baselines(write, variant):
    row = metrics(["a"])["test"]["report"]["a"]
    report = {name: row | {"support": 100 * number} for number, name in enumerate(MANY[:5], start=1)}
    changes = {
        "pictures": 1500,
        "report": report | {"macro avg": row, "weighted avg": row},
        "top": {"2": interval(0.5), "3": interval(0.7)},
        "parts": {"origin": {"accuracy": interval(0.8), "majority": 0.6}},
    }
    text = " ".join(write(variants={"v": variant("folder", MANY[:5], **changes)}).split())
    assert "among the 2 likeliest of 5 for 50.0% (40.0% to 60.0%) of them" in text
    assert "the 2 most frequent classes, named every time, would reach 60.0%" in text
    assert "the 3 most frequent classes, named every time, would reach 80.0%" in text
    assert "The origin is right for 80.0% (70.0% to 90.0%); always the most frequent one: 60.0%." in text
    assert "likeliest" not in write()


@pytest.mark.parametrize(("classes", "folded"), [(2, False), (4, False), (5, True), (47, True)])
def test_the_scores_of_many_classes_are_folded_and_their_averages_are_not(write, variant, classes: int, folded: bool):
    text = write(variants={"v": variant("folder", MANY[:classes])})
    section = text[text.index("Classification report</h3>") : text.index("Two components hold")]
    open_part = section.split("<details>")[0]
    assert (f"<summary>Each of the {classes} classes</summary>" in section) == folded
    assert all(name in open_part for name in ("macro average", "weighted average"))
    assert all((name in open_part) == (not folded) and name in section for name in MANY[:classes])


def test_a_class_without_test_pictures_is_shown_as_not_judged(write, variant):
    row = metrics(["a"])["test"]["report"]["a"]
    empty = dict.fromkeys(["precision", "recall", "f1-score"], UNDEFINED) | {"support": 0}
    report = {"a": row, "b": row, "c": empty, "macro avg": row, "weighted avg": row}
    text = write(variants={"v": variant("source", ["a", "b", "c"], report=report)})
    assert ["c", "–", "–", "–", "0"] in Page(text).tables
    assert "A class without test pictures cannot be judged" in text
    assert "cannot be judged" not in write()


@pytest.fixture
def said_of(write, variant) -> Callable[[dict], str]:
    """What the report says about heatmaps."""

    def said(heatmaps: dict, **changes: object) -> str:
        text = write(variants={"v": variant("origin", ["ai", "human"]) | {"heatmaps": heatmaps}}, **changes)
        return " ".join(re.sub("<.*?>", "", text[text.index("<p>Each picture below") :].split("</p>")[0]).split())

    return said


def test_the_agreement_of_both_kinds_of_heatmaps_stands_beside_its_null(said_of):
    text = said_of(explained())
    assert "hiding a patch of 9 of its 48 pixels a side at 36 places" in text
    assert "correlates by 0.40 (0.30 to 0.50) (Spearman, the mean over 80 pictures)" in text
    assert "it would be 0.15 (0.05 to 0.25)" in text
    assert "the difference is 0.25 (0.15 to 0.35): " in text
    assert text.endswith("of the single picture, too, they say the same in part.")
    assert said_of(explained(difference=0.05)).endswith("of the single picture they do not say the same.")
    assert "80 pictures, synthetic sample)" in said_of(explained(), synthetic=True)


def test_the_agreement_of_too_few_pictures_is_not_defined(said_of):
    assert "How far the two agree is not defined here" in said_of(explained(None))
    alone = {"value": 0.4, "low": None, "high": None}
    one = explained() | {"pictures": 1, "agreement": alone, "null": alone, "difference": alone}
    assert "the difference is 0.40." in said_of(one)


def test_fewer_pictures_than_asked_for_are_said_in_words(said_of):
    assert "would be shown" not in said_of(explained())
    assert "Only 5 test pictures are misclassified, and 12 would be shown." in said_of(explained(misclassified=5))
    assert "Only one test picture is correctly classified," in said_of(explained(correct=1))
    assert "No test picture is misclassified," in said_of(explained(misclassified=0))


def test_augmented_copies_are_counted_apart_and_shown_with_their_split(write, tmp_path: Path):
    split = pd.DataFrame(
        {"source": ["human", "human", "ai", "human"], "partition": ["train"] * 3 + ["test"], "copy": [0, 1, 0, 0]}
    )
    shown = tmp_path / "figures/gradcam-2d-correct.jpg"
    text = write(splits={"augmented": split, "natural": split[split["copy"] == 0]}, copies={"augmented": shown})
    page = Page(text)
    assert ["source", "train", "copies to train", "test", "total"] in page.tables
    assert ["human", "1", "1", "1", "3"] in page.tables
    assert len(page.images) == len(FIGURES) + len(TRUST) + 2
    assert sum("Pictures of the split augmented" in caption for caption in page.captions) == 1
    assert "Augmented copies (synthetic sample)" in write(synthetic=True, splits={"a": split}, copies={"a": shown})


def test_each_claim_stands_beside_what_was_obtained_with_its_verdict(write):
    wide = {"what": "test loss", "published": "0.3549", "unit": "nats", "decimals": 4, "verdict": "below"}
    count = {"variant": None, "what": "pictures", "published": "over 180,000", "unit": "pictures", "source": "000"}
    text = write(
        claims=ledger(
            claim(),
            claim(**wide, obtained={"value": 0.5, "low": None, "high": None}, difference=0.1451, why=["worse"]),
            claim(**count, obtained=None, difference=None, verdict="not comparable", why=["another collection"]),
        )
    )
    rows = Page(text).tables
    assert [
        "cifake-32test accuracy",
        "over 90 %",
        "91.2 %90.5 % to 92.0 %",
        "+1.2 points",
        "reproducedthis run reaches it",
    ] in rows
    assert ["cifake-32test loss", "0.3549 nats", "0.5000", "+0.1451", "belowworse"] in rows
    assert ["the collectionpictures", "over 180,000", "–", "–", "not comparableanother collection"] in rows
    assert "Of 3 claims: <b>1</b> reproduced, <b>1</b> below, <b>1</b> not comparable." in text
    assert text.index("Source 000") < text.index("Source 004")


def test_a_reason_that_no_claim_compares_is_said_once(write):
    reasons = ["synthetic sample", "under a budget"]
    apart = {"verdict": "not comparable", "difference": None}
    text = write(
        synthetic=True,
        claims=ledger(
            claim(**apart, why=reasons), claim(**apart, why=[*reasons, "impossible as stated: four"], published="99 %")
        ),
    )
    rows = Page(text).tables
    assert text.count("under a budget") == 1
    assert "Claims of the five sources (synthetic sample)" in text
    assert ["cifake-32test accuracy", "over 90 %", "91.2 %90.5 % to 92.0 %"] in rows
    assert ["cifake-32test accuracyimpossible as stated: four", "99 %", "91.2 %90.5 % to 92.0 %"] in rows


def test_what_the_sources_leave_open_is_listed_with_what_is_taken(write):
    rows = Page(write()).tables
    where = rows.index(["004: cifake-32, cifake-128"])
    assert rows[where + 1 : where + 3] == [["batches", "of 64"], ["loss", "any"]]


def test_each_file_of_a_variant_is_traced_to_its_rule_and_code(write):
    text = write()
    rows = Page(text).tables
    assert ["model.safetensors", "train", "ab" * 8] in rows
    assert ["the catalogue", "", "ef" * 8] in rows
    assert "train@0123456789ab, torch@2.14.1" in text


def test_sizes_that_tell_the_sources_apart_are_listed(write):
    text = write()
    assert "<b>human</b>: 256×256 JPEG (2), 256×256 PNG (1)" in text
    assert "<b>dalle</b>: 512×256 JPEG (1), 640×256 JPEG (1)" in text


def test_rejected_files_are_counted_by_reason_and_named(write):
    rejected = pd.DataFrame(
        {
            "path": ["a.jpg", "b.jpg", "c.txt"],
            "reason": ["same content as x.jpg", "same content as y.jpg", "not a picture by its name"],
        }
    )
    text = write(rejected=rejected)
    assert "3 files are not among them" in text
    rows = Page(text).tables
    assert ["same content as another picture", "2"] in rows
    assert ["b.jpg", "same content as y.jpg"] in rows
    assert "Rejected files" not in write()


def test_names_are_words_and_never_markup(write):
    catalogue = pd.DataFrame(
        {"source": [SPECIAL], "published_split": ["train"], "width": [1], "height": [1], "format": [SPECIAL]}
    )
    text = write(
        title=SPECIAL,
        catalogue=catalogue,
        rejected=pd.DataFrame({"path": [SPECIAL], "reason": [SPECIAL]}),
        splits={SPECIAL: catalogue.assign(partition="train", copy=0)},
    )
    page = Page(text)
    assert page.tags.count("script") == text.count("<script") == 1
    assert [SPECIAL, SPECIAL] in page.tables


def test_a_class_and_a_variant_may_have_any_name_too(write, tmp_path: Path):
    variant = {
        "provenance": provenance(SPECIAL, SPECIAL),
        "metrics": metrics([SPECIAL, "values"]),
        "heatmaps": explained(),
        "regions": of_all(heat()),
        "faithfulness": checked(),
        "latent": points({"correct": 30}, 2, [SPECIAL, "values"])[1],
        "embedding": mapped({"correct": 30}, [SPECIAL, "values"])[1],
        "figures": tmp_path / "figures",
        "card": [{"heading": SPECIAL, "sentences": [SPECIAL]}],
        "external": None,
    }
    page = Page(write(variants={SPECIAL: variant}))
    assert page.tags.count("script") == 1
    assert [SPECIAL, *SCORES] in page.tables
    assert ["values", *SCORES] in page.tables


def planted(outcomes: dict[str, int]) -> dict:
    """What is said of clusters that each hold one style, and every source alike."""
    pictures = sum(outcomes.values())
    number = np.arange(pictures)
    table = pd.DataFrame(
        {"image_id": number.astype(str), "outcome": np.repeat(list(outcomes), list(outcomes.values()))}
    )
    table["style"], table["source"] = np.array(STYLES)[number % 3], "human"
    features = np.eye(3, 8)[number % 3] * 9 + np.random.default_rng(0).normal(size=(pictures, 8))
    return latent(features, table, variance=0.9, clusters=3, permutations=99, refits=20, seed=0)[1]


def test_the_report_says_in_words_what_the_clusters_say(write, variant):
    summary = planted({"correct": 60, "misclassified": 6})
    text = write(variants={"v": variant("origin", ["ai", "human"]) | {"latent": summary}})
    chance = next(fit for fit in summary["fits"] if (fit["outcome"], fit["space"]) == ("correct", "full"))
    low, high = (chance["labels"]["style"]["nmi"]["chance"][end] for end in ("low", "high"))
    assert (
        f"In the full space, clusters of the correct pictures say 1.00 of style (NMI), chance {low:.2f} to {high:.2f}: "
        "more than chance, and 3 of 3 clusters are supported as one style; nothing of source (only one source)."
    ) in text
    assert "clusters of the misclassified pictures say nothing of style (fewer than 10 pictures)" in text
    assert "In the full space, clusters of all pictures say 1.00 of style" in text
    rows = Page(text).tables
    assert ["misclassified", "full", "source", "6", "fewer than 10 pictures"] in rows
    assert any(row[:4] == ["correct", "full", "style", "60"] and row[4].startswith("1.000 chance") for row in rows)
    assert ["misclassified", "full", "6", "3", "fewer than 10 pictures", "fewer than 10 pictures"] in [
        [cell.strip() for cell in row] for row in rows
    ]
    assert any("style baroque: 100.0%" in row[4] and "p < 0.001, supported" in row[4] for row in rows if len(row) == 7)


def test_the_report_says_that_no_picture_is_misclassified(write, variant):
    text = write(variants={"v": variant("origin", ["ai", "human"]) | {"latent": planted({"correct": 30})}})
    assert "No test picture is misclassified." in text
    assert "clusters of all pictures say 1.00 of style" in text
    assert "nothing of outcome (only one outcome)" in text


def test_the_report_says_how_far_the_groups_spread(write, variant):
    summary = mapped({"correct": 60}, STYLES)[1]
    text = write(variants={"v": variant("origin", ["ai", "human"]) | {"embedding": summary}})
    by_source = summary["spread"][0]["groups"]
    rows = [[cell.strip() for cell in row] for row in Page(text).tables]
    for group in by_source:
        measure = group["purity"]
        name = group["group"] or f"all {group['origin']}"
        started = f"{measure['value']:.3f} {measure['low']:.3f} to {measure['high']:.3f}chance"
        found = [row for row in rows if row[:2] == [name, str(group["pictures"])] and len(row) == 5]
        assert any(row[4].startswith(started) for row in found)
    assert sum(row[0] == "ai less human" for row in rows) == 2
    few = write(variants={"v": variant("origin", ["ai", "human"])})
    assert "By style: nothing to compare (fewer than 10 pictures)." in few


def test_the_quality_figure_names_clusters_and_says_what_cannot_be_judged(drawn_figure):
    latent_figures.quality(planted({"correct": 60, "misclassified": 6}), Path("unused.png"))
    (figure,) = drawn_figure
    said = words(figure)
    assert {"baroque\n100% of 20", "art nouveau\n100% of 22"} <= set(said)
    assert said.count("fewer than 10 pictures") == 2 * 2 + 2 * 2
    assert said.count("only one source") == 4


@pytest.mark.parametrize(("outcome", "other"), [("correct", "misclassified"), ("misclassified", "correct")])
def test_the_figures_say_which_outcome_no_picture_has(drawn_figure, outcome: str, other: str):
    table, summary = points({outcome: 20}, 2, STYLES)
    latent_figures.quality(summary, Path("unused.png"))
    latent_figures.clusters(table, summary, "full", Path("unused.png"))
    table, summary = points({outcome: 20, other: 2}, 2, STYLES)
    latent_figures.quality(summary, Path("unused.png"))
    latent_figures.clusters(table, summary, "full", Path("unused.png"))
    said = [f"No test picture is {other}." in " ".join(words(figure)) for figure in drawn_figure]
    assert said == [True, True, False, False]


def test_a_figure_that_cannot_be_drawn_says_why(drawn_figure):
    latent_figures.embedding(*mapped({"correct": 3}, None), Path("unused.png"))
    latent_figures.scree({"explained": [0, 0], "components_full": 1, "variance": 0.9}, Path("unused.png"))
    latent_figures.prototypes(*typical(["ai", "human"], 2), Path("unused.png"))
    map_, scree, shown = map(words, drawn_figure)
    assert map_ == ["There is no t-SNE of the penultimate layer: fewer than 10 pictures."]
    assert scree == ["All test pictures have the same features: there is no variance to explain."]
    assert shown.count("no more pictures") == 2


def test_the_map_says_its_method_and_how_far_to_trust_it(drawn_figure):
    latent_figures.embedding(*mapped({"correct": 40}, STYLES, "umap"), Path("unused.png"))
    (title,) = (text for text in words(drawn_figure[0]) if "UMAP" in text)
    assert title.startswith("UMAP (neighbours 30) of 40 of 540 test pictures; trustworthiness 0.900")


def test_the_report_answers_the_sentences_of_the_sources(write, variant):
    told = [sentence(), sentence(answer="cannot be judged", why="no such picture", measured="", supported=0, judged=0)]
    page = Page(write(variants={"v": variant("origin", ["ai", "human"])}, claims=ledger(claim()) | {"sentences": told}))
    rows = [["".join(cell.split()) for cell in row] for row in page.tables if "the heat lies below" in " ".join(row)]
    assert [row[1:] for row in rows] == [
        ["+9points", "supported", "2of3variants"],
        ["–", "cannotbejudgednosuchpicture", "0of0variants"],
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"regions": of_all(heat(low=0.2))}, "More of the heat than the area and all nulls have lies in: lower."),
        ({"regions": of_all(heat())}, f"None of {len(REGIONS)} regions of the picture holds more of the heat"),
        ({"regions": of_all(heat()).assign(pictures=0)}, "No test picture has a heatmap with any heat."),
        ({"faithfulness": checked()}, "The maps tell what matters: by 20 and 20 points more than random ones."),
        ({"faithfulness": checked()}, "When all layers are made random, 12% of what the maps show is left."),
        ({"faithfulness": checked(better=0)}, "hiding the hot parts changes the answer no more than random parts do"),
        ({"faithfulness": checked(4)}, "The maps do not pass as honest: fewer than 10 pictures."),
        ({"faithfulness": checked() | {"cascade": NOTHING_LEFT}}, "There is nothing to say whether they show"),
    ],
)
def test_the_report_says_in_words_where_the_heat_lies_and_whether_the_maps_are_honest(
    write, variant, changes: dict, words: str
):
    assert words in " ".join(write(variants={"v": variant("origin", ["ai", "human"]) | changes}).split())


def warnings_of(text: str) -> list[str]:
    return re.findall(r"<b>Beware.</b> (.*?)</p>", text)


def test_what_the_audit_finds_is_warned_of_on_top(write, tmp_path: Path):
    found = {"margin": 0.05, "raw": audited(True)}
    (warning,) = warnings_of(write(trust=trusted(tmp_path / "figures", audit=found)))
    assert "to tell ai or human by dimensions (0.90): balanced accuracies" in warning
    cured = found | {"harmonised": audited(False)}
    text = write(trust=trusted(tmp_path / "figures", audit=cured))
    assert warnings_of(text) == warnings_of(write()) == []
    assert "aspect ratio: median 768 of AI, 256 of human works" in text
    assert "Harmonised, as the networks see them" in text and "only 3 human" in text


def test_test_pictures_that_leak_are_warned_of_and_what_they_change_is_said(write, variant, tmp_path: Path):
    leaking = variant("origin", ["ai", "human"])
    leaking["metrics"] |= {"leaked": 6, "apart": {"balanced_accuracy": interval(0.61)}}
    text = write(variants={"v": leaking}, trust=trusted(tmp_path / "figures", leaks={"natural": leaked(6)}))
    (warning,) = warnings_of(text)
    assert "near duplicates elsewhere: 6 of the split natural (10.0%) in train" in warning
    assert "without the 6 test pictures that have a near duplicate in training, balanced accuracy is 61.0%" in text
    assert "train: 2 of 90" in text


def test_unseen_generators_other_seeds_and_other_places_stand_apart(write, variant, tmp_path: Path):
    unseen = {"variant": "v", "source": "dalle", "pictures": 33, "why": None, "elsewhere": None}
    unseen |= {"seen": detected(0.8), "unseen": detected(0.6)}
    unseen["difference"] = {"balanced_accuracy": interval(-0.2)}
    few = {"variant": "v", "source": "other", "pictures": 3, "why": "fewer than 10 test pictures"}
    spread = {"mean": interval(0.7), "deviation": 0.02, "lowest": 0.66, "highest": 0.74}
    seeds = [{"variant": "v", "networks": 3, "balanced_accuracy": spread, "roc_auc": spread}]
    elsewhere = variant("origin", ["ai", "human"]) | {"external": detected(0.55) | {"left_out": 4}}
    arms = {"unseen": [unseen, few], "seeds": seeds}
    text = write(variants={"v": elsewhere}, trust=trusted(tmp_path / "figures", arms=arms, external="Elsewhere"))
    tables = Page(text).tables
    assert any(row[:3] == ["v", "dalle", "33"] and "-20.0" in row[5] for row in tables)
    assert ["v", "other", "3", "fewer than 10 test pictures"] in tables
    assert any(row[:2] == ["v", "3"] and "0.660 to 0.740" in row for row in tables)
    assert "Elsewhere: pictures from elsewhere" in text and "4 that the collection has too, or nearly" in text
    assert "pictures from elsewhere" not in write()


def test_each_variant_has_its_card_and_each_two_are_compared(write):
    text = write()
    assert "Of a thousand human artists, about 95." in text
    assert any(row[0] == "one, two" and row[3:5] == ["9", "4"] for row in Page(text).tables)
