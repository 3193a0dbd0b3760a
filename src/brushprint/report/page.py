"""The report: one HTML file that opens from disk, with every figure inside it."""

import base64
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup

from brushprint.core.atomic import replacing
from brushprint.data.split import PARTITIONS
from brushprint.report import findings
from brushprint.report.gallery import gallery
from brushprint.report.images import embed_file

_CLUSTERS = "For each outcome a scatter chart of the clusters and bars of the styles, or else sources, in each"
_TRIPLES = "Pictures with Grad-CAM heatmap and occlusion map beside them, true and predicted class and confidence above"
_HEATMAPS = f"{_TRIPLES}, a row a cluster"

# What the report calls each figure file of a variant: its title, what a reader who cannot see it is told, one sentence.
FIGURES = {
    "curves.png": (
        "Learning curves",
        "Line charts over the epochs, of the loss and of the accuracy for training and validation, and of the learning "
        "rate if it changed",
        "How loss and accuracy changed while the network learned; the dotted line is the epoch that validation chose. "
        "Of two phases, a full line is where fine-tuning began.",
    ),
    "confusion.png": (
        "Confusion matrix",
        "A grid of counts or shares with a row for each true class and a column for each predicted class",
        "Test pictures by what they are (rows) and what the network says (columns); errors lie off the diagonal. "
        "Many classes are grouped by what makes them, and numbers are per cent of a row, from 5 on.",
    ),
    "roc.png": (
        "ROC curve",
        "A curve of the share of a class that is found against the share of others wrongly named so",
        "What each lenience of the threshold finds and costs; the dotted diagonal is guessing. Of many classes the "
        "best, the worst and the average of all are named, with the area under each.",
    ),
    "components.png": (
        "Principal components",
        "Scatter charts of the test pictures on two components, coloured by origin, source, style and outcome",
        "The test pictures as the network's features see them, flattened to two dimensions.",
    ),
    "scree.png": (
        "Explained variance",
        "Bars of the share of the variance that each principal component explains, and a line of all up to it",
        "How many directions the features vary in; the dotted lines are the share that the full space keeps.",
    ),
    "clusters-2d.png": (
        "Clusters in two dimensions",
        _CLUSTERS,
        "K-means on the two components above, apart for each outcome, and what each cluster holds.",
    ),
    "clusters-full.png": (
        "Clusters in the full space",
        _CLUSTERS,
        "The same on as many components as the settings ask for; drawn on the first two, where clusters may overlap.",
    ),
    "quality.png": (
        "Clusters beside chance",
        "Dots for what the clusters say of styles, sources and outcomes, and for how far apart and how stable they "
        "are, each beside a bar of chance, and a grid of the clusters with the most frequent style or source of each",
        "Whether clusters say more than chance does, and which of them are mostly of one style (or source). Chance: "
        "labels dealt at random; for silhouette and stability, components shuffled each by itself.",
    ),
    "embedding.png": (
        "Map of the penultimate layer",
        "Scatter charts of the test pictures, coloured by origin, source, style and outcome",
        "Near pictures stay near; the distances between far groups, and their sizes, mean little.",
    ),
    "prototypes.jpg": (
        "Prototypes",
        "Rows of pictures, for each class or style the nearest to its mean and the farthest from it",
        "The test pictures that are most and least typical of each class, and of each style where classes are not "
        "styles, in the penultimate layer.",
    ),
    "gradcam-2d-misclassified.jpg": (
        "Where it looked: misclassified, clusters in two dimensions",
        _HEATMAPS,
        "The misclassified pictures nearest to each cluster's centre, and what spoke for the answer given: by Grad-CAM "
        "(bright areas did most), and by hiding a part of the picture behind a grey patch (orange where that made the "
        "network less sure of its answer, purple where surer).",
    ),
    "gradcam-2d-correct.jpg": (
        "Where it looked: correct, clusters in two dimensions",
        _HEATMAPS,
        "The same for correctly classified pictures.",
    ),
    "gradcam-full-misclassified.jpg": (
        "Where it looked: misclassified, clusters in the full space",
        _HEATMAPS,
        "The misclassified pictures nearest to the centre of each cluster of the full space.",
    ),
    "gradcam-full-correct.jpg": (
        "Where it looked: correct, clusters in the full space",
        _HEATMAPS,
        "The same for correctly classified pictures.",
    ),
    "panel-correct.jpg": (
        "Right answers",
        _TRIPLES,
        "Correctly classified pictures, drawn evenly over the true classes, whatever their cluster.",
    ),
    "panel-misclassified.jpg": (
        "Wrong answers",
        _TRIPLES,
        "Misclassified pictures, drawn evenly over the true classes, whatever their cluster.",
    ),
    "panel-confident-errors.jpg": (
        "The most confident errors",
        _TRIPLES,
        "The misclassified pictures whose wrong answer the network was surest of, the surest first.",
    ),
    "regions.png": (
        "Where the heat lies",
        "For each region of the picture a point with its interval beside marks of three nulls",
        "How much more of the heat than of the area each region holds, on all test pictures. What networks with random "
        "weights, pictures upside down or a flat grey picture show as well is no finding. Plain is the half of a "
        "picture with the least detail; faces are what a detector takes for some.",
    ),
    "mean-maps.png": (
        "Mean heatmaps",
        "Small heatmaps, a row each for the nulls, outcomes, sources, styles and clusters",
        "The mean heatmap of all test pictures beside its nulls, then of groups of them: how many pictures, and the "
        "share of the heat in the lower third, which has a third of the area.",
    ),
    "reliability.png": (
        "Does its confidence hold?",
        "A curve of accuracy over confidence beside the diagonal, before and after the temperature, with counts below",
        "Of the answers that it is so sure of, how many are right: on the diagonal confidence holds. The temperature, "
        "which validation pictures chose, makes it more modest or bolder, and changes no answer.",
    ),
    "detection.png": (
        "Human or AI",
        "A precision-recall curve and a ROC curve of AI works, with points at two thresholds",
        "What each threshold finds of the AI works, and what it costs; marked the one that validation pictures chose "
        "and, where they are enough, the one of at most 1 % false alarms.",
    ),
    "styles.png": (
        "By style and source",
        "A grid of the share told rightly, a row a style and a column a source",
        "How often works of each style and source are told rightly human or AI, and how many there are.",
    ),
    "robustness.png": (
        "Changed pictures",
        "Line charts of balanced accuracy, false alarms and misses over the severity of each change",
        "What becomes of its answers when test pictures are changed, at the threshold of clean ones; severity 0 is the "
        "picture as it is.",
    ),
    "faithfulness.png": (
        "Are the maps honest?",
        "Line charts of the answer's probability as the picture is hidden or shown, and of the likeness of maps",
        "If the map is right, hiding its hottest parts changes the answer sooner than hiding parts at random, and "
        "showing them restores it sooner. If it shows what was learned, it fades when the layers are made random.",
    ),
}

# Under which heading each of them stands.
GROUPS = {
    "How well it does": ("curves.png", "confusion.png", "roc.png"),
    "What its features hold": (
        *("components.png", "scree.png", "clusters-2d.png", "clusters-full.png", "quality.png"),
        *("embedding.png", "prototypes.jpg"),
    ),
    "Where it looked": (
        *("gradcam-2d-misclassified.jpg", "gradcam-2d-correct.jpg"),
        *("gradcam-full-misclassified.jpg", "gradcam-full-correct.jpg"),
        *("panel-correct.jpg", "panel-misclassified.jpg", "panel-confident-errors.jpg"),
        *("regions.png", "mean-maps.png", "faithfulness.png"),
    ),
    "How far its answers hold": ("reliability.png", "detection.png", "styles.png", "robustness.png"),
}

# The same of the figures of the whole collection.
TRUST = {
    "audit.png": (
        "What tells human from AI beside the art",
        "Dots with intervals of the balanced accuracy of each group of cues, beside chance and the margin of a warning",
        "Small models that see nothing but how the pictures were made and saved. What they tell, a network may learn "
        "in place of the art.",
    ),
    "perturbations.jpg": (
        "Changed pictures",
        "Rows of pictures, each changed in many ways and strengths",
        "The ways in which test pictures are changed, in their own size, before any network sees them.",
    ),
    "robustness.png": (
        "Robustness side by side",
        "A grid of balanced accuracies, a row a variant and a column a change of the pictures",
        "Balanced accuracy of human or AI on changed test pictures, the mean over severities, at the threshold that "
        "clean validation pictures chose; 0.5 is guessing.",
    ),
    "arms.png": (
        "Generators that were never seen",
        "Dots with intervals of balanced accuracy and misses with and without a generator in training",
        "What becomes of the answers on a generator's works when none of them trains.",
    ),
    "comparisons.png": (
        "Variants compared",
        "A grid of the differences in accuracy between each two variants",
        "Paired differences on the same test pictures, in points; marked where they are beyond chance (McNemar, "
        "corrected for their number by Holm).",
    ),
    "picked.png": (
        "Hand-picked pictures",
        "Small pictures beside the score of each variant under each change",
        "The probability of AI that each variant gives to pictures without a label, as they are and changed.",
    ),
}

# `page.html.jinja` includes a template for each section; the rule `report` lists all files here as its code.
TEMPLATES = Path(__file__).with_name("templates")


def write_report(
    target: Path,
    *,
    title: str,
    synthetic: bool,
    budget: Mapping[str, int | None],
    from_scratch: Sequence[str],
    catalogue: pd.DataFrame,
    rejected: pd.DataFrame,
    examples: Path,
    splits: Mapping[str, pd.DataFrame],
    copies: Mapping[str, Path],
    variants: Mapping[str, Mapping[str, Any]],
    trust: Mapping[str, Any],
    mistakes: pd.DataFrame,
    claims: Mapping[str, Any],
) -> None:
    """Write the report.

    `from_scratch` are the variants that are published with pretrained weights and have none here; `copies` maps a split
    that has augmented copies to its figure of them; `variants` maps a name to `provenance` (what made its files),
    `metrics`, `latent`, `embedding`, `heatmaps` and `faithfulness` (what `brushprint.evaluation.metrics`, `latent`,
    `embedding`, `occlusion` and `faithfulness` tell), `regions` (of all test pictures, see
    `brushprint.saliency.regions.effects`) and `figures`, the folder that holds each of `FIGURES`, beside `card`
    (sections as `brushprint.report.model_card` writes them) and `external` (metrics of pictures from elsewhere, or
    None). `trust` has `audit`, `leaks`, `arms` and `comparisons` as their stages write them, `external` (its title, or
    None) and `figures`, the folder of `TRUST`; `mistakes` is what `brushprint.evaluation.mistakes.with_thumbnails`
    gives; `claims` is what `brushprint.report.claims.judge` gives.

    The page fetches nothing, and its policy (CSP, level 3) lets a browser run and apply nothing but its own text.
    """
    template = _environment().get_template("page.html.jinja")
    page = template.render(
        title=title,
        synthetic=synthetic,
        sample=" (synthetic sample)" if synthetic else "",
        from_scratch=from_scratch,
        shortened=findings.shortened(budget),
        catalogue=_counts(catalogue, "published_split"),
        pictures=len(catalogue),
        sizes=_sizes(catalogue),
        rejected=rejected,
        reasons=rejected["reason"].str.replace(r"^same content as .*", "same content as another picture", regex=True),
        examples=examples,
        splits={name: _counts(_with_copies_apart(table), "partition") for name, table in splits.items()},
        copies=copies,
        variants=variants,
        tasks=_by_task(variants),
        commonest=_commonest,
        findings=findings,
        claims=claims,
        not_comparable=findings.not_comparable(claims["claims"]),
        fewest=min(_fewest(variant["metrics"]) for variant in variants.values()),
        figures=FIGURES,
        groups=GROUPS,
        mistakes=gallery(mistakes),
        style=Markup((TEMPLATES / "page.css").read_text(encoding="utf-8")),
        script=Markup((TEMPLATES / "page.js").read_text(encoding="utf-8")),
        trust=trust,
        trust_figures={key: said for key, said in TRUST.items() if (Path(trust["figures"]) / key).exists()},
        warnings=findings.warnings(trust),
        as_json=lambda value: json.dumps(value, indent=2),
    )
    with replacing(target) as part:
        part.write_text(page, encoding="utf-8")


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=lambda value: f"{value:,}",
        decimal=_decimal,
        percent=_percent,
        points=_points,
        p_value=_p_value,
        measure=_measure,
        amount=_amount,
        picture=embed_file,
        allowed=_allowed,
    )
    return environment


def _commonest(metrics: Mapping[str, Any], k: str) -> float:
    """The top-k accuracy of always guessing the k commonest classes of the test pictures."""
    support = sorted((metrics["test"]["report"][name]["support"] for name in metrics["classes"]), reverse=True)
    return sum(support[: int(k)]) / metrics["test"]["pictures"]


def _fewest(metrics: Mapping[str, Any]) -> int:
    """The number of test pictures of the smallest class."""
    return min(metrics["test"]["report"][name]["support"] for name in metrics["classes"])


def _by_task(variants: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Mapping[str, Any]]]:
    """The variants of each task, tasks and variants in the order of the settings."""
    tasks: dict[str, dict[str, Mapping[str, Any]]] = {}
    for name, variant in variants.items():
        tasks.setdefault(variant["provenance"]["settings"]["task"], {})[name] = variant
    return tasks


def _counts(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """The number of pictures by source (rows) and partition (columns), with totals."""
    parts = table[column].fillna("unsplit")
    counts = pd.crosstab(table["source"], parts)
    order = [name for part in (*PARTITIONS, "unsplit") for name in (part, f"copies to {part}") if name in counts]
    counts = counts[order].assign(total=counts.sum(axis=1))
    counts.loc["total"] = counts.sum()
    return counts


def _with_copies_apart(split: pd.DataFrame) -> pd.DataFrame:
    return split.assign(partition=split["partition"].mask(split["copy"] > 0, "copies to " + split["partition"]))


def _sizes(catalogue: pd.DataFrame) -> dict[str, str]:
    """The most frequent sizes and formats of each source: where they differ, a network may learn them, not the art."""
    kinds = catalogue["width"].astype(str) + "×" + catalogue["height"].astype(str) + " " + catalogue["format"]
    described = {}
    for source, inside in kinds.groupby(catalogue["source"]):
        counts = inside.value_counts()
        others = counts.iloc[2:]
        more = f", and {others.sum():,} of other kinds" if len(others) else ""
        described[source] = ", ".join(f"{kind} ({count:,})" for kind, count in counts.head(2).items()) + more
    return described


def _amount(value: float, claim: Mapping[str, Any], sign: str = "") -> str:
    """A number in the unit of a claim, with as many digits as the published figure, or a few where that has fewer."""
    if claim["unit"] == "%":
        return f"{value:{sign},.{max(1, claim['decimals'])}f}" + (" points" if sign else " %")
    if claim["unit"] in ("", "nats"):
        return f"{value:{sign},.{max(3, claim['decimals'])}f}"
    return f"{round(value):{sign},}"


def _decimal(value: float | None) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{value:.1%}"


def _points(value: float | None) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{100 * value:+.1f}"


def _p_value(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _measure(value: float) -> str:
    """A measured value of any size, with about three digits."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _allowed(text: str) -> str:
    """The source expression by which the page's policy lets a browser run or apply this text alone."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
