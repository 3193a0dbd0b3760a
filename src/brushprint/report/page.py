"""The report: one HTML file that opens from disk and contains every figure."""

import base64
import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import groupby
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
from brushprint.report.judging import ANOTHER_COLLECTION

# `page.html.jinja` includes a template for each section. The rule `report` lists the digests of all files in this
# folder in its params, so that it reruns when one of them changes.
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
    ignored: pd.DataFrame,
    splits: Mapping[str, pd.DataFrame],
    copied: Sequence[str],
    figures: Mapping[str, Any],
    folder: Path,
    variants: Mapping[str, Mapping[str, Any]],
    trust: Mapping[str, Any],
    mistakes: pd.DataFrame,
    claims: Mapping[str, Any],
) -> None:
    """Write the report, an HTML page that loads no other files.

    The page's content security policy (CSP, level 3) lets a browser run only the script, and apply only the style
    sheet, that the page itself contains.

    Parameters
    ----------
    target : the file to write
    title : title of the collection
    synthetic : whether its pictures are the embedded sample
    budget : caps of the run; a cap of None limits nothing
    from_scratch : variants that start without the pretrained weights of their published recipe
    catalogue : columns `source`, `published_split`, `width`, `height`, `format` and `reduction`
    rejected, ignored : see `brushprint.data.catalogue.Catalogue`
    splits : for each name a table with the columns `source`, `partition` and `copy`
    copied : names of the splits that have augmented copies
    figures : texts of figures, see `brushprint.figures.declaration.Figure.text`: one under `examples` and one under
        `copies`, and ordered lists under `variant` (the figures of each variant) and `trust`
    folder : the folder of the collection's figures
    variants : for each name `provenance`, `metrics`, `latent`, `embedding`, `heatmaps` and `faithfulness` (the content
        of the JSON files of these names), `regions` (of all test pictures, see `brushprint.saliency.regions.effects`),
        `figures` (the folder of its figures), `card` (sections of `brushprint.report.model_card`) and `external`
        (metrics of pictures from elsewhere, or None)
    trust : `audit`, `leaks`, `arms` and `comparisons` (the content of the JSON files of these names), and `external`
        (the title of pictures from elsewhere, or None)
    mistakes : see `brushprint.evaluation.mistakes.with_thumbnails`
    claims : see `brushprint.report.judging.judge`
    """
    template = _environment().get_template("page.html.jinja")
    page = template.render(
        title=title,
        synthetic=synthetic,
        sample=" (synthetic sample)" if synthetic else "",
        from_scratch=from_scratch,
        too_few=_fewest_pictures(trust["leaks"]),
        shortened=findings.shortened(budget),
        catalogue=_counts(catalogue, "published_split"),
        pictures=len(catalogue),
        sizes=_sizes(catalogue),
        rejected=rejected,
        ignored=ignored,
        reduced=int((catalogue["reduction"] > 1).sum()),
        reasons=_by_reason(rejected),
        splits={name: _counts(_with_copies_apart(table), "partition") for name, table in splits.items()},
        copied=copied,
        variants=variants,
        tasks=_by_task(variants),
        commonest=_commonest,
        findings=findings,
        claims=claims,
        studies=_by_study(claims["claims"]),
        not_comparable=findings.not_comparable(claims["claims"]),
        fewest=min(_fewest(variant["metrics"]) for variant in variants.values()),
        figures=figures,
        folder=folder,
        groups=_by_group(figures["variant"]),
        mistakes=gallery(mistakes),
        style=Markup((TEMPLATES / "page.css").read_text(encoding="utf-8")),
        script=Markup((TEMPLATES / "page.js").read_text(encoding="utf-8")),
        trust=trust,
        warnings=findings.warnings(trust),
        as_json=lambda value: json.dumps(value, indent=2),
    )
    with replacing(target) as part:
        part.write_text(page, encoding="utf-8")


@cache
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


def _by_group(figures: Sequence[Mapping[str, str]]) -> dict[str, list[Mapping[str, str]]]:
    """The figures under each heading; headings and figures keep the order of `figures`."""
    groups: dict[str, list[Mapping[str, str]]] = {}
    for figure in figures:
        groups.setdefault(figure["group"], []).append(figure)
    return groups


def _commonest(metrics: Mapping[str, Any], k: str) -> float:
    """The top-k accuracy of always guessing the k commonest classes of the test pictures."""
    support = sorted((metrics["test"]["report"][name]["support"] for name in metrics["classes"]), reverse=True)
    return sum(support[: int(k)]) / metrics["test"]["pictures"]


def _fewest(metrics: Mapping[str, Any]) -> int:
    """The number of test pictures of the smallest class."""
    return min(metrics["test"]["report"][name]["support"] for name in metrics["classes"])


def _by_task(variants: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Mapping[str, Any]]]:
    """The variants of each task; tasks and variants keep the order of the settings."""
    tasks: dict[str, dict[str, Mapping[str, Any]]] = {}
    for name, variant in variants.items():
        tasks.setdefault(variant["provenance"]["settings"]["task"], {})[name] = variant
    return tasks


def _by_reason(rejected: pd.DataFrame) -> pd.DataFrame:
    """The number of files with each reason, the most frequent first, as a whole and of each origin."""
    reason = rejected["reason"].str.replace(r"^same content as .*", "same content as another picture", regex=True)
    # In parentheses is what a library reports; its numbers differ from file to file.
    reason = reason.str.replace(r"\(.*\)", lambda match: re.sub(r"\d+", "…", match[0]), regex=True)
    origin = rejected["origin"].map({"human": "human", "ai": "AI"}).fillna("no label")
    counts = pd.crosstab(reason, origin).reindex(columns=["human", "AI", "no label"], fill_value=0)
    counts.insert(0, "files", counts.sum(axis=1))
    return counts.sort_values("files", ascending=False, kind="stable")


def _fewest_pictures(leaks: Mapping[str, Any]) -> list[str]:
    """What the pictures are too few for: for each partition, a sentence about the split with the fewest pictures."""
    worst: dict[str, tuple[int, str]] = {}
    for name, split in leaks.items():
        for partition, sentence in split["lacking"].items():
            fewest = min(split["independent"][partition].values())
            found = fewest, f"In the split {name}, {sentence}"
            worst[partition] = min(worst.get(partition, found), found)
    return [sentence for _, sentence in worst.values()]


def _by_study(claims: Sequence[Mapping[str, Any]]) -> list[tuple[list[Mapping[str, Any]], bool]]:
    """The claims of each study, and whether it is about this run's collection; such studies come first."""
    studies = [list(group) for _, group in groupby(claims, key=lambda claim: claim["source"])]
    here = [any(ANOTHER_COLLECTION not in claim["why"] for claim in study) for study in studies]
    return sorted(zip(studies, here, strict=True), key=lambda study: not study[1])


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
    """Format a number in the unit of a claim.

    It has as many decimal places as the published figure, but at least one for a percentage and three for a fraction or
    a loss. A count is rounded to an integer.
    """
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
    """The CSP source expression, a SHA-256 digest, that lets a browser run or apply this text and no other."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
