"""The report's sentences about the measurements of a run."""

from collections.abc import Mapping, Sequence
from typing import Any

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
        if row["found"]:
            shortcuts.setdefault(row["question"], []).append(f"{row['cues']} {row['balanced_accuracy']['value']:.2f}")
    sentences = []
    if shortcuts:
        questions = "; ".join(f"{question}: {', '.join(cues)}" for question, cues in shortcuts.items())
        colours = (
            " Colours may be the art itself." if any(row["found"] and row["cues"] == COLOURS for row in audit) else ""
        )
        sentences.append(
            "Cues beside the art separate AI from human, and the networks may have learned them. Balanced accuracy of "
            f"small models that see these cues alone, where guessing gives 0.5: {questions}.{colours}"
        )
    leaks = [
        f"{row['pictures']:,} of the split {name} ({row['share']:.1%}) in {row['in']}"
        for name, rates in trust["leaks"].items()
        for row in rates["across"]
        if row["pictures"] and row["of"] == "test"
    ]
    if leaks:
        sentences.append(
            f"Test pictures have near duplicates elsewhere: {'; '.join(leaks)}. Balanced accuracy without those that "
            "have one in training is below."
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
        sentences.append(f"In the full space, clusters of {pictures} pictures say {'; '.join(parts)}.")
    return sentences


def _label(label: str, fit: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], level: float) -> str:
    """How closely clusters agree with one label.

    `rows` has an entry for each cluster: by label, its dominant value, null if no picture of the cluster has the label.
    """
    if fit["why"]:
        return f"nothing of {label} ({fit['why']})"
    nmi, chance = fit["nmi"], fit["nmi"]["chance"]
    more = "more" if nmi["p"] < level else "no more"
    dominant = [row[label] for row in rows if row[label]]
    supported = sum(one["supported"] for one in dominant)
    return (
        f"{nmi['value']:.2f} of {label} (NMI), chance {chance['low']:.2f} to {chance['high']:.2f}: {more} than chance, "
        f"and {supported} of {len(dominant)} clusters {'is' if supported == 1 else 'are'} supported as one {label}"
    )


def heat(regions: pd.DataFrame) -> str:
    """Name the regions that hold, over all test pictures, more of the heat than their area and all nulls."""
    if not regions["pictures"].any():
        return "No test picture has a heatmap with any heat."
    more = regions.loc[regions["found"] == "more", "region"].tolist()
    if not more:
        return f"None of {len(regions)} regions of the picture holds more of the heat than its area and all nulls do."
    return f"Regions that hold more of the heat than their area and all nulls do: {', '.join(more)}."


def faithfulness(tests: Mapping[str, Any]) -> str:
    """State whether the heatmaps are faithful; `tests` is the summary from `brushprint.saliency.faithfulness`."""
    if tests["found"]:
        points = [100 * tests[way]["better"]["value"] for way in ("deletion", "insertion")]
        sentence = "The heatmaps are faithful: by {:.0f} and {:.0f} points more than random maps.".format(*points)
    else:
        sentence = f"The heatmaps do not pass the tests of faithfulness: {tests['why']}."
    first, last = (tests["cascade"]["stages"][place]["similarity"]["value"] for place in (0, -1))
    left = tests["cascade"]["left"]
    if first is not None and last is None:
        return f"{sentence} When all layers are made random, no heatmap has any heat left."
    if left is None:
        return f"{sentence} Whether they show what was learned is unknown."
    return f"{sentence} When all layers are made random, {max(0, left):.0%} of what the heatmaps show is left."


def not_comparable(claims: Sequence[Mapping[str, Any]]) -> list[str]:
    """If no claim is comparable, the reasons that all claims share; otherwise empty."""
    if any(claim["verdict"] != "not comparable" for claim in claims):
        return []
    first, *others = (claim["why"] for claim in claims)
    return [reason for reason in first if all(reason in why for why in others)]
