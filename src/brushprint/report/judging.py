"""The claims ledger: each figure that a source document publishes, beside the figure that this run obtained."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from brushprint.report.claims_schema import (
    DATA_MEASURES,
    MEASURES,
    PARTITIONS,
    PREDICTION_MEASURES,
    ROW_COUNTS,
    Claim,
    Claims,
    Source,
)
from brushprint.report.statements import answer

if TYPE_CHECKING:
    import pandas as pd

VERDICTS = ("reproduced", "close", "exceeded", "below", "not comparable", "impossible as stated")

# A run is compared with a document if it lacks at most this share of the collection's pictures, some of which are
# repetitions, and if the numbers of test pictures differ by at most that share.
SAME_COLLECTION, SAME_TEST = 0.1, 0.01
ANOTHER_COLLECTION = "another collection"


class Measured(TypedDict):
    """A measure with its 95 % interval, as in `metrics.json`; null where it is undefined."""

    value: float | None
    low: float | None
    high: float | None


class Obtained(TypedDict):
    """A run's figure for a claim, in the claim's unit; `low` and `high` are null if there is no interval."""

    value: float
    low: float | None
    high: float | None


class Run(NamedTuple):
    """The parts of a run that claims are compared with; see `judge`."""

    catalogue: "pd.DataFrame"
    variants: Mapping[str, Mapping[str, Any]]
    from_scratch: Collection[str]
    changed: Collection[str]


def judge(
    claims: Claims,
    *,
    collection: str,
    synthetic: bool,
    budget: Mapping[str, int | None],
    from_scratch: Collection[str],
    changed: Collection[str],
    catalogue: "pd.DataFrame",
    variants: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """Compare each claim with the figure that a run obtained.

    Parameters
    ----------
    claims : see `brushprint.report.claims_schema.load`
    collection : name of the run's collection
    synthetic : whether the collection is the embedded sample
    budget : caps of the run; a cap of None limits nothing
    from_scratch : variants that start without the pretrained weights of their published recipe
    changed : variants whose task, split or recipe is not the published one
    catalogue : columns `origin`, `source`, `style` (null where a picture has none), `width`, `published_split`
    variants : for each name `metrics` and `latent` (see `brushprint.evaluation.metrics` and
        `brushprint.features.latent`), `history` (columns `best` and `<partition>_accuracy`, `<partition>_loss`),
        `split` (see `brushprint.data.split`), and `effects` and `embedding` (see `brushprint.report.statements`)

    Returns
    -------
    A dictionary that can be written as JSON:

    - `verdicts`: the number of claims with each verdict
    - `sources`: for each key the citation of the source document (`title`, `authors`, `short`, `link` or null)
    - `claims`: a row for each claim: `id`, `source`, `citation` (the short one), `collection`, `variant` (null for a
      claim about the collection), `what` (the claim's subject in words), `published` as printed, `obtained` (`value`
      with `low` and `high`, a 95 % interval, null if there is none; or null) and `difference` (null if not comparable),
      both in `unit`, `decimals` of the published figure, `verdict` (one of `VERDICTS`) and `why`, a list of reasons
    - `open`: the details of `variants` that each source document leaves open, and the values that are `taken` for them
    - `sentences`: each statement with its answer, see `brushprint.report.statements.answer`
    """
    run = Run(catalogue.rename(columns={"published_split": "partition"}), variants, from_scratch, changed)
    run_reasons = ["synthetic sample"] * synthetic
    run_reasons += ["shortened run"] * any(cap is not None for cap in budget.values())
    rows, left_open, sentences = [], [], []
    for key, source in claims.sources.items():
        name = {"source": key, "citation": source.citation.short}
        reasons = list(run_reasons)
        # The sample represents every collection, so its name and size are no further reasons.
        if not synthetic and collection != source.collection:
            reasons.append(ANOTHER_COLLECTION)
        elif not run_reasons and len(catalogue) < (1 - SAME_COLLECTION) * source.pictures:
            reasons.append(f"only {len(catalogue):,} of {source.pictures:,} pictures")
        for variant, claim in source.listed():
            about = {"id": claim.id, **name, "collection": source.collection, "variant": variant}
            rows.append(about | {"what": describe(claim), **_judged(claim, variant, source, run, reasons)})
        left_open += [name | entry.model_dump() for entry in source.open]
        sentences += [
            name | answer(sentence, variant, variants)
            for variant, listed in source.sentences.items()
            for sentence in listed
        ]
    counts = Counter(row["verdict"] for row in rows)
    return {
        "verdicts": {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]},
        "sources": {key: source.citation.model_dump() for key, source in claims.sources.items()},
        "claims": rows,
        "open": left_open,
        "sentences": sentences,
    }


def describe(claim: Claim) -> str:
    """The subject of a claim in words."""
    words = MEASURES[claim.measure]
    if claim.measure in PREDICTION_MEASURES or claim.measure in ROW_COUNTS:
        words = f"{PARTITIONS[claim.partition]} {words}".strip()
    if claim.qualifier == "at most about":
        words = f"highest {words}"
    if claim.of:
        words += f", {claim.of.replace('_', ' ').replace(' avg', ' average')}"
    return f"{words} (the document does not state which pictures)" if claim.partition == "unsaid" else words


def _judged(claim: Claim, variant: str | None, source: Source, run: Run, reasons: list[str]) -> dict[str, Any]:
    """The verdict on a claim and its grounds; `reasons` say why the whole run cannot be compared with the source."""
    obtained, target = _obtained(claim, variant, run), _target(claim, run)
    hindrances = reasons or _own_reasons(claim, variant, source, run)
    difference = None
    if claim.impossible and not reasons:
        verdict, why = "impossible as stated", [claim.impossible]
    elif hindrances or obtained is None or target is None:
        verdict, why = "not comparable", hindrances or ["this run has no such figure"]
        why = why + [f"impossible as stated: {claim.impossible}"] * bool(claim.impossible)
    else:
        verdict, reason = _verdict(claim, obtained, target)
        difference, why = obtained["value"] - target, [reason]
    return {
        "published": claim.published or f"worse than {claim.worse_than}",
        "obtained": obtained,
        "difference": difference,
        "unit": claim.unit,
        "decimals": claim.decimals,
        "verdict": verdict,
        "why": why,
    }


def _verdict(claim: Claim, obtained: Obtained, target: float) -> tuple[str, str]:
    """The verdict on a claim that is comparable, and the reason for the verdict."""
    value = obtained["value"]
    slack = 1e-9 * max(1.0, abs(target))
    if claim.worse_than and value < target:
        if obtained["high"] is not None and obtained["high"] < target:
            return "reproduced", "it is less accurate here, too, by more than chance"
        return "close", "it is less accurate here, too, but perhaps by chance"
    if claim.qualifier == "over" and value >= target - slack:
        return "reproduced", "this run reaches it"
    if claim.qualifier != "over" and not claim.worse_than:
        low = value if obtained["low"] is None else obtained["low"]
        high = value if obtained["high"] is None else obtained["high"]
        # A bootstrap interval does not always contain the value itself.
        reach = claim.uncertainty + slack
        if min(low, value) - reach <= target <= max(high, value) + reach:
            same = obtained["low"] is None and not claim.n
            return "reproduced", "equal after rounding" if same else "inside the intervals of both"
    near, words = claim.near
    if abs(value - target) <= near + slack:
        return "close", f"within {words}"
    better = value < target if claim.measure == "loss" else value > target
    more, less = ("more", "less") if claim.measure in DATA_MEASURES else ("better", "worse")
    return ("exceeded", f"{more} by more than {words}") if better else ("below", f"{less} by more than {words}")


def _own_reasons(claim: Claim, variant: str | None, source: Source, run: Run) -> list[str]:
    """The reasons against comparing this claim with a run that uses the source's collection and is not shortened."""
    names = [name for name in (variant, claim.worse_than) if name]
    if absent := [f"{name} is not in this run" for name in names if name not in run.variants]:
        return absent
    reasons = [f"the settings of {name} are not the published ones" for name in names if name in run.changed]
    if variant is None or claim.measure not in PREDICTION_MEASURES:
        return reasons
    reasons += [f"{name} started without the pretrained weights" for name in names if name in run.from_scratch]
    pictures = run.variants[variant]["metrics"]["test"]["pictures"]
    tested = claim.partition in ("test", "unsaid")
    if tested and abs(pictures - source.test_pictures) > SAME_TEST * source.test_pictures:
        reasons.append(f"{pictures:,} test pictures instead of {source.test_pictures:,}")
    return reasons


def _target(claim: Claim, run: Run) -> float | None:
    """The figure to compare with: the published one, or the one that the run obtained for the other variant."""
    if not claim.worse_than:
        return claim.value
    other = _obtained(claim, claim.worse_than, run)
    return other and other["value"]


def _obtained(claim: Claim, variant: str | None, run: Run) -> Obtained | None:
    """The run's figure for a claim; None if the run has none."""
    measured: Measured | None
    if variant is None:
        measured = _of_pictures(claim, run.catalogue)
    elif variant in run.variants:
        measured = _of_variant(claim, run.variants[variant])
    else:
        return None
    if measured is None or measured["value"] is None:
        return None
    scale = 100 if claim.unit == "%" else 1
    low, high = (None if end is None else scale * end for end in (measured["low"], measured["high"]))
    return {"value": scale * measured["value"], "low": low, "high": high}


def _exact(value: float | None) -> Measured:
    return {"value": value, "low": None, "high": None}


def _of_variant(claim: Claim, variant: Mapping[str, Any]) -> Measured | None:
    """The measure of a variant: shares as fractions, the loss in nats, all others as counts."""
    if claim.measure == "classes":
        return _exact(len(variant["metrics"]["classes"]))
    if claim.measure == "features":
        return _exact(variant["latent"]["values"])
    if claim.measure in DATA_MEASURES and claim.measure != "support":
        return _of_pictures(claim, variant["split"])
    if claim.partition == "train" or claim.qualifier == "at most about":
        return _of_history(claim, variant["history"])
    return _of_metrics(claim, variant["metrics"]["validation" if claim.partition == "validation" else "test"])


def _of_metrics(claim: Claim, metrics: Mapping[str, Any]) -> Measured | None:
    if claim.measure in ("accuracy", "loss"):
        return metrics[claim.measure]
    if claim.measure.startswith("top-"):
        return metrics["top"].get(claim.measure.removeprefix("top-"))
    scores = metrics["report"].get(claim.of)
    if scores is None:
        return None
    if claim.measure == "support":
        return _exact(scores["support"])
    if claim.measure == "correct":
        value, low, high = (
            None if scores["recall"][end] is None else scores["support"] * scores["recall"][end]
            for end in ("value", "low", "high")
        )
        return {"value": value, "low": low, "high": high}
    return scores["f1-score" if claim.measure == "f1" else claim.measure]


def _of_history(claim: Claim, history: "pd.DataFrame") -> Measured:
    """The highest value of all epochs if the claim is about it, else the value of the epoch that validation chose."""
    column = f"{claim.partition}_{claim.measure}"
    values = history[column] if claim.qualifier == "at most about" else history.loc[history["best"], column].tail(1)
    return _exact(None if values.isna().all() else float(values.max()))


def _of_pictures(claim: Claim, table: "pd.DataFrame") -> Measured:
    """A count over the pictures of a split or of the catalogue (with its published partitions); for `side`, a width."""
    if claim.partition != "all" and claim.measure not in ("styles", "side"):
        table = table[table["partition"].isin(claim.partition.split("+"))]
    if claim.of:
        table = table[(table["origin"] == claim.of) | (table["source"] == claim.of)]
    match claim.measure:
        case "originals":
            return _exact(int((table["copy"] == 0).sum()))
        case "copies":
            return _exact(int((table["copy"] > 0).sum()))
        case "styles":
            return _exact(int(table["style"].nunique()))
        case "side":
            return _exact(None if table.empty else int(table["width"].mode()[0]))
        case "fewest":
            # Pictures without a style belong to no group.
            sizes = table.groupby(["origin", "style"]).size()
            return _exact(None if sizes.empty else int(sizes.min()))
    return _exact(len(table))
