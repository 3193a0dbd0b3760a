"""What the sources say in words of heat and of clusters, and what this run measured of it."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import Field

from brushprint.core.config_errors import Name, Settings
from brushprint.data.taxonomy import REGIONS
from brushprint.stats.intervals import FEWEST, MEANINGFUL

# The rules read the settings here, and wait for no tables.
if TYPE_CHECKING:
    import pandas as pd

ANSWERS = ("supported", "not supported", "cannot be judged")


class Sentence(Settings):
    """One sentence of a source, in our words, and what is measured: `region`, `clusters` or `apart`."""

    id: Annotated[Name, Field(description="begins with the source")]
    says: Annotated[str, Field(min_length=1, max_length=160, description="what the source says, in our words")]
    region: Annotated[
        Literal[*REGIONS] | None, Field(description="the region that is said to hold more heat than others")
    ] = None
    of: Annotated[
        str | None, Field(description="whose heat: `correct`, `misclassified`, or one of these and a style")
    ] = None
    clusters: Annotated[
        Literal["correct", "misclassified"] | None,
        Field(description="whose clusters, in two dimensions, are said to hold one style each"),
    ] = None
    apart: Annotated[
        Literal["spread", "silhouette"] | None,
        Field(description="by what the styles of generators are said to be tighter than human ones"),
    ] = None


class Finding(NamedTuple):
    """What one variant says of a sentence: `None` where it cannot be judged."""

    holds: bool | None
    why: str
    words: str
    numbers: dict[str, Any]


def answer(sentence: Sentence, variant: str, run: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What a run says of a sentence about a variant.

    `run` has `effects` (the table of `brushprint.saliency.regions.effects`), `latent` and `embedding` (what the modules
    of these names tell), by variant. Returns `id`, `says`, `variant`, `answer` (one of `ANSWERS`), `why`, `measured` in
    words, the same `numbers`, and of how many variants (`judged`) it is `supported`.
    """
    found = {name: _finding(sentence, of) for name, of in run.items()}
    own = found.get(variant, Finding(None, f"{variant} is not in this run", "", {}))
    judged = [each.holds for each in found.values() if each.holds is not None]
    verdict = {True: "supported", False: "not supported", None: "cannot be judged"}[own.holds]
    told = {"id": sentence.id, "says": sentence.says, "variant": variant, "answer": verdict, "why": own.why}
    return told | {"measured": own.words, "numbers": own.numbers, "judged": len(judged), "supported": sum(judged)}


def _finding(sentence: Sentence, of: Mapping[str, Any]) -> Finding:
    if sentence.clusters:
        return _of_clusters(sentence.clusters, of["latent"])
    if sentence.apart:
        return _of_spread(sentence.apart, of["embedding"])
    return _of_heat(sentence, of["effects"])


def _of_heat(sentence: Sentence, effects: "pd.DataFrame") -> Finding:
    by = "outcome and style" if " " in sentence.of else "outcome"
    group = (effects["by"] == by) & (effects["value"] == sentence.of)
    rows = effects[group & (effects["region"] == sentence.region)].to_dict("records")
    if not rows:
        return Finding(None, "no such picture", "", {})
    row = rows[0]
    numbers = {name: value for name, value in row.items() if isinstance(value, float | int) and math.isfinite(value)}
    if row["pictures"] < FEWEST:
        return Finding(None, f"{row['pictures']} pictures, fewer than {FEWEST}", "", numbers)
    points = {name: 100 * row[f"over_area{name}"] for name in ("", "_low", "_high")}
    random = [100 * (row[f"random_{end}"] - row["area"]) for end in ("low", "high")]
    words = (
        f"{sentence.region}: {row['share']:.1%} of the heat on {row['area']:.1%} of the area, {points['']:+.1f} points "
        f"({points['_low']:+.1f} to {points['_high']:+.1f}; {row['cohens_d']:+.2f} standard deviations), with random "
        f"weights {random[0]:+.0f} to {random[1]:+.0f}; {row['pictures']:,} pictures"
    )
    why = "it holds less than its area" if row["found"] == "less" else row["why"]
    return Finding(row["found"] == "more", why, words, numbers)


def _of_clusters(outcome: str, latent: Mapping[str, Any]) -> Finding:
    fits = [fit for fit in latent["fits"] if (fit["outcome"], fit["space"]) == (outcome, "2d")]
    if not fits:
        return Finding(None, f"no test picture is {outcome}", "", {})
    said = fits[0]["labels"]["style"]
    if said["why"]:
        return Finding(None, said["why"], "", {})
    rows = [row for row in latent["clusters"] if (row["outcome"], row["space"]) == (outcome, "2d")]
    # Clusters of pictures without a known style are neither for the sentence nor against it.
    own = [style for row in rows if (style := row["labels"]["style"])]
    held = sum(style["supported"] for style in own)
    nmi, chance = said["nmi"]["value"], said["nmi"]["chance"]
    words = (
        f"{held} of {len(own)} clusters are mostly of one style, beyond chance; they say {nmi:.2f} of style "
        f"(normalised mutual information), chance {chance['low']:.2f} to {chance['high']:.2f}; "
        f"{said['pictures']:,} pictures"
    )
    numbers = {"supported": held, "clusters": len(own), "pictures": said["pictures"], "nmi": nmi, "p": said["nmi"]["p"]}
    return Finding(2 * held > len(own), "" if 2 * held > len(own) else "most clusters are mixed", words, numbers)


def _of_spread(measure: str, embedding: Mapping[str, Any]) -> Finding:
    by_style = next(grouping for grouping in embedding["spread"] if grouping["grouping"] == "style")
    if not by_style["difference"]:
        return Finding(None, by_style["why"] or "pictures of one origin alone", "", {})
    found = by_style["difference"][measure]
    # Tight groups spread less, and are farther from others.
    low, value = (-found["high"], -found["value"]) if measure == "spread" else (found["low"], found["value"])
    words = (
        f"the {measure} of the styles of generators less that of human ones: {found['value']:+.2f} "
        f"({found['low']:+.2f} to {found['high']:+.2f}); {by_style['pictures']:,} pictures"
    )
    holds = low > 0 and value >= MEANINGFUL
    return Finding(holds, "" if holds else "human styles are as tight", words, dict(found))
