"""The report's sentences about the measurements of a run."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from brushprint.report.judging import ANOTHER_COLLECTION

if TYPE_CHECKING:
    import pandas as pd

# This group of shortcut features may be part of the art itself, and not only a shortcut.
COLOURS = "colour statistics"

# The words for each cap of a shortened run.
CAPS = {
    "images": "at most {:,} pictures",
    "max_image_size": "at most {:,}-pixel input",
    "epochs": "at most {:,} epochs a phase",
    "batch_size": "at most {:,} pictures a batch",
}


def shortened(budget: Mapping[str, int | None]) -> str:
    """The caps of a shortened run in words; empty if the run has none."""
    return ", ".join(CAPS[key].format(cap) for key, cap in budget.items() if cap is not None)


def warnings(trust: Mapping[str, Any]) -> list[str]:
    """Warnings that a reader needs before any figure: dataset shortcuts, and near duplicates of test pictures.

    `trust` holds the content of `audit.json` and `leaks.json` under `audit` and `leaks`.
    """
    audit = trust["audit"].get("harmonised", trust["audit"]["raw"])
    shortcuts: dict[str, list[str]] = {}
    for row in audit:
        if row["reported"]:
            shortcut = f"{row['features']} {row['balanced_accuracy']['value']:.2f}"
            shortcuts.setdefault(row["question"], []).append(shortcut)
    sentences = []
    if shortcuts:
        questions = "; ".join(f"{question}: {', '.join(groups)}" for question, groups in shortcuts.items())
        reported = any(row["reported"] and row["features"] == COLOURS for row in audit)
        colours = " Colours may be part of the art itself." if reported else ""
        sentences.append(
            "File properties alone separate AI from human pictures, and the networks may have learned them in place of "
            "the art. Balanced accuracy of small models that see only these properties (guessing gives 0.5): "
            f"{questions}.{colours}"
        )
    leaks = [
        f"{row['pictures']:,} ({row['share']:.1%}) in {row['in']} of the split {name}"
        for name, rates in trust["leaks"].items()
        for row in rates["across"]
        if row["pictures"] and row["of"] == "test"
    ]
    if leaks:
        sentences.append(
            f"Test pictures have near duplicates in other partitions: {'; '.join(leaks)}. The section on reliability "
            "gives the balanced accuracy without the test pictures that have a near duplicate in training."
        )
    return sentences


def clusters(latent: Mapping[str, Any]) -> list[str]:
    """How closely the clusters in the full space agree with each label, in one sentence for each outcome."""
    fits = {fit["outcome"]: fit for fit in latent["fits"] if fit["space"] == "full"}
    sentences = []
    for outcome in ("misclassified", "correct", "all"):
        if outcome not in fits:
            sentences.append(f"No test picture is {outcome}.")
            continue
        rows = [row["labels"] for row in latent["clusters"] if (row["outcome"], row["space"]) == (outcome, "full")]
        parts = [_label(label, fit, rows, latent["level"]) for label, fit in fits[outcome]["labels"].items()]
        pictures = "all" if outcome == "all" else f"the {outcome}"
        sentences.append(
            f"Agreement of the clusters of {pictures} pictures in the full space with labels: {'; '.join(parts)}."
        )
    return sentences


def _label(label: str, fit: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], level: float) -> str:
    """How closely clusters agree with one label.

    `rows` has an entry for each cluster: by label, its dominant value, null if no picture of the cluster has the label.
    """
    if fit["why"]:
        return f"{label} unknown ({fit['why']})"
    nmi, chance = fit["nmi"], fit["nmi"]["chance"]
    more = "more" if nmi["p"] < level else "no more"
    dominant = [row[label] for row in rows if row[label]]
    supported = sum(one["supported"] for one in dominant)
    return (
        f"{label} {nmi['value']:.2f} (NMI; {chance['low']:.2f} to {chance['high']:.2f} by chance), {more} than by "
        f"chance, and {supported} of {len(dominant)} clusters {'is' if supported == 1 else 'are'} mostly of one {label}"
    )


def heat(regions: "pd.DataFrame") -> str:
    """Name the regions that hold, over all test pictures, more of the heat than their area and all baselines."""
    if not regions["pictures"].any():
        return "No test picture has a heatmap with any heat."
    more = regions.loc[regions["effect"] == "more", "region"].tolist()
    if not more:
        return (
            f"In none of the {len(regions)} regions does the share of the heat exceed the share of the area and every "
            "baseline."
        )
    return f"Regions whose share of the heat exceeds their share of the area and every baseline: {', '.join(more)}."


def faithfulness(tests: Mapping[str, Any]) -> str:
    """State whether the heatmaps are faithful; `tests` is the summary from `brushprint.saliency.faithfulness`."""
    if tests["faithful"]:
        points = [100 * tests[way]["better"]["value"] for way in ("deletion", "insertion")]
        sentence = (
            "The heatmaps are faithful. Averaged over the curves, the probability of the prediction is "
            f"{points[0]:.0f} points lower when the hottest parts are hidden than when random parts are hidden, and "
            f"{points[1]:.0f} points higher when only the hottest parts are shown than when only random parts are "
            "shown."
        )
    else:
        sentence = f"The heatmaps do not pass the faithfulness tests: {tests['why']}."
    first, last = (tests["cascade"]["stages"][place]["similarity"]["value"] for place in (0, -1))
    left = tests["cascade"]["left"]
    if first is not None and last is None:
        return f"{sentence} When all layers get random weights, no heatmap has any heat left."
    if left is None:
        return f"{sentence} Whether they depend on what the network learned is unknown."
    return (
        f"{sentence} When all layers get random weights, {max(0, left):.0%} of the similarity to the original heatmaps "
        "remains."
    )


def not_comparable(claims: Sequence[Mapping[str, Any]]) -> list[str]:
    """If no claim is comparable, the reasons that all claims about the run's collection share; otherwise empty.

    If no claim is about the run's collection, that is one of the reasons.
    """
    if any(claim["verdict"] != "not comparable" for claim in claims):
        return []
    reasons = [claim["why"] for claim in claims]
    first, *others = [why for why in reasons if ANOTHER_COLLECTION not in why] or reasons
    return [reason for reason in first if all(reason in why for why in others)]
