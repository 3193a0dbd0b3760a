"""The report: one HTML file that opens from disk, with every figure inside it."""

import base64
import hashlib
import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import jinja2
import pandas as pd
from markupsafe import Markup
from PIL import Image

from brushprint.core.atomic import replacing
from brushprint.data.split import PARTITIONS

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

# The cues that may be more than a shortcut.
COLOURS = "colour statistics"

TEMPLATE, STYLE, SCRIPT = (Path(__file__).with_name(f"page.{kind}") for kind in ("html.jinja", "css", "js"))


class Picture(NamedTuple):
    """A picture inside the page: its data as an address, and its size in pixels."""

    source: str
    width: int
    height: int


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
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(points=_points, percent=_percent, amount=_amount, chance=_chance, figure=_figure)
    environment.filters.update(picture=_picture, allowed=_allowed)
    environment.filters["number"] = lambda value: f"{value:,}"
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    page = template.render(
        title=title,
        synthetic=synthetic,
        from_scratch=from_scratch,
        budget={key: cap for key, cap in budget.items() if cap is not None},
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
        frequent=_frequent,
        clusters_say=_clusters_say,
        claims=claims,
        nowhere=_nowhere_comparable(claims["claims"]),
        fewest=min(_fewest(variant["metrics"]) for variant in variants.values()),
        figures=FIGURES,
        groups=GROUPS,
        mistakes=_gallery(mistakes),
        style=Markup(STYLE.read_text(encoding="utf-8")),
        script=Markup(SCRIPT.read_text(encoding="utf-8")),
        trust=trust,
        trust_figures={key: said for key, said in TRUST.items() if (Path(trust["figures"]) / key).exists()},
        warnings=_warnings(trust),
        told_of_heat=_told_of_heat,
        told_of_maps=_told_of_maps,
        as_json=lambda value: json.dumps(value, indent=2),
    )
    with replacing(target) as part:
        part.write_text(page, encoding="utf-8")


def _warnings(trust: Mapping[str, Any]) -> list[str]:
    """What a reader should know before any figure: shortcuts that were found, and leaks."""
    found = [row for row in trust["audit"].get("harmonised", trust["audit"]["raw"]) if row["found"]]
    said = []
    if found:
        told = {row["question"]: [] for row in found}
        for row in found:
            told[row["question"]].append(f"{row['cues']} ({row['balanced_accuracy']['value']:.2f})")
        questions = "; ".join(f"{question} by {', '.join(cues)}" for question, cues in told.items())
        colours = " Colours may be the art itself." if any(row["cues"] == COLOURS for row in found) else ""
        said.append(
            f"Nothing of the art is needed to tell {questions}: balanced accuracies, where guessing is 0.5. Networks "
            f"may have learned that.{colours}"
        )
    leaks = [
        f"{row['pictures']:,} of the split {name} ({row['share']:.1%}) in {row['in']}"
        for name, rates in trust["leaks"].items()
        for row in rates["across"]
        if row["pictures"] and row["of"] == "test"
    ]
    if leaks:
        said.append(
            f"Test pictures have near duplicates elsewhere: {'; '.join(leaks)}. Figures without those that leak from "
            "training stand beside the others."
        )
    return said


def _fewest(metrics: Mapping[str, Any]) -> int:
    return min(metrics["test"]["report"][name]["support"] for name in metrics["classes"])


def _frequent(metrics: Mapping[str, Any], k: str) -> float:
    """The top-k accuracy of naming the k most frequent classes of the test pictures every time."""
    support = sorted((metrics["test"]["report"][name]["support"] for name in metrics["classes"]), reverse=True)
    return sum(support[: int(k)]) / metrics["test"]["pictures"]


def _clusters_say(latent: Mapping[str, Any]) -> list[str]:
    """What the clusters of the full space say, a sentence for each outcome and one for all pictures."""
    fits = {fit["outcome"]: fit for fit in latent["fits"] if fit["space"] == "full"}
    sentences = []
    for outcome in ("misclassified", "correct", "all"):
        if outcome not in fits:
            sentences.append(f"No test picture is {outcome}.")
            continue
        held = [row["labels"] for row in latent["clusters"] if (row["outcome"], row["space"]) == (outcome, "full")]
        said = [_label_said(label, found, held, latent["level"]) for label, found in fits[outcome]["labels"].items()]
        of = "all" if outcome == "all" else f"the {outcome}"
        sentences.append(f"In the full space, clusters of {of} pictures say {'; '.join(said)}.")
    return sentences


def _label_said(label: str, found: Mapping[str, Any], held: Sequence[Mapping[str, Any]], level: float) -> str:
    if found["why"]:
        return f"nothing of {label} ({found['why']})"
    nmi, chance = found["nmi"], found["nmi"]["chance"]
    more = "more" if nmi["p"] < level else "no more"
    supported = sum(row[label]["supported"] for row in held if row[label])
    return (
        f"{nmi['value']:.2f} of {label} (NMI), chance {chance['low']:.2f} to {chance['high']:.2f}: {more} than chance, "
        f"and {supported} of {len(held)} clusters {'is' if supported == 1 else 'are'} supported as one {label}"
    )


def _by_task(variants: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Mapping[str, Any]]]:
    """The variants of each task, tasks and variants in the order of the settings."""
    tasks = {}
    for name, variant in variants.items():
        tasks.setdefault(variant["provenance"]["settings"]["task"], {})[name] = variant
    return tasks


def _counts(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """Pictures a source (rows) and partition (columns), with totals."""
    parts = table[column].fillna("unsplit")
    counts = pd.crosstab(table["source"], parts)
    order = [name for part in (*PARTITIONS, "unsplit") for name in (part, _copies_of(part)) if name in counts]
    counts = counts[order].assign(total=counts.sum(axis=1))
    counts.loc["total"] = counts.sum()
    return counts


def _with_copies_apart(split: pd.DataFrame) -> pd.DataFrame:
    return split.assign(partition=split["partition"].mask(split["copy"] > 0, _copies_of(split["partition"])))


def _copies_of(partition: Any) -> Any:
    return "copies to " + partition


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


def _nowhere_comparable(claims: Sequence[Mapping[str, Any]]) -> list[str]:
    """The reasons that no claim compares, where the same hold for all; empty where one does or they differ."""
    if any(claim["verdict"] != "not comparable" for claim in claims):
        return []
    first, *others = (claim["why"] for claim in claims)
    return [reason for reason in first if all(reason in why for why in others)]


def _amount(value: float, claim: Mapping[str, Any], sign: str = "") -> str:
    """A number in the unit of a claim, with a digit more than the published figure where that has few."""
    if claim["unit"] == "%":
        return f"{value:{sign},.{max(1, claim['decimals'])}f}" + (" points" if sign else " %")
    if claim["unit"] in ("", "nats"):
        return f"{value:{sign},.{max(3, claim['decimals'])}f}"
    return f"{round(value):{sign},}"


def _told_of_heat(regions: pd.DataFrame) -> str:
    """What regions of all test pictures hold more heat than the nulls."""
    if not regions["pictures"].any():
        return "No test picture has a heatmap with any heat."
    more = regions.loc[regions["found"] == "more", "region"].tolist()
    if not more:
        return f"None of {len(regions)} regions of the picture holds more of the heat than its area and all nulls do."
    return f"More of the heat than the area and all nulls have lies in: {', '.join(more)}."


def _told_of_maps(faithfulness: Mapping[str, Any]) -> str:
    """Whether the maps passed their tests."""
    if not faithfulness["found"]:
        honest = f"The maps do not pass as honest: {faithfulness['why']}."
    else:
        points = [100 * faithfulness[way]["better"]["value"] for way in ("deletion", "insertion")]
        honest = "The maps tell what matters: by {:.0f} and {:.0f} points more than random ones.".format(*points)
    first, last = (faithfulness["cascade"]["stages"][place]["similarity"]["value"] for place in (0, -1))
    left = faithfulness["cascade"]["left"]
    if first is not None and last is None:
        return f"{honest} When all layers are made random, no map has any heat left."
    if left is None:
        return f"{honest} There is nothing to say whether they show what was learned."
    return f"{honest} When all layers are made random, {max(0, left):.0%} of what the maps show is left."


def _points(value: float | None) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{100 * value:+.1f}"


def _chance(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _figure(value: float) -> str:
    """A measured value of any size, to a person."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _percent(value: float | None) -> str:
    return "none" if value is None else f"{value:.1%}"


def _gallery(mistakes: pd.DataFrame) -> dict[str, Any]:
    """The mistakes that have a thumbnail, and what one may ask for among them."""
    shown = mistakes[mistakes["thumbnail"].notna()].astype(object)
    shown = shown.where(shown.notna(), None)
    cards = [_mistake(row) for row in shown.itertuples()]
    parts = {f"{part}s": sorted(shown[part].dropna().unique()) for part in ("origin", "source", "style")}
    return {"total": len(mistakes), "cards": cards, "most": max(shown["wrong"], default=0), **parts}


def _mistake(row: Any) -> dict[str, Any]:
    wrong = [answer for answer in row.answers if answer["label"] != answer["predicted"]]
    words = " ".join(filter(None, (row.style, row.source, row.path))).lower()
    return {
        **{part: getattr(row, part) for part in ("path", "origin", "source", "style", "asked")},
        "file": PurePosixPath(row.path).name,
        "words": f"{words} {words.replace('_', ' ')}",
        "wrong": sorted(wrong, key=lambda answer: -answer["probability"]),
        "right": [answer["variant"] for answer in row.answers if answer["label"] == answer["predicted"]],
        "picture": _embedded(row.thumbnail),
    }


def _allowed(text: str) -> str:
    """How a page's policy names the one text that it lets a browser run or apply."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _picture(file: str | Path) -> Picture:
    """A file of a picture; a PNG as WebP without loss, which is a fifth smaller."""
    content = Path(file).read_bytes()
    with Image.open(io.BytesIO(content)) as image:
        if image.format != "PNG":
            return _embedded(content)
        stream = io.BytesIO()
        image.convert("RGB").save(stream, "WEBP", lossless=True, quality=50, method=2)
    return _embedded(stream.getvalue())


def _embedded(content: bytes) -> Picture:
    with Image.open(io.BytesIO(content)) as image:
        kind = image.get_format_mimetype()
        return Picture(f"data:{kind};base64,{base64.b64encode(content).decode()}", *image.size)
