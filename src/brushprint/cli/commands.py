"""The command `brushprint`: answers about pictures, results at hand, and the chores of a commit."""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from brushprint.cli import printing
from brushprint.cli.pictures import picture_files
from brushprint.core.errors import UserError, nearest

# Commands import what they need: --help and the tables of text need not wait for torch, nor --help for pandas.
# ruff: noqa: PLC0415
if TYPE_CHECKING:
    from brushprint.predict.predict import Prediction
    from brushprint.predict.results import Results

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Ask trained networks whether a picture is human or AI art, and how far to trust them.",
)

Run = Annotated[
    Path | None, typer.Option("--run", help="Folder of results; default: the only one that has trained variants.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class Method(StrEnum):
    """How a map of where a network looks is made."""

    GRADCAM = "gradcam"
    OCCLUSION = "occlusion"


@app.command()
def predict(
    pictures: Annotated[list[str], typer.Argument(help="Picture files, folders of them, or patterns like '*.jpg'.")],
    *,
    run: Run = None,
    variant: Annotated[list[str] | None, typer.Option(help="Ask only this variant; may be repeated.")] = None,
    heatmap: Annotated[Path | None, typer.Option(help="Write maps of where networks look as PNG files here.")] = None,
    method: Annotated[Method, typer.Option(help="How these maps are made.")] = Method.GRADCAM,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a row for each picture and variant.")] = False,
) -> None:
    """Say whether each picture is human or AI art, according to every trained variant."""
    from brushprint.core.job_log import LOG, progress
    from brushprint.predict.results import find

    if as_json and as_csv:
        raise UserError("--json and --csv exclude each other; give one")
    refused = []

    def refuse(line: str) -> None:
        refused.append(line)
        printing.print_error(line)

    results = find(run)
    names = results.chosen(variant or [])
    files = list(dict.fromkeys(picture_files(pictures, refuse)))
    show = printing.print_answers
    if as_json:
        show = printing.print_answers_as_json
    elif as_csv:
        show = printing.print_answers_as_csv
    # The import of torch, which takes seconds, is only worth while if there are pictures.
    if files:
        if heatmap is not None:
            _make_folder(heatmap)
        from brushprint.predict import predict as predictor

        logging.basicConfig(format="%(message)s")
        LOG.setLevel(logging.INFO)
        with progress(len(files), "predict", disable=not sys.stderr.isatty()) as bar:
            answers = predictor.predict(results, names, files, heatmap=heatmap, method=method.value, refuse=refuse)
            show(_counted(answers, bar.update), results, names)
    else:
        show([], results, names)
    if refused:
        raise typer.Exit(2)


@app.command()
def variants(run: Run = None, as_json: Json = False) -> None:
    """List the trained variants and how good they are on test pictures."""
    from brushprint.predict.results import find

    results = find(run)
    records = [printing.variant_record(results, name) for name in results.variants]
    if as_json:
        printing.print_json(records)
        return
    printing.print_variants(records)
    printing.print_synthetic([results], results.variants)


@app.command()
def claim(
    name: Annotated[str | None, typer.Argument(help="Identifier of one claim; default: list all.")] = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """Show published figures beside those that this run obtained."""
    from brushprint.predict.results import find

    results = find(run)
    claims = {row["id"]: row for row in results.claims()}
    if name is not None and name not in claims:
        raise UserError(f"no such claim: {name!r}{nearest(name, claims)}")
    if as_json:
        printing.print_json(claims[name] if name else list(claims.values()))
        return
    if name is None:
        printing.print_claims(claims.values())
    else:
        printing.print_claim(claims[name], results.sources()[claims[name]["source"]])
        print()
    printing.print_synthetic([results], results.variants)


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="A folder of results.")],
    second: Annotated[Path, typer.Argument(help="Another folder of results.")],
    as_json: Json = False,
) -> None:
    """Show what differs between two runs: figures, settings, data and code."""
    from brushprint.predict.results import compared, find

    runs = find(first), find(second)
    rows = compared(*runs)
    if as_json:
        printing.print_json(rows)
        return
    printing.print_comparison(rows)
    printing.print_synthetic(runs, [row["variant"] for row in rows])


@app.command()
def serve(run: Run = None) -> None:
    """Serve the page that `snakemake demo` made to the browsers of this machine, until ^C."""
    from brushprint.page import serve as serving
    from brushprint.predict.results import EXPORTS, find

    serving.serve(EXPORTS / find(run).folder.name / "demo")


@app.command()
def runs(collection: Annotated[str | None, typer.Argument(help="A folder of logs/; default: all.")] = None) -> None:
    """Show when, on which commit, where and at what cost each job ran here."""
    from brushprint.workflow.runs import tables

    print(tables(collection))


_FOR_SNAKEMAKE = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.command(context_settings=_FOR_SNAKEMAKE)
def verify(context: typer.Context) -> None:
    """Run this commit from nothing and compare its results; further arguments go to Snakemake."""
    from brushprint.workflow import publish

    print(publish.verify(context.args))


@app.command(context_settings=_FOR_SNAKEMAKE)
def publish(context: typer.Context) -> None:
    """Store the results of this commit with DVC; further arguments go to Snakemake."""
    from brushprint.workflow import publish

    print(publish.publish(context.args))


def main() -> None:
    """Run the command; a mistake is reported in one line, and the status is then 2."""
    # Names of files may hold bytes that are no text. A stream that was closed is None.
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.reconfigure(errors="backslashreplace")
    try:
        try:
            app(prog_name="brushprint")
        finally:
            # Flush here, so that an error while writing the last lines is reported, too.
            print(end="", flush=True)
    except UserError as error:
        for line in str(error).splitlines():
            printing.print_error(line)
        sys.exit(2)
    except OSError as error:
        # At its exit Python would try once more to write what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if not isinstance(error, BrokenPipeError):
            where = "" if error.filename is None else f"{error.filename}: "
            printing.print_error(f"{where}{error.strerror or error}")
        sys.exit(2)


def _make_folder(heatmap: Path) -> None:
    try:
        heatmap.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--heatmap {heatmap} cannot be a folder: {error.strerror}; name another") from None


def _files(asked: Iterable[str], refuse: Callable[[str], None]) -> Iterator[Path]:
    """The picture files that arguments name; refuses what is none, and goes on."""
    for name in asked:
        if not name:
            refuse("an argument is empty; name a file, a folder or a pattern")
            continue
        # What exists is no pattern, whatever its name. The patterns of pathlib do not begin at the root.
        found = [] if os.path.lexists(name) else sorted(glob.glob(name, recursive=True))  # noqa: PTH207
        for path in map(Path, found or [name]):
            try:
                yield from _of(path, refuse)
            except (FileNotFoundError, NotADirectoryError):
                refuse(f"{path}: there is no such file or folder")
            except OSError as error:
                refuse(f"{path}: {error.strerror}")


def _of(path: Path, refuse: Callable[[str], None]) -> Iterator[Path]:
    """A file, or the picture files within a folder."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        yield from _within(path, refuse)
    elif stat.S_ISREG(mode):
        yield path
    else:
        # A pipe or a device may never end.
        refuse(f"{path}: is no file")


def _within(folder: Path, refuse: Callable[[str], None]) -> list[Path]:
    from brushprint.data.decoding import SUFFIXES

    closed = []
    inside = [Path(root, name) for root, _, names in os.walk(folder, onerror=closed.append) for name in names]
    found = sorted(
        file for file in inside if file.suffix.lower() in SUFFIXES and not file.name.startswith("._") and file.is_file()
    )
    for error in closed:
        refuse(f"{error.filename}: {error.strerror}")
    if not found and not closed:
        refuse(f"{folder}: there is no picture in this folder")
    return found


def _counted(said: Iterator[list["Prediction"]], update: Callable[[], Any]) -> Iterator[list["Prediction"]]:
    for row in said:
        update()
        yield row


def _as_text(said: Iterable[list["Prediction"]], results: "Results", names: Sequence[str]) -> None:
    """A block a picture, a row a variant."""
    found = None
    for found in said:
        header = ("variant", "verdict", "AI", "source", "style")
        rows = [
            (
                of.variant,
                of.answer.origin,
                _percent(of.answer.ai),
                _likeliest(of.answer.sources),
                _likeliest(of.answer.styles),
            )
            for of in found
        ]
        print(_in_one_line(str(found[0].picture)))
        print("\n".join(f"  {line}" for line in _table([header, *rows])))
        for partition, words in LEARNED.items():
            if those := [of.variant for of in found if of.partition == partition]:
                print(f"  {words}: {'all' if len(those) == len(found) > 1 else ', '.join(those)}.")
        print()
    # Beside what the networks say, and not where they said nothing.
    if found:
        print(NO_PROOF)
        _say_synthetic(results, names)


def _as_json(said: Iterable[list["Prediction"]], results: "Results", names: Sequence[str]) -> None:
    synthetic = {name: results.synthetic(name) for name in names}
    _print_json([_row(of) | {"synthetic": synthetic[of.variant]} for found in said for of in found])


def _as_csv(said: Iterable[list["Prediction"]], results: "Results", names: Sequence[str]) -> None:
    synthetic = {name: results.synthetic(name) for name in names}
    columns = ["picture", "sha256", "variant", "verdict", "ai", "label", "source", "style"]
    writer = csv.DictWriter(
        sys.stdout, [*columns, "partition", "heatmap", "synthetic"], extrasaction="ignore", lineterminator="\n"
    )
    writer.writeheader()
    for of in (of for found in said for of in found):
        likeliest = {
            "source": next(iter(of.answer.sources or {}), None),
            "style": next(iter(of.answer.styles or {}), None),
        }
        writer.writerow(_row(of) | likeliest | {"synthetic": synthetic[of.variant]})


def _row(said: "Prediction") -> dict[str, Any]:
    return {
        "picture": str(said.picture),
        "sha256": said.sha256,
        "variant": said.variant,
        "verdict": said.answer.origin,
        "ai": said.answer.ai,
        "label": said.answer.label,
        "probabilities": said.probabilities,
        "sources": said.answer.sources,
        "styles": said.answer.styles,
        "partition": said.partition,
        "heatmap": said.heatmap and str(said.heatmap),
    }


def _about(results: "Results", name: str) -> dict[str, Any]:
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


def _differences(row: dict[str, Any]) -> Iterator[str]:
    first, second = (_interval(row["balanced_accuracy"][key]) for key in ("first", "second"))
    yield f"balanced accuracy  {first}, {second}"
    if paired := row["paired"]:
        value, low, high = (f"{100 * paired['difference'][key]:+.1f}" for key in ("value", "low", "high"))
        p = paired["p_corrected"]
        yield (
            f"accuracy           first less second {value} points ({low} to {high}) on {paired['pictures']:,} test "
            f"pictures, {'p < 0.001' if p < 0.001 else f'p = {p:.3f}'}"
        )
    else:
        yield "accuracy           no test pictures and task in common"
    yield from (f"{key}  {json.dumps(one)}, {json.dumps(other)}" for key, (one, other) in row["settings"].items())
    if row["data"]:
        yield f"other data: {', '.join(row['data'])}"
    if row["code"]:
        yield f"other code: {', '.join(row['code'])}"


def _say_synthetic(results: "Results", names: Sequence[str]) -> None:
    if any(results.synthetic(name) for name in names):
        print(SYNTHETIC)


def _likeliest(probabilities: dict[str, float] | None) -> str:
    if probabilities is None:
        return "-"
    name, probability = next(iter(probabilities.items()))
    return f"{name.replace('_', ' ')} {probability:.0%}"


def _obtained(row: dict[str, Any]) -> str:
    found = row["obtained"]
    if not found:
        return "-"
    value, low, high = (
        None if found[key] is None else f"{found[key]:,.{row['decimals']}f}" for key in ("value", "low", "high")
    )
    between = f" ({low} to {high})" if low and high else ""
    return f"{value}{' %' if row['unit'] == '%' else ''}{between}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _interval(of: dict[str, float | None]) -> str:
    value, low, high = (None if of[key] is None else f"{100 * of[key]:.1f}" for key in ("value", "low", "high"))
    return "-" if value is None else f"{value} ({low} to {high})" if low else value


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of text, the first the header, as lines of aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, allow_nan=False))
