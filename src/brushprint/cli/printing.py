"""The output of the command: text and tables for people, JSON and CSV for programs, one line for each error."""

import csv
import json
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brushprint.predict.predict import Prediction
    from brushprint.predict.results import Results

# Lines of text fit a terminal of this many columns.
WIDTH = 80
NO_PROOF = "A score is not proof of authorship. Unsure: the picture resembles works of both\norigins, or of neither."
SYNTHETIC = "Synthetic sample: these figures are about the software, not about art."
PARTITIONS = {"train": "Training picture", "validation": "Validation picture", "test": "Test picture"}


def print_error(line: str) -> None:
    """Print one line to standard error."""
    print(f"error: {escaped(line)}", file=sys.stderr)


def escaped(text: str) -> str:
    """Escape control characters, which file names may contain, so that the text stays on one line."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", lambda match: ascii(match[0])[1:-1], text)


def print_json(value: Any) -> None:
    """Print one JSON document."""
    print(json.dumps(value, indent=2, allow_nan=False))


def print_table(rows: Sequence[Sequence[str]], indent: str = "") -> None:
    """Print rows of text in aligned columns; the first row is the header."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print(indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def print_synthetic(runs: Iterable["Results"], names: Sequence[str]) -> None:
    """Print a warning if any of the variants was trained on the embedded sample in any of the runs."""
    if any(run.synthetic(name) for run in runs for name in names):
        print(SYNTHETIC)


def print_answers(answers: Iterable[list["Prediction"]], results: "Results", names: Sequence[str]) -> None:
    """Print a block for each picture with a row for each variant; `names` are the variants that gave the answers."""
    answered = False
    for picture in answers:
        answered = True
        header = ("variant", "verdict", "AI", "source", "style")
        rows = [
            (
                row.variant,
                row.answer.origin,
                _percent(row.answer.ai),
                _likeliest(row.answer.sources),
                _likeliest(row.answer.styles),
            )
            for row in picture
        ]
        print(escaped(str(picture[0].picture)))
        print_table([header, *rows])
        for partition, words in PARTITIONS.items():
            if variants := [row.variant for row in picture if row.partition == partition]:
                every = len(variants) == len(picture) > 1
                print(_wrapped(f"{words} of {'every variant' if every else ', '.join(variants)}."))
        print()
    # The warnings concern answers, so they are printed only if there are any.
    if answered:
        print(NO_PROOF)
        print_synthetic([results], names)


def print_answers_as_json(answers: Iterable[list["Prediction"]], results: "Results", names: Sequence[str]) -> None:
    """Print one JSON document with an object for each picture and variant."""
    print_json(list(_records(answers, results, names)))


def print_answers_as_csv(answers: Iterable[list["Prediction"]], results: "Results", names: Sequence[str]) -> None:
    """Print a CSV line for each picture and variant, with only the likeliest source and style."""
    columns = ["picture", "sha256", "variant", "verdict", "ai", "label", "source", "style"]
    writer = csv.DictWriter(
        sys.stdout, [*columns, "partition", "heatmap", "synthetic"], extrasaction="ignore", lineterminator="\n"
    )
    writer.writeheader()
    for record in _records(answers, results, names):
        source, style = (next(iter(record[key] or {}), None) for key in ("sources", "styles"))
        writer.writerow(record | {"source": source, "style": style})


def variant_record(results: "Results", name: str) -> dict[str, Any]:
    """The facts and test measures of a variant, as plain values. The measures are shares from 0 to 1."""
    metrics, settings = results.metrics(name), results.settings(name)
    return {
        "variant": name,
        "task": settings["task"],
        "pixels": settings["recipe"]["image_size"],
        "balanced_accuracy": metrics["test"]["balanced_accuracy"],
        "guessing": 1 / len(metrics["classes"]),
        "false_alarms": metrics["detection"]["false_alarms"],
        "unsure": metrics["verdict"]["test"]["unsure"],
        "synthetic": results.synthetic(name),
    }


def print_variants(records: Iterable[Mapping[str, Any]], recommended: str | None) -> None:
    """Print the `recommended` variant, a row for each record of `variant_record`, and a legend."""
    if recommended:
        print(f"Recommended: {recommended}")
        print()
    header = ("variant", "task", "accuracy", "guess", "false alarms", "unsure")
    rows = [
        (
            record["variant"],
            record["task"],
            _whole_interval(record["balanced_accuracy"]),
            f"{100 * record['guessing']:.0f}",
            _whole_interval(record["false_alarms"]),
            _whole_interval(record["unsure"]),
        )
        for record in records
    ]
    print_table([header, *rows])
    print()
    print(
        _wrapped(
            "Percent of the test pictures, with 95 % intervals. Accuracy: balanced accuracy of the task; guess: the "
            "accuracy of guessing. False alarms: human works called AI if every picture must be answered. Unsure: "
            "pictures called neither human nor AI."
        )
    )


def print_claims(claims: Iterable[Mapping[str, Any]]) -> None:
    """Print a table of claims for each study; see `brushprint.predict.results.Results.claims`.

    If there are claims of several studies, those of a study of another collection are only counted.
    """
    from brushprint.report.findings import not_comparable  # noqa: PLC0415
    from brushprint.report.judging import ANOTHER_COLLECTION  # noqa: PLC0415

    studies = [list(group) for _, group in groupby(claims, key=lambda claim: claim["source"])]
    for study in studies:
        print(f"{study[0]['source']}: {study[0]['citation']} ({study[0]['collection']})")
        reasons = not_comparable(study)
        if reasons:
            print(_wrapped(f"none of {len(study)} claims compared: {', '.join(reasons)}", "  ", "  "))
        if ANOTHER_COLLECTION not in reasons or len(studies) == 1:
            rows = [
                (claim["id"], claim["published"] or "-", _obtained(claim, interval=False), claim["verdict"])
                for claim in study
            ]
            print_table([("claim", "published", "obtained", "verdict"), *rows], indent="  ")
        print()


def print_claim(claim: Mapping[str, Any], citation: Mapping[str, Any]) -> None:
    """Print everything about one claim and the study that published it."""
    print(f"{claim['id']}: {claim['what']}, of {claim['variant'] or 'the collection'} ({claim['collection']})")
    rows = [
        ("source", citation["title"]),
        ("", ", ".join(citation["authors"])),
        ("", citation["link"]),
        ("published", claim["published"] or "-"),
        ("obtained", _obtained(claim)),
        ("verdict", ": ".join(filter(None, [claim["verdict"], "; ".join(claim["why"])]))),
    ]
    for label, text in rows:
        if text:
            print(_wrapped(text, first=f"  {label:10} ", indent=" " * 13))


def identical(rows: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the rows of `brushprint.predict.results.compared` show no difference."""
    return not any(map(_differs, rows))


def print_comparison(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print the differences of each variant; see `brushprint.predict.results.compared`."""
    for row in rows:
        if not _differs(row):
            print(f"{row['variant']}: identical")
            continue
        print(row["variant"])
        for line in _differences(row):
            print(_wrapped(line, first="  ", indent="    "))
    print()


def _differs(row: Mapping[str, Any]) -> bool:
    """Whether a row of `brushprint.predict.results.compared` shows any difference."""
    paired = row["paired"]
    same_answers = paired and paired["first_alone"] == paired["second_alone"] == 0
    same_accuracy = row["balanced_accuracy"]["first"] == row["balanced_accuracy"]["second"]
    return not (same_answers and same_accuracy) or any(row[key] for key in ("settings", "data", "code"))


def _records(
    answers: Iterable[list["Prediction"]], results: "Results", names: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Each answer as plain values."""
    synthetic = {name: results.synthetic(name) for name in names}
    for row in (row for picture in answers for row in picture):
        yield {
            "picture": str(row.picture),
            "sha256": row.sha256,
            "variant": row.variant,
            "verdict": row.answer.origin,
            "ai": row.answer.ai,
            "label": row.answer.label,
            "probabilities": row.probabilities,
            "sources": row.answer.sources,
            "styles": row.answer.styles,
            "partition": row.partition,
            "heatmap": row.heatmap and str(row.heatmap),
            "synthetic": synthetic[row.variant],
        }


def _differences(row: Mapping[str, Any]) -> Iterator[str]:
    first, second = (_interval(row["balanced_accuracy"][key]) for key in ("first", "second"))
    yield f"balanced accuracy  {first}, {second}"
    if paired := row["paired"]:
        value, low, high = (f"{100 * paired['difference'][key]:+.1f}" for key in ("value", "low", "high"))
        p = paired["p_corrected"]
        yield (
            f"accuracy           first - second: {value} points ({low} to {high}), "
            f"{paired['pictures']:,} test pictures, {'p < 0.001' if p < 0.001 else f'p = {p:.3f}'}"
        )
    else:
        yield "accuracy           not comparable: no test picture in common, or another task"
    yield from (f"{key}  {json.dumps(first)}, {json.dumps(second)}" for key, (first, second) in row["settings"].items())
    if row["data"]:
        yield f"different data: {', '.join(row['data'])}"
    if row["code"]:
        yield f"different code: {', '.join(row['code'])}"


def _likeliest(probabilities: Mapping[str, float] | None) -> str:
    """The first name, which is the likeliest, with its probability."""
    if probabilities is None:
        return "-"
    name, probability = next(iter(probabilities.items()))
    return f"{name.replace('_', ' ')} {probability:.0%}"


def _obtained(claim: Mapping[str, Any], interval: bool = True) -> str:
    obtained = claim["obtained"]
    if not obtained:
        return "-"
    value, low, high = (
        None if obtained[key] is None else f"{obtained[key]:,.{claim['decimals']}f}" for key in ("value", "low", "high")
    )
    within = f" ({low} to {high})" if interval and low and high else ""
    return f"{value}{' %' if claim['unit'] == '%' else ''}{within}"


def _wrapped(text: str, first: str = "", indent: str = "") -> str:
    """Wrap text to `WIDTH` columns. The first line begins with `first`, and all other lines begin with `indent`."""
    return textwrap.fill(
        text, WIDTH, initial_indent=first, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def _interval(estimate: Mapping[str, float | None], decimals: int = 1, pattern: str = "({} to {})") -> str:
    """A share in percent, followed by its interval, if there is one, in the form of `pattern`."""
    value, low, high = (
        None if (share := estimate[key]) is None else f"{100 * share:.{decimals}f}" for key in ("value", "low", "high")
    )
    if value is None:
        return "-"
    return f"{value} {pattern.format(low, high)}" if low else value


def _whole_interval(estimate: Mapping[str, float | None]) -> str:
    """A share with its interval in whole percent, for narrow columns."""
    return _interval(estimate, decimals=0, pattern="({}–{})")
