"""All figures in the order of the report, collected from the modules whose functions declare them.

Rules read this module whenever Snakemake starts, so importing the modules of figures must not import matplotlib, pandas
or another slow package. Scripts must not import this module: otherwise every change to a figure would rerun the jobs of
all of these scripts.
"""

from collections.abc import Iterable
from typing import Any

from brushprint.figures import (
    catalogue,
    comparison,
    evaluation,
    latent,
    oversampling,
    robustness,
    saliency,
    shortcut_audit,
    training,
)
from brushprint.figures.declaration import CollectionGroup, Figure, VariantGroup, declared_in

_MODULES = (
    catalogue,
    oversampling,
    shortcut_audit,
    training,
    evaluation,
    latent,
    saliency,
    robustness,
    comparison,
)

# The variant's file for each input of the drawing functions.
VARIANT_FILES = {
    "history": "history.csv",
    "metrics": "metrics.json",
    "roc": "roc.csv",
    "points": "latent.parquet",
    "clustering": "latent.json",
    "embedding": "embedding.parquet",
    "embedding_summary": "embedding.json",
    "prototypes": "prototypes.parquet",
    "prototype_pictures": "prototypes.npz",
    "heatmaps": "heatmaps.npz",
    "region_effects": "region-effects.parquet",
    "mean_maps": "mean-maps.parquet",
    "faithfulness": "faithfulness.json",
    "detection": "detection.csv",
    "styles": "styles.csv",
    "rates": "robustness.parquet",
}


def _in_order(groups: Iterable[VariantGroup | CollectionGroup]) -> tuple[Figure, ...]:
    declared = [figure for module in _MODULES for figure in declared_in(module)]
    return tuple(figure for group in groups for figure in declared if figure.group is group)


# The figures that are drawn for each variant, and those that are drawn once for the whole collection.
VARIANT, COLLECTION = _in_order(VariantGroup), _in_order(CollectionGroup)


def of_collection(file: str) -> Figure:
    """The collection's figure with this file name; raises KeyError if there is none."""
    return {figure.file: figure for figure in COLLECTION}[file]


def texts(picked: bool) -> dict[str, Any]:
    """The texts that the report prints with each figure, as plain values.

    Without hand-picked pictures (`picked` is false), the figure of these pictures is left out.
    """
    trust = [figure for figure in COLLECTION if figure.group is CollectionGroup.TRUST]
    return {
        "examples": of_collection("examples.jpg").text,
        "copies": of_collection("copies-{split}.jpg").text,
        "trust": [figure.text for figure in trust if picked or figure.file != "picked.png"],
        "variant": [figure.text for figure in VARIANT],
    }


def modules(figures: Iterable[Figure]) -> list[str]:
    """The full names of the modules that draw figures."""
    return sorted({figure.module for figure in figures})
