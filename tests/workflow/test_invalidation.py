"""Each change reruns the rules that its row of invalidation.yaml, beside this file, lists."""

import ast
import os
import re
import shutil
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import yaml

from brushprint.workflow.provenance import Memory, code
from tests.conftest import (
    REPOSITORY,
    add_line,
    contents,
    edit,
    encoded,
    jobs,
    picture,
    set_key,
    set_variants,
    snakemake,
)

Change = Callable[[Path], None]

SAMPLE = "results/sample"
VARIANT = f"{SAMPLE}/variants/cifake-32"


def in_every_module(change: Callable[[str], str]) -> Change:
    def apply(project: Path) -> None:
        for file in [*project.glob("src/**/*.py"), *project.glob("workflow/scripts/*.py")]:
            source = file.read_text()
            file.write_text(change(source))
            ast.parse(file.read_text())

    return apply


def comment(source: str) -> str:
    return f"# a new comment\n{source}\n\n# and another\n"


def docstring(source: str) -> str:
    """Change the first line of every docstring."""
    return re.sub(r'^( *)"""(?=\w)', r'\1"""Changed. ', source, flags=re.MULTILINE)


def formatting(source: str) -> str:
    """Reformat as another formatter would: every statement in as few lines as possible, and single quotes."""
    return ast.unparse(ast.parse(source)) + "\n\n\n"


def touch(project: Path) -> None:
    for path in project.rglob("*"):
        if path.is_file() and ".git" not in path.parts:
            os.utime(path)


def delete(name: str) -> Change:
    def apply(project: Path) -> None:
        path = project / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()

    return apply


def tamper(name: str) -> Change:
    """A change of the last byte of a file, as an editor would make it."""

    def apply(project: Path) -> None:
        (project / name).write_bytes((project / name).read_bytes()[:-1] + b"!")

    return apply


def put_back_older(name: str) -> Change:
    """A change of the last byte of a file, with an old modification time, as a copy from a backup has."""

    def apply(project: Path) -> None:
        tamper(name)(project)
        os.utime(project / name, (10**9, 10**9))

    return apply


def upgrade(package: str) -> Change:
    """An upgrade of a package, in its metadata only."""

    def apply(project: Path) -> None:
        info = project / f"src/{package.replace('-', '_')}-999.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 999\n")

    return apply


def add_variant(project: Path) -> None:
    new = {"cifake-128": {"task": "origin", "split": "balanced", "recipe": "cifake-128"}}
    set_variants(project, lambda variants: variants.update(new))


def remove_variant(project: Path) -> None:
    set_variants(project, lambda variants: variants.update({"cifake-32": None}))


METRICS, MODEL = f"{VARIANT}/metrics.json", f"{VARIANT}/model.safetensors"
SUMS = f"{SAMPLE}/SHA256SUMS"
SEAL = f"{SAMPLE}/seals/balanced-32-nearest.json"

CHANGES: dict[str, list[Change]] = {
    "a comment, a docstring, formatting": [in_every_module(change) for change in (comment, docstring, formatting)],
    "`touch` of every file": [touch],
    "`scratch/` or `data/` deleted": [delete("scratch"), delete("data")],
    "a recipe that no variant uses": [set_key("recipes", "cifake-128", "learning_rate", to=0.002)],
    "the learning rate of a recipe": [set_key("recipes", "cifake-32", "learning_rate", to=0.002)],
    "a variant added": [add_variant],
    "a variant removed": [remove_variant],
    "the validation share of a split": [set_key("splits", "balanced", "validation", to=0.2)],
    "the number of clusters": [set_key("latent", "clusters", to=3)],
    "the perplexity of the map": [set_key("latent", "embedding", "perplexity", to=20)],
    "the pictures explained a cluster": [set_key("explain", "pictures", to=2)],
    "the random networks that heat is compared with": [set_key("explain", "random_networks", to=4)],
    "the pictures that maps are checked on": [set_key("explain", "faithfulness_pictures", to=20)],
    "the title of the collection": [set_key("collection", "title", to="Another")],
    "the template of the report": [add_line("src/brushprint/report/templates/page.html.jinja", "<!-- end -->")],
    "how pictures are harmonised": [
        set_key("collection", "harmonise", to={"side": 64, "resize": "lanczos", "format": "jpeg", "quality": 90})
    ],
    "the margin of the audit": [set_key("audit", "margin", to=0.1)],
    "the pictures that are changed": [set_key("robustness", "pictures", to=15)],
    "a seed more": [set_key("arms", "seeds", "repeats", to=2)],
    "a published figure": [lambda project: edit(project / "config/claims.yaml", "91.49 %", "91.50 %")],
    "the share of files that may be rejected": [set_key("collection", "max_rejected", to=0.04)],
    "the pictures of the collection": [set_key("collection", "sample", "train", to=120)],
    "the seed": [set_key("seed", to=1)],
    "scikit-learn's version": [upgrade("scikit-learn")],
    "torch's version": [upgrade("torch")],
    "the script of `figures`": [add_line("workflow/scripts/figures.py")],
    "an input more of `evaluate`": [
        lambda project: edit(
            project / "workflow/rules/evaluate.smk",
            "unpack(predicted),\n    output:\n        metrics=",
            'unpack(predicted),\n        rejected=f"{RESULTS}/rejected.parquet",\n    output:\n        metrics=',
        )
    ],
    "a model deleted": [delete(MODEL)],
    "metrics deleted": [delete(METRICS)],
    "a seal deleted": [delete(SEAL)],
    "the report deleted": [delete(f"{SAMPLE}/report/index.html")],
}

# For rows that concern only one variant: that variant, if it is not cifake-32. Then, the split of each variant.
ONE = dict.fromkeys(("models/architectures/simple_cnn", "data/oversampling"), "simple-cnn")
ONE |= {"a variant added": "cifake-128", "a seed more": "cifake-32+seed-2"}
SPLIT_OF = {"simple-cnn": "augmented", "cifake-32": "balanced", "cifake-128": "balanced"}
# The arms of a variant, with another seed or without a generator, and the splits of the latter.
SEEDS = {"cifake-32+seed-1"}
UNSEEN = {"cifake-32+without-latent_diffusion", "cifake-32+without-stable_diffusion"}
LEFT_OUT = {"balanced+without-latent_diffusion", "balanced+without-stable_diffusion"}
# Rows that also concern the arms of the variant.
WITH_ARMS = {
    **dict.fromkeys(("the learning rate of a recipe", "models/architectures/cifake"), SEEDS | UNSEEN),
    "the validation share of a split": SEEDS | UNSEEN | LEFT_OUT,
    "a seal deleted": SEEDS,
}
TRAINED = ("train", "infer", "predictions", "provenance")
ANALYSED = (
    *("evaluate", "latent", "embed", "explain", "regions", "robustness"),
    "figures",
)
PER_VARIANT = (*TRAINED, *ANALYSED)
PER_SPLIT = ("split", "seal")
ALL = (
    {rule: {"simple-cnn", "cifake-32"} for rule in ANALYSED}
    | {rule: {"simple-cnn", "cifake-32"} | SEEDS | UNSEEN for rule in TRAINED}
    | {rule: {"augmented", "balanced"} | LEFT_OUT for rule in PER_SPLIT}
    | {"oversample": {"augmented"}, "copies_examples": {"augmented"}}
)


def one(row: str, rule: str) -> set[str]:
    """The variants or splits that ○ stands for."""
    variant, more = ONE.get(row, "cifake-32"), WITH_ARMS.get(row, set())
    if rule in PER_SPLIT:
        return {SPLIT_OF[variant]} | more & LEFT_OUT
    return {variant} | (more - LEFT_OUT if rule in TRAINED else set())


def every(row: str, rule: str) -> set[str]:
    """The variants or splits that ● stands for; the provenance of arms does not cover analyses."""
    if rule == "provenance" and not TABLES[row].get("predictions"):
        return ALL["evaluate"]
    return ALL.get(rule, {""})


MARKS = {"all": "●", "one": "○", "all_unless_sealed": "(●)", "one_unless_sealed": "(○)"}


def tables() -> dict[str, dict[str, str]]:
    """The mark of each rule that reruns, by change or module; a row of several modules counts for each of them."""
    content = yaml.safe_load((REPOSITORY / "tests/workflow/invalidation.yaml").read_text())
    rows = content["changes"] | {name: row for names, row in content["modules"].items() for name in names.split()}
    return {name: {rule: MARKS[kind] for kind in row for rule in row[kind].split()} for name, row in rows.items()}


TABLES = tables()
MODULES = {
    file.relative_to(REPOSITORY / "src/brushprint").with_suffix("").as_posix(): file.relative_to(REPOSITORY).as_posix()
    for file in (REPOSITORY / "src/brushprint").rglob("*.py")
}


KNOWN = Memory(REPOSITORY / ".pytest_cache/code.json")


def imported(row: str) -> str:
    """The import name of the module of a row."""
    return f"brushprint.{row.replace('/', '.')}".removesuffix(".__init__")


@cache
def names(script: Path) -> set[str]:
    """The modules and packages that a script depends on."""
    return {value.split("@")[0] for value in code(script, KNOWN)}


def part_of(module: str) -> frozenset[str]:
    """The scripts that depend on a module; without any, the module itself, which may be loaded by name."""
    scripts = (REPOSITORY / "workflow/scripts").glob("*.py")
    found = frozenset(script.stem for script in scripts if imported(module) in names(script))
    return found or frozenset({module})


# Modules by the scripts that depend on them. The modules of an entry rerun the same rules.
ALIKE: dict[frozenset[str], list[str]] = {}
for module in sorted(MODULES):
    ALIKE.setdefault(part_of(module), []).append(module)
CASES = [(row, change) for row, changes in CHANGES.items() for change in changes]
CASES += [(first, add_line(MODULES[first])) for first, *_ in ALIKE.values()]


def test_the_tables_have_a_row_for_each_change_and_module_and_contain_every_rule() -> None:
    assert set(TABLES) == set(CHANGES) | set(MODULES)
    everything = set(TABLES["the seed"])
    assert {rule for row in TABLES.values() for rule in row} == everything
    scripts = {file.stem for file in (REPOSITORY / "workflow/scripts").glob("*.py")}
    on_request = {"export", "fetch_onnxruntime", "demo", "pdf"}
    of_other_settings = {
        *("fetch", "fetch_dataset", "weights", "seal_weights"),
        *("external_scores", "picked_scores", "picked_table"),
        # `test_encoders` tests what reruns for heads.
        *("encode", "fit_head"),
    }
    figures = {"examples", "copies_examples", "corrupted_examples", "collection_figures"}
    assert everything == (scripts - on_request - of_other_settings) | figures


@pytest.mark.parametrize("modules", ALIKE.values(), ids=",".join)
def test_modules_of_the_same_scripts_rerun_the_same_rules(modules: list[str]) -> None:
    assert all(TABLES[module] == TABLES[modules[0]] for module in modules)


@pytest.mark.parametrize(("row", "change"), CASES, ids=[f"{row}-{i}" for i, (row, _) in enumerate(CASES)])
def test_a_change_reruns_exactly_the_rules_in_its_row(project: Path, row: str, change: Change) -> None:
    change(project)
    output = snakemake(project, "-n")
    found: dict[str, set[str]] = {}
    for rule, of in jobs(output):
        found.setdefault(rule, set()).add(of)
    marks = {rule: mark.strip("()") for rule, mark in TABLES[row].items()}
    assert found == {rule: one(row, rule) if mark == "○" else every(row, rule) for rule, mark in marks.items()}
    assert ("Nothing to be done" in output) == (not marks)


@pytest.mark.parametrize("row", sorted(MODULES))
def test_training_is_in_brackets_if_the_seal_may_prevent_it(row: str) -> None:
    """The seal can only prevent training that does not depend on the code of the module itself."""
    module = imported(row)
    reached = module in names(REPOSITORY / "workflow/scripts/train.py") or module.startswith(
        "brushprint.models.architectures"
    )
    assert "train" not in TABLES[row] or TABLES[row]["train"].startswith("(") == (not reached)


@pytest.mark.parametrize("module", ["saliency/gradcam", "models/architectures/cifake"])
def test_the_reason_for_a_rerun_names_the_changed_module(project: Path, module: str) -> None:
    add_line(f"src/brushprint/{module}.py")(project)
    name = re.escape(imported(module))
    assert re.search(rf"before: '{name}@\w+' now: '{name}@\w+'", snakemake(project, "-n"))


def test_a_decoder_that_gives_the_same_bytes_retrains_nothing(project: Path) -> None:
    edit(
        project / "src/brushprint/data/decoding.py",
        'return picture if picture.mode == "RGB" else picture.convert("RGB")',
        'rgb = "RGB"\n        return picture if picture.mode == rgb else picture.convert(rgb)',
    )
    # `regions` also reads the faces. It does not rerun if they are detected before the seal is set.
    rerun = {rule for rule, _ in jobs(snakemake(project))} - {"regions"}
    assert rerun == {rule for rule, mark in TABLES["data/decoding"].items() if mark == "●"}
    assert "Nothing to be done" in snakemake(project, "-n")


def test_oversampling_code_that_gives_the_same_bytes_retrains_nothing(project: Path) -> None:
    edit(project / "src/brushprint/data/oversampling.py", "_BLOCK = 64", "_BLOCK = 32")
    rerun = jobs(snakemake(project))
    assert {rule for rule, _ in rerun} == {
        rule for rule, mark in TABLES["data/oversampling"].items() if mark in ("●", "○")
    }
    assert {of for rule, of in rerun if rule in ("seal", "provenance")} == {"augmented", "simple-cnn"}
    assert "Nothing to be done" in snakemake(project, "-n")


def test_oversampling_code_that_gives_other_bytes_retrains_the_variant_with_copies(project: Path) -> None:
    edit(project / "src/brushprint/data/oversampling.py", 'order=1, mode="nearest"', 'order=0, mode="nearest"')
    snakemake(project, "--until", "seal")
    assert {of for rule, of in jobs(snakemake(project, "-n")) if rule == "train"} == {"simple-cnn"}


def test_copies_are_put_aside_if_their_code_changes_and_restored_if_it_changes_back(project: Path) -> None:
    array = project / "scratch/sample/copies-augmented-32-bilinear.npy"
    module = project / "src/brushprint/data/oversampling.py"
    copies, source = array.read_bytes(), module.read_text()
    add_line("src/brushprint/data/oversampling.py")(project)
    assert ("oversample", "augmented") in jobs(snakemake(project, "-n"))
    assert not array.exists()
    module.write_text(source)
    assert "Nothing to be done" in snakemake(project, "-n")
    assert array.read_bytes() == copies


def test_a_decoder_that_gives_other_bytes_retrains_everything(project: Path) -> None:
    edit(project / "src/brushprint/data/pixels.py", "array[rows[path]] = pixels", "array[rows[path]] = 255 - pixels")
    snakemake(project, "--until", "seal")
    learned = {(rule, variant) for rule in ("train", "infer", "explain") for variant in ALL[rule]}
    assert learned <= jobs(snakemake(project, "-n"))


def test_without_scratch_a_new_learning_rate_decodes_again_and_trains_one_variant(project: Path) -> None:
    shutil.rmtree(project / "scratch")
    set_key("recipes", "cifake-32", "learning_rate", to=0.002)(project)
    rerun = jobs(snakemake(project, MODEL))
    assert rerun == {("pixels", ""), ("seal", "balanced"), ("train", "cifake-32")}
    assert (
        not {of for rule, of in jobs(snakemake(project, "-n")) if rule in PER_VARIANT} - {"cifake-32"} - SEEDS - UNSEEN
    )


EDITED = [
    change(name)
    for name in (MODEL, METRICS, SEAL, f"{SAMPLE}/report/index.html")
    for change in (tamper, put_back_older)
]


@pytest.mark.parametrize("edit_result", EDITED)
def test_an_edited_result_stops_the_run_and_is_not_overwritten(
    project: Path, finished: Path, edit_result: Change
) -> None:
    edit_result(project)
    before = contents(project)
    (name,) = (name for name, content in before.items() if contents(finished)[name] != content)
    for arguments in ((), ("-n",), ("-n", MODEL)):
        output = snakemake(project, *arguments, expect=2)
        line = f"error: results/{name} differs from what its job wrote: delete it, or restore it with `dvc checkout`"
        assert line in output
        assert "rule " not in output
    assert contents(project) == before


@pytest.mark.parametrize(
    "hide", [set_key("collection", "title", to="Another"), delete(SUMS), add_line("src/brushprint/core/tables.py")]
)
def test_an_edited_result_is_detected_before_its_checksum_is_recorded_whatever_else_changed(
    project: Path, hide: Change
) -> None:
    put_back_older(METRICS)(project)
    hide(project)
    assert f"error: {METRICS} differs from what its job wrote" in snakemake(project, "-n", SUMS, expect=2)


def test_an_older_model_put_back_after_a_run_of_that_target_alone_is_detected(project: Path) -> None:
    older = (project / MODEL).read_bytes()
    set_key("recipes", "cifake-32", "learning_rate", to=0.002)(project)
    snakemake(project, MODEL)
    (project / MODEL).write_bytes(older)
    assert f"error: {MODEL} differs from what its job wrote" in snakemake(project, "-n", expect=2)


def test_edited_results_are_made_again_with_the_same_bytes_after_they_are_deleted(
    finished: Path, project: Path
) -> None:
    edited = sorted([SEAL, MODEL, f"{SAMPLE}/report/index.html"])
    for name in edited:
        tamper(name)(project)
    delete(f"{SAMPLE}/variants/simple-cnn/metrics.json")(project)
    assert f"error: {edited[0]} and 2 more differ from what their jobs wrote: delete them" in snakemake(
        project, expect=2
    )
    for name in edited:
        delete(name)(project)
    snakemake(project)
    assert contents(project) == contents(finished)
    assert "Nothing to be done" in snakemake(project, "-n")


EXEMPT = ("atomic", "errors", "job_log", "locks")


def test_statements_added_to_exempt_modules_rerun_nothing_and_change_no_byte(project: Path, finished: Path) -> None:
    for module in EXEMPT:
        add_line(f"src/brushprint/core/{module}.py")(project)
    assert "Nothing to be done" in snakemake(project, "-n")
    shutil.rmtree(project / VARIANT)
    snakemake(project)
    assert contents(project) == contents(finished)


def test_a_picture_added_to_a_folder_reruns_everything(project: Path) -> None:
    """The pictures of the sample, copied to a folder, count as the same pictures; one more picture is a change."""
    with zipfile.ZipFile(next((project / "data").glob("*.archive"))) as archive:
        archive.extractall(project / "data/own")
    set_key("collection", "source", to="data/own")(project)
    assert not {"train", "infer", "explain"} & {rule for rule, _ in jobs(snakemake(project))}
    assert "Nothing to be done" in snakemake(project, "-n")
    folder = next((project / "data/own").rglob("train/realism"))
    (folder / "one-more.jpg").write_bytes(encoded(picture(1)))
    rerun = jobs(snakemake(project, "-n"))
    assert {rule for rule, _ in rerun} == set(TABLES["the seed"]) - {"draw_sample"}
    assert {of for rule, of in rerun if rule == "train"} == ALL["train"]
