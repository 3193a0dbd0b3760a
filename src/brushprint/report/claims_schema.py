"""The claims file: the figures and statements that each source document publishes, and what it leaves open.

Snakemake reads the claims file whenever it starts, so this module must not import pandas or scipy.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, ValidationError, field_validator

from brushprint.core.config_errors import Location, Name, Settings, mistakes, spell
from brushprint.core.errors import UserError
from brushprint.data.taxonomy import Region

Short = Annotated[str, Field(min_length=1, max_length=160)]

Measure = Literal[
    "accuracy",
    "precision",
    "recall",
    "f1",
    "top-2",
    "top-3",
    "top-5",
    "loss",
    "correct",
    "support",
    "pictures",
    "originals",
    "copies",
    "fewest",
    "classes",
    "features",
    "styles",
    "side",
]
# The report's name for each measure of a trained network's predictions.
SHARES: dict[Measure, str] = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "top-2": "top-2 accuracy",
    "top-3": "top-3 accuracy",
    "top-5": "top-5 accuracy",
}
PREDICTION_MEASURES: dict[Measure, str] = SHARES | {"loss": "loss", "correct": "pictures classified correctly"}
# The report's names for the measures of a collection, of a split or of the size of a network.
DATA_MEASURES: dict[Measure, str] = {
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
MEASURES: dict[Measure, str] = PREDICTION_MEASURES | DATA_MEASURES

# Measures that count rows of a table.
ROW_COUNTS: tuple[Measure, ...] = ("pictures", "originals", "copies", "fewest")
# Measures of a single class, average, origin or source, which the claim names in `of`.
MEASURES_OF_ONE: tuple[Measure, ...] = ("precision", "recall", "f1", "support", "correct", "side")
COLLECTION_MEASURES: tuple[Measure, ...] = ("pictures", "styles", "side")
VARIANT_MEASURES: set[Measure] = {*MEASURES} - {"styles", "side"}

UNITS: dict[Measure, str] = dict.fromkeys(DATA_MEASURES, "pictures") | {
    "loss": "nats",
    "correct": "pictures",
    "classes": "classes",
    "features": "values",
    "styles": "styles",
    "side": "pixels",
}

Partition = Literal["train", "validation", "test", "train+validation", "all", "unsaid"]
PARTITIONS: dict[Partition, str] = {
    "train": "training",
    "validation": "validation",
    "test": "test",
    "train+validation": "training and validation",
    "all": "",
    "unsaid": "test",
}

# Half the width of a 95 % interval in standard errors.
NORMAL_95 = 1.96
# The largest difference from the published figure that counts as close: in percentage points, as a share of a loss,
# and as a share of a count.
NEAR_POINTS, NEAR_LOSS, NEAR_COUNT = 2, 0.05, 0.02

_FIGURE = re.compile(
    r"(?:(?P<qualifier>about|at most about|over) )?(?P<number>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(?P<percent> %)?"
)


class Citation(Settings):
    """The citation of a source document."""

    title: Annotated[str, Field(min_length=1, description="as printed in the document")]
    authors: Annotated[
        list[Annotated[str, Field(min_length=1)]], Field(min_length=1, description="in the order of the document")
    ]
    short: Annotated[Short, Field(description="first author and short title, for tables and comments")]
    link: Annotated[
        str | None, Field(pattern=r"^https?://\S+$", description="address of the publication, if known")
    ] = None


class Claim(Settings):
    """One published figure, or the claim that one variant is less accurate than another."""

    id: Annotated[Name, Field(description="begins with the key of the source document")]
    measure: Annotated[Measure, Field(description="what is measured")]
    of: Annotated[Short | None, Field(description="a class, `macro avg`, `weighted avg`, an origin or a source")] = None
    partition: Annotated[Partition, Field(description="which pictures; `unsaid` if the document does not state it")] = (
        "test"
    )
    published: Annotated[Short | None, Field(description="the figure as printed: `91.49 %`, `over 20,000`")] = None
    n: Annotated[int | None, Field(ge=1, description="number of pictures that the figure is a share of")] = None
    worse_than: Annotated[Name | None, Field(description="a variant, instead of `published`")] = None
    impossible: Annotated[Short | None, Field(description="why no run can obtain the figure as stated")] = None

    @field_validator("published")
    @classmethod
    def _is_a_figure(cls, published: str | None) -> str | None:
        if published is not None and not _FIGURE.fullmatch(published):
            raise ValueError("write the figure as printed, like '91.49 %', '0.3549' or 'over 20,000'")
        return published

    def _part(self, name: str) -> str:
        """A part of the published figure; empty if the figure lacks this part or the claim has no figure."""
        figure = _FIGURE.fullmatch(self.published or "")
        return (figure[name] or "") if figure else ""

    @property
    def qualifier(self) -> str:
        """The words before the published figure, `about`, `at most about` or `over`; `exact` if there are none."""
        return self._part("qualifier") or "exact"

    @property
    def value(self) -> float:
        """The published figure, in `unit`. Raises `ValueError` for a claim without one."""
        return float(self._part("number").replace(",", ""))

    @property
    def decimals(self) -> int:
        """The number of decimal places of the published figure."""
        return len(self._part("number").partition(".")[2])

    @property
    def unit(self) -> str:
        """`%`, the unit of the measure, or an empty string for a fraction."""
        return "%" if self.worse_than or self._part("percent") else UNITS.get(self.measure, "")

    @property
    def uncertainty(self) -> float:
        """Half the width of the figure's 95 % interval, in `unit`: rounding and, if `n` is given, sampling."""
        sampling = 0.0
        if self.n:
            whole = {"%": 100, "": 1, "pictures": self.n}[self.unit]
            share = self.value / whole
            sampling = NORMAL_95 * math.sqrt(share * (1 - share) / self.n) * whole
        return sampling + 0.5 * 10**-self.decimals

    @property
    def near(self) -> tuple[float, str]:
        """The largest difference from the published figure that counts as close, in `unit`, and the same in words."""
        if self.unit in ("%", ""):
            return NEAR_POINTS / (1 if self.unit else 100), f"{NEAR_POINTS} percentage points"
        share = NEAR_LOSS if self.measure == "loss" else NEAR_COUNT
        return share * self.value, f"{100 * share:.0f} %"


class Sentence(Settings):
    """One statement of a source document, in our words, and the test that fits it: `region`, `clusters` or `apart`."""

    id: Annotated[Name, Field(description="begins with the key of the source document")]
    says: Annotated[str, Field(min_length=1, max_length=160, description="what the document says, in our words")]
    region: Annotated[Region | None, Field(description="the region that should hold more heat than others")] = None
    of: Annotated[
        str | None, Field(description="whose heat: `correct`, `misclassified`, or one of these and a style")
    ] = None
    clusters: Annotated[
        Literal["correct", "misclassified"] | None,
        Field(description="the outcome whose clusters, in two dimensions, should hold one style each"),
    ] = None
    apart: Annotated[
        Literal["spread", "silhouette"] | None,
        Field(description="the measure by which styles of generators should be more compact than human ones"),
    ] = None


class Open(Settings):
    """The details of some variants that a source document leaves open, and the values that we use for them."""

    variants: Annotated[list[Name], Field(min_length=1)]
    taken: Annotated[dict[str, Short], Field(min_length=1, description="by detail that is left open, the value used")]


class Source(Settings):
    """One source document, its figures and its statements."""

    citation: Annotated[Citation, Field(description="how the report names the document")]
    collection: Annotated[Name, Field(description="name of the collection that the document is about")]
    pictures: Annotated[int, Field(ge=1, description="number of pictures in that collection")]
    test_pictures: Annotated[int, Field(ge=1, description="number of pictures that it tests on")]
    claims: Annotated[
        dict[Name, Annotated[list[Claim], Field(min_length=1)]],
        Field(min_length=1, description="by the variant that they are about, or `collection`"),
    ]
    open: list[Open]
    sentences: Annotated[
        dict[Name, Annotated[list[Sentence], Field(min_length=1)]],
        Field(description="its statements in words, by variant"),
    ] = Field(default_factory=dict)

    def listed(self) -> Iterator[tuple[str | None, Claim]]:
        """Yield the variant that each claim is about (None for the collection) and the claim."""
        for about, claims in self.claims.items():
            for claim in claims:
                yield None if about == "collection" else about, claim


class Claims(Settings):
    """The claims file. The keys of its sources must not change, because the ids of claims begin with them."""

    sources: Annotated[dict[Annotated[str, Field(pattern=r"^\d{3}$")], Source], Field(min_length=1)]


def load(file: str | Path) -> Claims:
    """Read the claims file.

    Raises `UserError` with one line for each mistake, which names the file, the key and the mistake.
    """
    try:
        claims = Claims.model_validate(yaml.safe_load(Path(file).read_text(encoding="utf-8")), strict=True)
    except OSError as error:
        raise UserError(f"{file}: {error.strerror}; restore it from the repository") from None
    except yaml.YAMLError as error:
        raise UserError(f"{file}: not YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        faults = mistakes(error, Claims)
    else:
        faults = list(_faults(claims))
    if faults:
        raise UserError("\n".join(f"{file}: {spell(loc)}: {reason}" for loc, reason in faults))
    return claims


def _faults(claims: Claims) -> Iterator[tuple[Location, str]]:
    """Yield the mistakes that the types cannot detect, each with its location."""
    ids: set[str] = set()
    for key, source in claims.sources.items():
        for variant, claim in source.listed():
            loc = ("sources", key, "claims", variant or "collection", claim.id)
            yield from ((loc, reason) for reason in (*_id_faults(claim.id, key, ids), *_claim_faults(claim, variant)))
            ids.add(claim.id)
        for variant, sentences in source.sentences.items():
            for sentence in sentences:
                loc = ("sources", key, "sentences", variant, sentence.id)
                if sum(map(bool, (sentence.region and sentence.of, sentence.clusters, sentence.apart))) != 1:
                    yield loc, "give either `region` and `of`, or `clusters`, or `apart`"
                yield from ((loc, reason) for reason in _id_faults(sentence.id, key, ids))
                ids.add(sentence.id)


def _id_faults(name: str, source: str, ids: set[str]) -> Iterator[str]:
    if not name.startswith(f"{source}-") or name in ids:
        yield f"the id must begin with '{source}-' and be unique"


def _claim_faults(claim: Claim, variant: str | None) -> Iterator[str]:
    if (claim.published is None) == (claim.worse_than is None):
        yield "give either `published` or `worse_than`"
        return
    if claim.worse_than and (claim.measure, claim.n) != ("accuracy", None):
        yield "`worse_than` compares accuracies and has no `n`"
    if claim.measure in MEASURES_OF_ONE and claim.of is None:
        yield f"{claim.measure} needs a class, an average or a source in `of`"
    if claim.measure not in (VARIANT_MEASURES if variant else COLLECTION_MEASURES):
        yield f"{claim.measure} is not a measure of {'a variant' if variant else 'a collection'}"
    if claim.measure in PREDICTION_MEASURES and claim.partition in ("train+validation", "all"):
        yield f"{claim.measure} needs one partition: train, validation or test"
    if (
        claim.partition == "train"
        and claim.measure in PREDICTION_MEASURES
        and claim.measure not in ("accuracy", "loss")
    ):
        yield "training pictures have only accuracy and loss"
    if claim.partition == "unsaid" and claim.measure not in PREDICTION_MEASURES:
        yield f"{claim.measure} needs a `partition` other than `unsaid`"
    if claim.qualifier == "at most about" and claim.partition not in ("train", "validation"):
        yield "`at most about` is possible only for training and validation pictures"
    if claim.published and claim.unit == "%" and claim.measure not in SHARES:
        yield f"{claim.measure} is not a percentage"
    if claim.published and claim.measure in SHARES and claim.value > (100 if claim.unit == "%" else 1):
        yield f"{claim.published} is above the maximum"
    if claim.n and claim.measure not in (*SHARES, "correct"):
        yield f"{claim.measure} is not a share, so it has no `n`"
    if claim.n and claim.measure == "correct" and claim.value > claim.n:
        yield f"{claim.published} is above `n`"
