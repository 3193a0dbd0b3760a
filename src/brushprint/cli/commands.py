"""The command `brushprint`: judge pictures, look up results, and check and publish a commit."""

import os
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum
from importlib.metadata import version
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

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Run = Annotated[
    Path | None,
    typer.Option("--run", help="Folder of results; default: the only one with trained variants.", metavar="FOLDER"),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class Method(StrEnum):
    """The method of a heatmap."""

    GRADCAM = "gradcam"
    OCCLUSION = "occlusion"


def _example(command: str) -> str:
    """The last lines of the help of a command."""
    return f"Example: brushprint {command}"


def _print_version(asked: bool) -> None:
    if asked:
        print(f"brushprint {version('brushprint')}")
        raise typer.Exit


@app.callback(epilog=_example("predict painting.jpg"))
def _about(
    *, _: Annotated[bool, typer.Option("--version", help="Print the version.", callback=_print_version)] = False
) -> None:
    """Ask trained networks whether a picture is human or AI art, and how far to trust them."""


@app.command(epilog=_example("predict painting.jpg folder/ --variant cifake-32"))
def predict(
    pictures: Annotated[list[str], typer.Argument(help="Picture files, folders of them, or patterns like '*.jpg'.")],
    *,
    run: Run = None,
    variant: Annotated[list[str] | None, typer.Option(help="Ask only this variant; can be repeated.")] = None,
    heatmap: Annotated[Path | None, typer.Option(help="Write heatmaps as PNG files to this folder.")] = None,
    method: Annotated[Method, typer.Option(help="Method of the heatmaps.")] = Method.GRADCAM,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print a row for each picture and variant.")] = False,
) -> None:
    """Judge whether each picture is human or AI art, with every trained variant, the recommended one first."""
    from tqdm import tqdm

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
        from brushprint.core.job_log import log_warnings
        from brushprint.predict import predict as predictor

        log_warnings()
        # Where answers appear in the terminal one by one, they show the progress themselves.
        hidden = not sys.stderr.isatty() or (sys.stdout.isatty() and not as_json)
        with tqdm(total=len(files), unit=" pictures", ncols=80, leave=False, disable=hidden) as bar:
            answers = predictor.predict(results, names, files, heatmap=heatmap, method=method.value, refuse=refuse)
            show(_counted(answers, bar.update), results, names)
    else:
        show([], results, names)
    if refused:
        raise typer.Exit(2)


@app.command(epilog=_example("variants --run results/sample"))
def variants(run: Run = None, as_json: Json = False) -> None:
    """List the trained variants, the recommended one first, and their accuracy on test pictures."""
    from brushprint.predict.results import find

    results = find(run)
    records = [printing.variant_record(results, name) for name in results.variants]
    if as_json:
        printing.print_json(records)
        return
    printing.print_variants(records, results.recommended)
    printing.print_synthetic([results], results.variants)


@app.command(epilog=_example("claim 000-accuracy"))
def claim(
    name: Annotated[
        str | None,
        typer.Argument(help="A study, such as 000, or one claim; default: list all.", metavar="[STUDY|CLAIM]"),
    ] = None,
    run: Run = None,
    as_json: Json = False,
) -> None:
    """Compare published figures with those of this run."""
    from brushprint.predict.results import find

    results = find(run)
    rows, studies = results.claims(), results.sources()
    one = next((row for row in rows if row["id"] == name), None)
    listed = [row for row in rows if name in (None, row["source"])]
    if not one and not listed:
        raise UserError(
            f"no such study or claim: {name!r}{nearest(name or '', [*studies, *(row['id'] for row in rows)])}"
        )
    if as_json:
        printing.print_json(one or listed)
        return
    if one:
        printing.print_claim(one, studies[one["source"]])
        print()
    else:
        printing.print_claims(listed)
    printing.print_synthetic([results], results.variants)


@app.command(epilog=_example("compare results/sample ../other-clone/results/sample"))
def compare(
    first: Annotated[Path, typer.Argument(help="A folder of results.")],
    second: Annotated[Path, typer.Argument(help="Another folder of results.")],
    as_json: Json = False,
) -> None:
    """Show the differences between two runs: figures, settings, data and code."""
    from brushprint.predict.results import compared, find

    runs = find(first), find(second)
    rows = compared(*runs)
    if as_json:
        printing.print_json(rows)
        return
    if printing.identical(rows) and runs[0].variants == runs[1].variants:
        print("Identical.")
        return
    printing.print_comparison(rows)
    printing.print_synthetic(runs, [row["variant"] for row in rows])


@app.command(epilog=_example("serve --open"))
def serve(
    *,
    run: Run = None,
    port: Annotated[int, typer.Option(help="Port of the address; 0: a free one.", min=0, max=65535)] = 0,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """Serve the page that `snakemake demo` made, on this machine only, until Ctrl+C."""
    from brushprint.page import serve as serving
    from brushprint.predict.results import EXPORTS, find

    serving.serve(EXPORTS / find(run).folder.name / "demo", port=port, open_browser=open_browser)


@app.command(epilog=_example("runs sample"))
def runs(collection: Annotated[str | None, typer.Argument(help="A folder in logs/; default: all.")] = None) -> None:
    """Show when and where each job ran, on which commit, and its cost."""
    from brushprint.workflow.runs import tables

    print(tables(collection))


_FOR_SNAKEMAKE = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.command(context_settings=_FOR_SNAKEMAKE, epilog=_example("verify"))
def verify(context: typer.Context) -> None:
    """Run this commit from nothing and compare its results; other arguments go to Snakemake."""
    from brushprint.workflow import publish

    print(publish.verify(context.args))


@app.command(context_settings=_FOR_SNAKEMAKE, epilog=_example("publish"))
def publish(context: typer.Context) -> None:
    """Store the results of this commit with DVC; other arguments go to Snakemake."""
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


def _counted(answers: Iterator[list["Prediction"]], update: Callable[[], Any]) -> Iterator[list["Prediction"]]:
    """The answers, with `update` called after each picture."""
    for picture in answers:
        update()
        yield picture
