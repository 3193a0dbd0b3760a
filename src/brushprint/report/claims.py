"""The claims ledger: each figure that a source document publishes, and what this run obtained beside it."""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator

from brushprint.core.config_errors import Location, Name, Settings, mistakes, spell
from brushprint.core.errors import UserError
from brushprint.report.statements import Sentence, answer

# The rules read the settings here, and wait for no tables.
if TYPE_CHECKING:
    import pandas as pd

Interval = Mapping[str, float | None]

Short = Annotated[str, Field(min_length=1, max_length=160)]

# What is measured, and how the report calls it. Of a trained network's predictions:
SHARES = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "top-2": "top-2 accuracy",
    "top-3": "top-3 accuracy",
    "top-5": "top-5 accuracy",
}
PREDICTED = SHARES | {"loss": "loss", "correct": "pictures named rightly"}
# Of what a network is given, and of its size:
GIVEN = {
    "support": "support",
    "pictures": "pictures",
    "originals": "original pictures",
    "copies": "augmented copies",
    "fewest": "pictures of the smallest style of an origin",
    "classes": "classes",
    "features": "values of the latent layer",
    "styles": "styles",
    "side": "pixels a side",
}
# These are counts of rows; these need a class, an average or a source in `of`; these are known of a collection, and
# these of a variant.
PICTURES = ("pictures", "originals", "copies", "fewest")
OF_ONE = ("precision", "recall", "f1", "support", "correct", "side")
OF_COLLECTION = ("pictures", "styles", "side")
OF_VARIANT = {*PREDICTED, *GIVEN} - {"styles", "side"}

UNITS = dict.fromkeys(GIVEN, "pictures") | {
    "loss": "nats",
    "correct": "pictures",
    "classes": "classes",
    "features": "values",
    "styles": "styles",
    "side": "pixels",
}
PARTITIONS = {
    "train": "training",
    "validation": "validation",
    "test": "test",
    "train+validation": "training and validation",
    "all": "",
    "unsaid": "test",
}

VERDICTS = ("reproduced", "close", "exceeded", "below", "not comparable", "impossible as stated")

# Half the width of a 95 % interval in standard errors.
NORMAL_95 = 1.96
NEAR_POINTS, NEAR_LOSS, NEAR_COUNT = 2, 0.05, 0.02
SAME_TEST = 0.01

_FIGURE = re.compile(
    r"(?:(?P<qualifier>about|at most about|over) )?(?P<number>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(?P<percent> %)?"
)


class Claim(Settings):
    """One published figure, or the claim that one variant does worse than another."""

    id: Annotated[Name, Field(description="begins with the source")]
    measure: Annotated[Literal[*PREDICTED, *GIVEN], Field(description="what is measured")]
    of: Annotated[Short | None, Field(description="a class, `macro avg`, `weighted avg`, an origin or a source")] = None
    partition: Annotated[Literal[*PARTITIONS], Field(description="which pictures; `unsaid` is judged on test")] = "test"
    published: Annotated[Short | None, Field(description="the figure as printed: `91.49 %`, `over 20,000`")] = None
    n: Annotated[int | None, Field(ge=1, description="pictures that the figure is a share of, where stated")] = None
    worse_than: Annotated[Name | None, Field(description="a variant, instead of `published`")] = None
    impossible: Annotated[Short | None, Field(description="why no run can come to the figure as stated")] = None

    @field_validator("published")
    @classmethod
    def _is_a_figure(cls, published: str | None) -> str | None:
        if published is not None and not _FIGURE.fullmatch(published):
            raise ValueError("write the figure as printed, like '91.49 %', '0.3549' or 'over 20,000'")
        return published

    @property
    def _figure(self) -> re.Match[str]:
        return _FIGURE.fullmatch(self.published)

    @property
    def qualifier(self) -> str:
        """`exact` or what the source says in front of the figure."""
        return (self.published and self._figure["qualifier"]) or "exact"

    @property
    def value(self) -> float:
        """The published figure, in `unit`."""
        return float(self._figure["number"].replace(",", ""))

    @property
    def decimals(self) -> int:
        """How many the published figure has."""
        return len(self._figure["number"].partition(".")[2]) if self.published else 0

    @property
    def unit(self) -> str:
        """`%`, the unit of the measure, or nothing for a fraction."""
        percent = self.worse_than or (self.published and self._figure["percent"])
        return "%" if percent else UNITS.get(self.measure, "")

    @property
    def uncertainty(self) -> float:
        """Half the width of what the published figure may stand for, in `unit`: its rounding and, of n, its chance."""
        chance = 0.0
        if self.n:
            whole = {"%": 100, "": 1, "pictures": self.n}[self.unit]
            share = self.value / whole
            chance = NORMAL_95 * math.sqrt(share * (1 - share) / self.n) * whole
        return chance + 0.5 * 10**-self.decimals

    @property
    def near(self) -> tuple[float, str]:
        """How far from the published figure is close, in `unit`, and the same in words."""
        if self.unit in ("%", ""):
            return NEAR_POINTS / (1 if self.unit else 100), f"{NEAR_POINTS} percentage points"
        share = NEAR_LOSS if self.measure == "loss" else NEAR_COUNT
        return share * self.value, f"{100 * share:.0f} %"


class Open(Settings):
    """What a source leaves open about some variants."""

    variants: Annotated[list[Name], Field(min_length=1)]
    taken: Annotated[dict[str, Short], Field(min_length=1, description="what is left open: what we take")]


class Source(Settings):
    """What one source document says."""

    collection: Annotated[Name, Field(description="name of the collection that it is about")]
    test_pictures: Annotated[int, Field(ge=1, description="how many pictures it tests on")]
    claims: Annotated[
        dict[Name, Annotated[list[Claim], Field(min_length=1)]],
        Field(min_length=1, description="by the variant that they are about, or `collection`"),
    ]
    open: list[Open]
    sentences: Annotated[
        dict[Name, Annotated[list[Sentence], Field(min_length=1)]],
        Field(description="what it says in words, by variant"),
    ] = Field(default_factory=dict)


class Claims(Settings):
    """The file of claims."""

    sources: Annotated[dict[Annotated[str, Field(pattern=r"^\d{3}$")], Source], Field(min_length=1)]


def load(file: str | Path) -> Claims:
    """Read the file of claims. Raises `UserError` with one line a mistake: the file, the key and what is wrong."""
    try:
        claims = Claims.model_validate(yaml.safe_load(Path(file).read_text(encoding="utf-8")), strict=True)
    except OSError as error:
        raise UserError(f"{file}: {error.strerror}; restore it from the repository") from None
    except yaml.YAMLError as error:
        raise UserError(f"{file}: not YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        found = mistakes(error, Claims)
    else:
        found = list(_faults(claims))
    if found:
        raise UserError("\n".join(f"{file}: {spell(loc)}: {reason}" for loc, reason in found))
    return claims


def _listed(source: Source) -> Iterable[tuple[str | None, Claim]]:
    """Each claim with its variant; None for the collection."""
    return ((None if of == "collection" else of, claim) for of, claims in source.claims.items() for claim in claims)


def _faults(claims: Claims) -> Iterable[tuple[Location, str]]:
    """What the types alone cannot tell."""
    seen = set()
    for name, source in claims.sources.items():
        for variant, claim in _listed(source):
            loc = ("sources", name, "claims", variant or "collection", claim.id)
            if not claim.id.startswith(f"{name}-") or claim.id in seen:
                yield loc, f"begin the id with '{name}-', and let no two be the same"
            seen.add(claim.id)
            yield from ((loc, reason) for reason in _faults_of(claim, variant))
        for variant, sentences in source.sentences.items():
            for sentence in sentences:
                loc = ("sources", name, "sentences", variant, sentence.id)
                if sum(map(bool, (sentence.region and sentence.of, sentence.clusters, sentence.apart))) != 1:
                    yield loc, "give either `region` and `of`, or `clusters`, or `apart`"
                if not sentence.id.startswith(f"{name}-") or sentence.id in seen:
                    yield loc, f"begin the id with '{name}-', and let no two be the same"
                seen.add(sentence.id)


def _faults_of(claim: Claim, variant: str | None) -> Iterable[str]:
    if (claim.published is None) == (claim.worse_than is None):
        yield "give either `published` or `worse_than`"
        return
    if claim.worse_than and (claim.measure, claim.n) != ("accuracy", None):
        yield "`worse_than` compares accuracies, without n"
    if claim.measure in OF_ONE and claim.of is None:
        yield f"{claim.measure} needs a class, an average or a source in `of`"
    if claim.measure not in (OF_VARIANT if variant else OF_COLLECTION):
        yield f"{claim.measure} is not known of {variant or 'a collection'}"
    if claim.measure in PREDICTED and claim.partition in ("train+validation", "all"):
        yield f"{claim.measure} is of one partition"
    if claim.partition == "train" and claim.measure in PREDICTED and claim.measure not in ("accuracy", "loss"):
        yield "of training pictures only accuracy and loss are known"
    if claim.partition == "unsaid" and claim.measure not in PREDICTED:
        yield f"say which pictures {claim.measure} is of"
    if claim.qualifier == "at most about" and claim.partition not in ("train", "validation"):
        yield "a highest of all epochs is known of training and validation pictures"
    if claim.published and claim.unit == "%" and claim.measure not in SHARES:
        yield f"{claim.measure} has no percent"
    if claim.published and claim.measure in SHARES and claim.value > (100 if claim.unit == "%" else 1):
        yield f"{claim.published} is more than all"
    if claim.n and claim.measure not in (*SHARES, "correct"):
        yield f"{claim.measure} is no share of n"
    if claim.n and claim.measure == "correct" and claim.value > claim.n:
        yield f"{claim.published} is more than n"


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
    """Set what a run obtained beside each claim.

    Parameters
    ----------
    claims : see `load`
    collection : name of the run's collection
    synthetic : whether that is the embedded sample
    budget : caps of the run; None lifts one
    from_scratch : variants that start without the pretrained weights that their published recipe has
    changed : variants whose task, split or recipe is not the published one
    catalogue : columns `origin`, `source`, `style`, `width`, `published_split`
    variants : by name `metrics` and `latent` (see `brushprint.evaluation.metrics` and `brushprint.features.latent`),
        `history` (columns `best` and `<partition>_accuracy`, `<partition>_loss`), `split` (see
        `brushprint.data.split`), and `effects` and `embedding` (see `brushprint.report.statements`)

    Returns
    -------
    `verdicts`, how many claims have each; `claims`, a row a claim: `id`, `source`, `collection`, `variant` (null for a
    claim about the collection), `what` it is in words, `published` as printed, `obtained` (`value` with `low` and
    `high`, a 95 % interval, null where there is none; or null) and `difference` (null where not comparable), both in
    `unit`, `decimals` of the published figure, `verdict` (one of `VERDICTS`) and `why`, a list of reasons; `open`, what
    each source leaves open about which `variants`, and what is `taken`; `sentences`, what it says in words, and what
    `brushprint.report.statements.answer` finds.
    """
    run = {"catalogue": catalogue.rename(columns={"published_split": "partition"}), "variants": variants}
    run |= {"from_scratch": from_scratch, "changed": changed}
    of_run = ["synthetic sample"] * synthetic + ["under a budget"] * any(cap is not None for cap in budget.values())
    rows = []
    for name, source in claims.sources.items():
        # The sample stands for every collection, so that it is another goes without saying.
        of_source = of_run + ["another collection"] * (not synthetic and collection != source.collection)
        for variant, claim in _listed(source):
            obtained, target = _obtained(claim, variant, run), _target(claim, run)
            missing = [] if obtained and target is not None else ["this run has no such figure"]
            reasons = of_source or _own_reasons(claim, variant, source, run) or missing
            judged = _judged(claim, obtained, target, reasons, comparable=not of_source)
            about = {"id": claim.id, "source": name, "collection": source.collection, "variant": variant}
            rows.append(about | {"what": describe(claim), **judged})
    counts = Counter(row["verdict"] for row in rows)
    return {
        "verdicts": {verdict: counts[verdict] for verdict in VERDICTS if counts[verdict]},
        "claims": rows,
        "open": [
            {"source": name, **entry.model_dump()} for name, source in claims.sources.items() for entry in source.open
        ],
        "sentences": [
            {"source": name, **answer(sentence, variant, variants)}
            for name, source in claims.sources.items()
            for variant, sentences in source.sentences.items()
            for sentence in sentences
        ],
    }


def describe(claim: Claim) -> str:
    """What a claim is about, in words."""
    words = (PREDICTED | GIVEN)[claim.measure]
    if claim.measure in PREDICTED or claim.measure in PICTURES:
        words = f"{PARTITIONS[claim.partition]} {words}".strip()
    if claim.qualifier == "at most about":
        words = f"highest {words}"
    if claim.of:
        words += f", {claim.of.replace('_', ' ').replace(' avg', ' average')}"
    return f"{words} (of which pictures is unsaid)" if claim.partition == "unsaid" else words


def _judged(
    claim: Claim, obtained: dict | None, target: float | None, reasons: list[str], *, comparable: bool
) -> dict[str, Any]:
    """The row of a claim; `comparable` is whether the run may be compared with its source at all."""
    own = [claim.impossible] if claim.impossible else []
    difference = None
    if own and comparable:
        verdict, why = "impossible as stated", own
    elif reasons:
        verdict, why = "not comparable", reasons + [f"impossible as stated: {reason}" for reason in own]
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


def _verdict(claim: Claim, obtained: dict, target: float) -> tuple[str, str]:
    """The verdict on a claim that can be compared, and its reason."""
    value = obtained["value"]
    slack = 1e-9 * max(1.0, abs(target))
    if claim.worse_than and value < target:
        if obtained["high"] < target:
            return "reproduced", "it does worse here too, by more than chance"
        return "close", "it does worse here too, but maybe by chance"
    if claim.qualifier == "over" and value >= target - slack:
        return "reproduced", "this run reaches it"
    if claim.qualifier != "over" and not claim.worse_than:
        low, high = (value if obtained[end] is None else obtained[end] for end in ("low", "high"))
        # A bootstrap interval need not hold the value itself.
        reach = claim.uncertainty + slack
        if min(low, value) - reach <= target <= max(high, value) + reach:
            same = obtained["low"] is None and not claim.n
            return "reproduced", "the same but for rounding" if same else "inside our interval, widened by its own"
    near, words = claim.near
    if abs(value - target) <= near + slack:
        return "close", f"within {words}"
    better = value < target if claim.measure == "loss" else value > target
    more, less = ("more", "less") if claim.measure in GIVEN else ("better", "worse")
    return ("exceeded", f"{more} by over {words}") if better else ("below", f"{less} by over {words}")


def _own_reasons(claim: Claim, variant: str | None, source: Source, run: Mapping[str, Any]) -> list[str]:
    """Why a claim cannot be compared with a run that is of its collection and under no budget."""
    names = [name for name in (variant, claim.worse_than) if name]
    if absent := [f"{name} is not in this run" for name in names if name not in run["variants"]]:
        return absent
    reasons = [f"the settings of {name} are not the published ones" for name in names if name in run["changed"]]
    if claim.measure not in PREDICTED:
        return reasons
    reasons += [f"{name} started without the pretrained weights" for name in names if name in run["from_scratch"]]
    pictures = run["variants"][variant]["metrics"]["test"]["pictures"]
    tested = claim.partition in ("test", "unsaid")
    if tested and abs(pictures - source.test_pictures) > SAME_TEST * source.test_pictures:
        reasons.append(f"{pictures:,} test pictures instead of {source.test_pictures:,}")
    return reasons


def _target(claim: Claim, run: Mapping[str, Any]) -> float | None:
    """What is to be reached: the published figure, or what the run obtained for the other variant."""
    if not claim.worse_than:
        return claim.value
    other = _obtained(claim, claim.worse_than, run)
    return other and other["value"]


def _obtained(claim: Claim, variant: str | None, run: Mapping[str, Any]) -> dict[str, float | None] | None:
    """What the run has for a claim, `value`, `low` and `high` in the claim's unit; None where it has nothing."""
    if variant and variant not in run["variants"]:
        return None
    found = _of_variant(claim, run["variants"][variant]) if variant else _of_pictures(claim, run["catalogue"])
    interval = found if isinstance(found, Mapping) else {"value": found, "low": None, "high": None}
    if interval["value"] is None:
        return None
    scale = 100 if claim.unit == "%" else 1
    return {key: None if (part := interval[key]) is None else scale * part for key in ("value", "low", "high")}


def _of_variant(claim: Claim, variant: Mapping[str, Any]) -> Interval | float | None:
    """Shares as fractions, the loss in nats, the rest as counts."""
    if claim.measure == "classes":
        return len(variant["metrics"]["classes"])
    if claim.measure == "features":
        return variant["latent"]["values"]
    if claim.measure in GIVEN and claim.measure != "support":
        return _of_pictures(claim, variant["split"])
    if claim.partition == "train" or claim.qualifier == "at most about":
        return _of_history(claim, variant["history"])
    return _of_metrics(claim, variant["metrics"]["validation" if claim.partition == "validation" else "test"])


def _of_metrics(claim: Claim, judged: Mapping[str, Any]) -> Interval | float | None:
    if claim.measure in ("accuracy", "loss"):
        return judged[claim.measure]
    if claim.measure.startswith("top-"):
        return judged["top"].get(claim.measure.removeprefix("top-"))
    scores = judged["report"].get(claim.of)
    if scores and claim.measure == "correct":
        return {end: None if share is None else scores["support"] * share for end, share in scores["recall"].items()}
    return scores and scores["f1-score" if claim.measure == "f1" else claim.measure]


def _of_history(claim: Claim, history: "pd.DataFrame") -> float | None:
    """The highest of all epochs where the claim is of a highest, else that of the epoch that validation chose."""
    column = f"{claim.partition}_{claim.measure}"
    values = history[column] if claim.qualifier == "at most about" else history.loc[history["best"], column].tail(1)
    return None if values.isna().all() else float(values.max())


def _of_pictures(claim: Claim, table: "pd.DataFrame") -> int | None:
    """A count over the pictures of a split, or of the catalogue with its published partitions."""
    if claim.partition != "all" and claim.measure not in ("styles", "side"):
        table = table[table["partition"].isin(claim.partition.split("+"))]
    if claim.of:
        table = table[(table["origin"] == claim.of) | (table["source"] == claim.of)]
    match claim.measure:
        case "originals":
            return int((table["copy"] == 0).sum())
        case "copies":
            return int((table["copy"] > 0).sum())
        case "styles":
            return int(table["style"].nunique())
        case "side":
            return None if table.empty else int(table["width"].mode()[0])
        case "fewest":
            return None if table.empty else int(table.groupby(["origin", "style"]).size().min())
    return len(table)
