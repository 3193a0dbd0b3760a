"""Tests whether this run's measurements support the statements of source documents on heatmaps and clusters."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from brushprint.report.claims_schema import Sentence
from brushprint.stats.intervals import FEWEST, MEANINGFUL

if TYPE_CHECKING:
    import pandas as pd

ANSWERS = ("supported", "not supported", "cannot be judged")


class Finding(NamedTuple):
    """The test of a statement on one variant: `holds` is None if it cannot be judged, and `why` gives the reason."""

    holds: bool | None
    why: str
    measured: str
    numbers: dict[str, Any]


def answer(sentence: Sentence, variant: str, variants: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Test a statement about a variant on that variant, and on every other variant of the run.

    Parameters
    ----------
    sentence : the statement
    variant : name of the variant that it is about
    variants : for each name `effects` (the table of `brushprint.saliency.regions.effects`), `latent` (see
        `brushprint.features.latent`) and `embedding` (see `brushprint.features.embedding`)

    Returns
    -------
    `id` and `says` of the statement; `variant` and its result: `answer` (one of `ANSWERS`), `why`, the measurements in
    words (`measured`) and as `numbers`; `judged`, the number of the run's variants on which the statement can be
    judged, and `supported`, how many of these support it
    """
    findings = {name: _finding(sentence, results) for name, results in variants.items()}
    own = findings.get(variant, Finding(None, f"{variant} is not in this run", "", {}))
    judged = [finding.holds for finding in findings.values() if finding.holds is not None]
    return {
        "id": sentence.id,
        "says": sentence.says,
        "variant": variant,
        "answer": {True: "supported", False: "not supported", None: "cannot be judged"}[own.holds],
        "why": own.why,
        "measured": own.measured,
        "numbers": own.numbers,
        "judged": len(judged),
        "supported": sum(judged),
    }


def _finding(sentence: Sentence, results: Mapping[str, Any]) -> Finding:
    if sentence.clusters:
        return _clusters(sentence.clusters, results["latent"])
    if sentence.apart:
        return _apart(sentence.apart, results["embedding"])
    return _heat(sentence, results["effects"])


def _heat(sentence: Sentence, effects: "pd.DataFrame") -> Finding:
    """Whether a region holds a larger share of the heat than its share of the area and than every null."""
    by = "outcome and style" if " " in (sentence.of or "") else "outcome"
    group = (effects["by"] == by) & (effects["value"] == sentence.of)
    rows = effects[group & (effects["region"] == sentence.region)].to_dict("records")
    if not rows:
        return Finding(None, "there is no such picture", "", {})
    row = rows[0]
    numbers = {str(key): value for key, value in row.items() if isinstance(value, float | int) and math.isfinite(value)}
    if row["pictures"] < FEWEST:
        return Finding(None, f"{row['pictures']} pictures, fewer than {FEWEST}", "", numbers)
    points = {end: 100 * row[f"over_area{end}"] for end in ("", "_low", "_high")}
    random = [100 * (row[f"random_{end}"] - row["area"]) for end in ("low", "high")]
    measured = (
        f"{sentence.region}: {row['share']:.1%} of the heat on {row['area']:.1%} of the area, {points['']:+.1f} points "
        f"({points['_low']:+.1f} to {points['_high']:+.1f}; {row['cohens_d']:+.2f} standard deviations); networks with "
        f"random weights {random[0]:+.0f} to {random[1]:+.0f} points; {row['pictures']:,} pictures"
    )
    why = "it holds less heat than its share of the area" if row["effect"] == "less" else row["why"]
    return Finding(row["effect"] == "more", why, measured, numbers)


def _clusters(outcome: str, latent: Mapping[str, Any]) -> Finding:
    """Whether most clusters consist mainly of one style each, beyond chance."""
    fits = [fit for fit in latent["fits"] if (fit["outcome"], fit["space"]) == (outcome, "2d")]
    if not fits:
        return Finding(None, f"no test picture is {outcome}", "", {})
    style = fits[0]["labels"]["style"]
    if style["why"]:
        return Finding(None, style["why"], "", {})
    rows = [row for row in latent["clusters"] if (row["outcome"], row["space"]) == (outcome, "2d")]
    # A cluster in which no picture has a known style is evidence neither for the statement nor against it.
    dominant = [row["labels"]["style"] for row in rows if row["labels"]["style"]]
    supported = sum(one["supported"] for one in dominant)
    nmi, chance = style["nmi"]["value"], style["nmi"]["chance"]
    measured = (
        f"{supported} of {len(dominant)} clusters are mostly of one style, beyond chance; normalised mutual "
        f"information of clusters and styles {nmi:.2f} ({chance['low']:.2f} to {chance['high']:.2f} by chance); "
        f"{style['pictures']:,} pictures"
    )
    numbers = {
        "supported": supported,
        "clusters": len(dominant),
        "pictures": style["pictures"],
        "nmi": nmi,
        "p": style["nmi"]["p"],
    }
    holds = 2 * supported > len(dominant)
    return Finding(holds, "" if holds else "most clusters are mixed", measured, numbers)


def _apart(measure: str, embedding: Mapping[str, Any]) -> Finding:
    """Whether the styles of generators are more compact than human ones, beyond chance and by a meaningful amount."""
    by_style = next(grouping for grouping in embedding["spread"] if grouping["grouping"] == "style")
    if not by_style["difference"]:
        return Finding(None, by_style["why"] or "all pictures have one origin", "", {})
    difference = by_style["difference"][measure]
    # More compact groups have a smaller spread but a larger silhouette, so the sign of the spread is reversed.
    low, value = difference["low"], difference["value"]
    if measure == "spread":
        low, value = -difference["high"], -difference["value"]
    measured = (
        f"{measure} of the styles of generators minus {measure} of human styles: {difference['value']:+.2f} "
        f"({difference['low']:+.2f} to {difference['high']:+.2f}); {by_style['pictures']:,} pictures"
    )
    holds = low > 0 and value >= MEANINGFUL
    return Finding(holds, "" if holds else "human styles are at least as compact", measured, dict(difference))
