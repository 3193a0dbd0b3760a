"""The command `brushprint`, called as a user calls it, on a finished run."""

import csv
import errno
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from brushprint.core.errors import UserError
from brushprint.data.archive import LARGEST_MEMBER, members
from brushprint.predict.results import Results, compared, find
from tests.conftest import complete, encoded, environment, picture

pytestmark = pytest.mark.xdist_group("finished")
NO_PROOF = "A score is not proof of authorship."
SYNTHETIC = "Synthetic sample: these figures are about the software, not about art."


def call(project: Path, *arguments: object, expect: int = 0) -> subprocess.CompletedProcess:
    done = complete(project, "brushprint", *map(str, arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.returncode == expect, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def sample(finished: Path, tmp_path: Path) -> Path:
    """The pictures of the finished run, as files in a folder for each partition."""
    [archive] = (finished / "data").glob("*.archive")
    for member in members(archive):
        if member.path.endswith((".jpg", ".png")):
            file = tmp_path / "sample" / ("test" if "/test/" in member.path else "train") / Path(member.path).name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(member.read(LARGEST_MEMBER))
    return tmp_path / "sample"


def answers(project: Path, *arguments: object, expect: int = 0) -> list[dict]:
    return json.loads(call(project, "predict", *arguments, "--json", expect=expect).stdout)


def test_uncalibrated_probabilities_equal_those_of_the_run(finished, sample) -> None:
    run = Results(finished / "results/sample")
    records = answers(finished, sample / "test")
    assert {row["variant"] for row in records} == set(run.variants)
    for variant in run.variants:
        metrics = run.metrics(variant)
        rows = [row for row in records if row["variant"] == variant]
        assert all(row["synthetic"] and row["heatmap"] is None for row in rows)
        calibrated = pd.DataFrame([row["probabilities"] for row in rows], index=[row["sha256"][:16] for row in rows])
        uncalibrated = calibrated ** metrics["calibration"]["temperature"]
        uncalibrated = uncalibrated.div(uncalibrated.sum(axis=1), axis=0)
        known = pd.read_parquet(run.path(variant, "predictions.parquet")).set_index("image_id")
        known = known[known["partition"] == "test"]
        assert set(known.index) <= set(calibrated.index)
        expected = known[[f"p_{name}" for name in calibrated.columns]].to_numpy()
        np.testing.assert_allclose(uncalibrated.loc[known.index].to_numpy(), expected, atol=1e-5)
        assert sum(row["partition"] == "test" for row in rows) == len(known)


def test_the_verdict_follows_from_the_calibrated_probability_and_the_band(finished, sample, tmp_path) -> None:
    results = shutil.copytree(finished / "results/sample", tmp_path / "results")
    file = results / "variants/cifake-32/metrics.json"
    asked = (sample / "test", "--run", results, "--variant", "cifake-32")
    scores = sorted(row["ai"] for row in answers(finished, *asked))
    # This run has too few validation pictures for verdicts. This band gives each verdict to about a third.
    low, high = (np.mean(scores[place : place + 2]) for place in (len(scores) // 3, 2 * len(scores) // 3))
    metrics = json.loads(file.read_text())
    metrics["verdict"] |= {"low": low, "high": high}
    file.write_text(json.dumps(metrics))
    records = answers(finished, *asked)
    assert {row["verdict"] for row in records} == {"human", "ai", "unsure"}
    for row in records:
        assert row["verdict"] == ("human" if row["ai"] < low else "ai" if row["ai"] > high else "unsure")
        assert row["ai"] == pytest.approx(row["probabilities"]["ai"])


def test_a_training_picture_is_marked(finished, sample) -> None:
    run = Results(finished / "results/sample")
    partitions = run.partitions("cifake-32")
    files = {hashlib.sha256(file.read_bytes()).hexdigest(): file for file in (sample / "train").iterdir()}
    learned = next(file for sha256, file in files.items() if partitions.get(sha256) == "train")
    printed = call(finished, "predict", learned, "--variant", "cifake-32").stdout
    assert "\nTraining picture of cifake-32.\n" in printed
    (sample / "new.png").write_bytes(encoded(picture(1), "PNG"))
    assert "Training picture" not in call(finished, "predict", sample / "new.png").stdout


def test_the_plain_output_has_a_block_for_each_picture_and_ends_with_warnings(finished, sample, tmp_path) -> None:
    first, second = sorted((sample / "test").iterdir())[:2]
    lines = call(finished, "predict", first, second).stdout.splitlines()
    variants = Results(finished / "results/sample").variants
    starts = [lines.index(str(file)) for file in (first, second)]
    assert lines[starts[0] + 1].split() == ["variant", "verdict", "AI", "source", "style"]
    rows = [line.split() for line in lines[starts[0] + 2 : starts[0] + 2 + len(variants)]]
    assert [row[0] for row in rows] == variants
    assert {row[1] for row in rows} <= {"human", "ai", "unsure"}
    assert max(map(len, lines[starts[0] + 1 : starts[1] - 1])) <= 80
    assert lines[-3].startswith(NO_PROOF)
    assert lines[-1] == SYNTHETIC


def test_pictures_are_oriented_flattened_onto_white_and_converted_to_rgb_before_prediction(finished, tmp_path) -> None:
    upright = picture(5, (60, 40))
    turned = Image.Exif()
    turned[0x0112] = 6
    clear = picture(6, (50, 50), "RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    over_white = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")
    grey = picture(7, (40, 50), "L")
    pairs = {
        "turned": (encoded(upright.transpose(Image.Transpose.ROTATE_90), "PNG", exif=turned), upright),
        "transparent": (encoded(clear, "PNG"), over_white),
        "grey": (encoded(grey, "PNG"), grey.convert("RGB")),
    }
    for name, (content, plain) in pairs.items():
        (tmp_path / f"{name}.png").write_bytes(content)
        (tmp_path / f"{name}-plain.png").write_bytes(encoded(plain, "PNG"))
    records = {(Path(row["picture"]).stem, row["variant"]): row for row in answers(finished, tmp_path)}
    variants = Results(finished / "results/sample").variants
    for name in pairs:
        for variant in variants:
            assert records[name, variant]["ai"] == pytest.approx(records[f"{name}-plain", variant]["ai"], abs=1e-6)
            assert records[name, variant]["sha256"] != records[f"{name}-plain", variant]["sha256"]


def test_folders_and_patterns_are_searched_and_each_picture_is_answered_once(finished, write_files) -> None:
    content = encoded(picture(1))
    root = write_files({"a/x.JPG": content, "a/b/y.png": content, "a/notes.txt": b"none", "a/._x.jpg": b"none"})
    asked = (root / "a", root / "a/x.JPG", f"{root}/**/*.png", "--variant", "cifake-32")
    assert [row["picture"] for row in answers(finished, *asked)] == [str(root / "a/b/y.png"), str(root / "a/x.JPG")]


def test_an_unreadable_picture_is_reported_in_one_line_and_the_others_are_answered(finished, write_files) -> None:
    good = encoded(picture(1))
    root = write_files({"good.jpg": good, "broken.jpg": good[:-100], "text.png": b"no picture", "empty.gif": b""})
    (root / "none").mkdir()
    names = ("broken.jpg", "missing.jpg", "text.png", "empty.gif", "none", "*.webp", "good.jpg")
    arguments = ("predict", *(root / name for name in names), "--variant", "cifake-32", "--csv")
    done = call(finished, *arguments, expect=2)
    assert [row["picture"] for row in csv.DictReader(io.StringIO(done.stdout))] == [str(root / "good.jpg")]
    errors = dict(line.removeprefix("error: ").split(": ", 1) for line in done.stderr.splitlines())
    assert errors.pop(str(root / "broken.jpg")).startswith("cannot be decoded (")
    assert errors == {
        str(root / "missing.jpg"): "no such file or folder",
        str(root / "text.png"): "a text file",
        str(root / "empty.gif"): "empty file",
        str(root / "none"): "no pictures in this folder",
        str(root / "*.webp"): "no such file or folder",
    }


def test_without_a_readable_picture_nothing_is_printed_to_stdout(finished, write_files) -> None:
    root = write_files({"text.png": b"no picture"})
    assert call(finished, "predict", root / "text.png", expect=2).stdout == ""


def test_an_argument_without_a_file_is_reported_and_the_others_are_answered(finished, write_files) -> None:
    root = write_files({"good.jpg": encoded(picture(1))})
    (root / "dangling.jpg").symlink_to("nowhere.jpg")
    (root / "looping.jpg").symlink_to("looping.jpg")
    os.mkfifo(root / "pipe.jpg")
    long = "x" * 300 + ".jpg"
    asked = ("dangling.jpg", "looping.jpg", "d*.jpg", "pipe.jpg", long, "good.jpg/within.jpg", "good.jpg")
    arguments = ("predict", "", *(root / name for name in asked), "--variant", "cifake-32", "--csv")
    done = call(finished, *arguments, expect=2)
    assert [row["picture"] for row in csv.DictReader(io.StringIO(done.stdout))] == [str(root / "good.jpg")]
    first, *others = done.stderr.splitlines()
    assert first == "error: an argument is empty; name a file, a folder or a pattern"
    missing = f"error: {root / 'dangling.jpg'}: no such file or folder"
    assert others == [
        missing,
        f"error: {root / 'looping.jpg'}: {os.strerror(errno.ELOOP)}",
        missing,
        f"error: {root / 'pipe.jpg'}: neither a file nor a folder",
        f"error: {root / long}: {os.strerror(errno.ENAMETOOLONG)}",
        f"error: {root / 'good.jpg/within.jpg'}: no such file or folder",
    ]


def test_json_and_csv_are_complete_and_torch_is_not_imported_if_every_argument_is_refused(finished) -> None:
    printed = {}
    for kind in ("--json", "--csv"):
        command = (sys.executable, "-X", "importtime", "-m", "brushprint", "predict", "missing.jpg", kind)
        done = subprocess.run(
            command, cwd=finished, env=environment(finished), capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert "torch" not in {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
        printed[kind] = done.stdout
    assert printed["--json"] == "[]\n"
    assert printed["--csv"].startswith("picture,sha256,variant,")
    assert printed["--csv"].count("\n") == 1


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems take names of UTF-8 alone")
def test_undecodable_and_control_characters_in_file_names_are_escaped(finished, tmp_path) -> None:
    files = [tmp_path / os.fsdecode(name) for name in (b"caf\xe9.png", b"two\nlines\x1b.png")]
    for number, file in enumerate(files):
        file.write_bytes(encoded(picture(number), "PNG"))
    asked = ("--variant", "cifake-32")
    assert {row["picture"] for row in answers(finished, tmp_path, *asked)} == set(map(str, files))
    lines = call(finished, "predict", tmp_path, f"{tmp_path}/no\nne\udcff", *asked, expect=2)
    assert {rf"{tmp_path}/caf\udce9.png", rf"{tmp_path}/two\nlines\x1b.png"} < set(lines.stdout.splitlines())
    assert lines.stderr == rf"error: {tmp_path}/no\nne\udcff: no such file or folder" + "\n"


def test_an_output_that_cannot_be_written_is_reported_in_one_line(finished, tmp_path) -> None:
    with Path("/dev/full").open("w") as full:
        command = (sys.executable, "-m", "brushprint", "variants", "--json")
        pipes = {"stdout": full, "stderr": subprocess.PIPE, "text": True}
        done = subprocess.run(command, cwd=finished, env=environment(finished), check=False, **pipes)
    assert (done.returncode, done.stderr) == (2, f"error: {os.strerror(errno.ENOSPC)}\n")


def test_a_heatmap_folder_that_is_a_file_is_refused_before_torch_is_imported(finished, write_files) -> None:
    root = write_files({"x.jpg": encoded(picture(1))})
    command = (sys.executable, "-X", "importtime", "-m", "brushprint", "predict", root, "--heatmap", root / "x.jpg")
    done = subprocess.run(command, cwd=finished, env=environment(finished), capture_output=True, text=True, check=False)
    *imported, error = done.stderr.splitlines()
    assert "torch" not in {line.split("|")[-1].strip() for line in imported}
    assert error == f"error: --heatmap {root / 'x.jpg'} cannot be a folder: {os.strerror(errno.EEXIST)}; name another"


@pytest.mark.parametrize(
    ("damage", "command"),
    [
        (("variants/cifake-32/model.safetensors", ""), ("predict", "x.jpg")),
        (("variants/cifake-32/metrics.json", '{"verdict"'), ("variants",)),
        (("variants/cifake-32/metrics.json", "null"), ("variants",)),
        (("variants/cifake-32/provenance.json", "{}"), ("variants",)),
        (("catalogue.parquet", "PAR1"), ("predict", "x.jpg")),
        (("claims.json", ""), ("claim",)),
    ],
)
def test_damaged_results_are_reported(finished, write_files, tmp_path, damage, command) -> None:
    name, content = damage
    root = write_files({"x.jpg": encoded(picture(1))})
    results = shutil.copytree(finished / "results/sample", tmp_path / "results")
    (results / name).write_text(content)
    asked = [root / word if word == "x.jpg" else word for word in command]
    done = call(finished, *asked, "--run", results, expect=2)
    assert done.stderr == f"error: {results / name} is damaged; run snakemake again\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("predict", ".", "--variant", "cifake-23"), "has no variant 'cifake-23'; did you mean 'cifake-32'?"),
        (("predict", ".", "--json", "--csv"), "--json and --csv exclude each other; give one"),
        (("predict", ".", "--run", "docs"), "docs has no trained variants; run snakemake, or name another folder"),
        (("variants", "--run", "docs"), "docs has no trained variants; run snakemake, or name another folder"),
        (("claim", "000-acuracy"), "no such study or claim: '000-acuracy'; did you mean '000-accuracy'?"),
        (("compare", "results/sample", "docs"), "docs has no trained variants; run snakemake, or name another folder"),
    ],
)
def test_a_wrong_argument_is_reported_in_one_line(finished, arguments, line) -> None:
    done = call(finished, *arguments, expect=2)
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert line in done.stderr


@pytest.mark.parametrize("method", ["gradcam", "occlusion"])
def test_each_picture_gets_its_own_heatmap_file_that_shows_both_side_by_side(
    finished, write_files, tmp_path, method
) -> None:
    root = write_files({"a/x.jpg": encoded(picture(1, (80, 40))), "b/x.jpg": encoded(picture(2, (40, 80)))})
    asked = (root, "--variant", "cifake-32", "--heatmap", tmp_path / "maps", "--method", method)
    files = [Path(row["heatmap"]) for row in answers(finished, *asked)]
    assert len(set(files)) == 2
    assert set(files) == set((tmp_path / "maps").iterdir())
    for file in files:
        drawn = np.asarray(Image.open(file).convert("RGB"), dtype=int)
        # A white margin surrounds the drawing, which has many colours.
        assert (drawn[-1] == 255).all()
        assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 500
    wide = np.asarray(Image.open(files[0]))
    left, right = wide[-240:-12, 12:492].astype(int), wide[-240:-12, 504:984].astype(int)
    assert np.abs(left - right).mean() > 5


def test_a_heatmap_never_overwrites_a_picture(finished, write_files) -> None:
    root = write_files({"x.jpg": encoded(picture(1))})
    asked = ("--variant", "cifake-32", "--heatmap", root)
    [first] = answers(finished, root, *asked)
    before = Path(first["heatmap"]).read_bytes()
    # Now the map is among the pictures of the folder.
    done = call(finished, "predict", root, *asked, "--json", expect=2)
    assert f"{first['heatmap']}: the heatmap would overwrite a picture" in done.stderr
    assert [row["heatmap"] is None for row in json.loads(done.stdout)] == [False, True]
    assert Path(first["heatmap"]).read_bytes() == before


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_call_ends_quietly(finished, sample) -> None:
    command = (sys.executable, "-m", "brushprint", "predict", str(sample), "--csv")
    env = environment(finished) | {"PYTHONUNBUFFERED": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=finished, env=env, **pipes) as process:
        # The first line of output shows that the command is at work.
        process.stdout.readline()
        os.kill(process.pid, signal.SIGINT)
        try:
            _, complaints = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert complaints == ""


def test_the_version_option_prints_the_version_of_the_package(finished) -> None:
    assert call(finished, "--version").stdout == f"brushprint {version('brushprint')}\n"


@pytest.mark.parametrize("command", ["predict", "variants", "claim", "compare", "serve", "runs", "verify", "publish"])
def test_the_help_of_a_command_has_an_example(finished, command: str) -> None:
    assert f"Example: brushprint {command}" in call(finished, command, "--help").stdout


def test_help_imports_no_heavy_library(finished) -> None:
    command = (sys.executable, "-X", "importtime", "-m", "brushprint", "--help")
    done = subprocess.run(command, cwd=finished, env=environment(finished), capture_output=True, text=True, check=True)
    assert "predict" in done.stdout
    imported = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert "typer" in imported
    assert imported.isdisjoint({"torch", "pandas", "numpy", "PIL"})


def test_variants_are_listed_with_their_baseline(finished) -> None:
    run = Results(finished / "results/sample")
    rows = json.loads(call(finished, "variants", "--json").stdout)
    assert [row["variant"] for row in rows] == run.variants
    for row in rows:
        metrics = run.metrics(row["variant"])
        assert row["balanced_accuracy"] == metrics["test"]["balanced_accuracy"]
        assert row["guessing"] == 1 / len(metrics["classes"])
        assert row["unsure"] == metrics["verdict"]["test"]["unsure"]
    lines = call(finished, "variants").stdout.splitlines()
    assert lines[0] == f"Recommended: {run.variants[0]}"
    assert [line.split()[0] for line in lines[3 : len(rows) + 3]] == run.variants
    assert max(map(len, lines)) <= 80
    assert lines[-1] == SYNTHETIC


def test_a_claim_is_shown_with_its_source_published_value_and_verdict(finished) -> None:
    listed = call(finished, "claim").stdout.splitlines()
    claims = Results(finished / "results/sample").claims()
    ids = {row["id"] for row in claims}
    rows = [line.split()[0] for line in listed if line.startswith("  ")]
    assert [name for name in rows if name in ids] == [row["id"] for row in claims]
    assert {f"{row['source']}: {row['citation']} ({row['collection']})" for row in claims} <= set(listed)
    of_one = call(finished, "claim", "004").stdout.splitlines()
    assert [line for line in of_one if line.startswith("00")] == ["004: Sajjad, AI art vs non AI art (ai-artbench)"]
    assert set(of_one) <= set(listed)
    assert listed[-1] == SYNTHETIC
    shown = call(finished, "claim", "000-accuracy").stdout
    assert "  source     Art Critique: Is It Real Or Fake?" in shown
    assert "             Wojciech Urban, Olga Stanczyk, Nastasija Maksimovic\n" in shown
    assert "  published  91.49 %\n" in shown
    assert "  verdict    not comparable: synthetic sample" in shown
    assert shown.splitlines()[-1] == SYNTHETIC


def test_two_runs_are_compared_by_figures_settings_and_data(project) -> None:
    other = project / "other"
    (project / "results/sample").rename(other)
    shutil.copytree(other, project / "results/sample")
    file = other / "variants/cifake-32/provenance.json"
    made = json.loads(file.read_text())
    made["settings"]["recipe"]["epochs"], made["data"]["pixels"] = 9, "others"
    made["settings"]["collection"]["pictures"] = "folder"
    file.write_text(json.dumps(made))
    file = file.with_name("predictions.parquet")
    table = pd.read_parquet(file)
    table["predicted"], table["outcome"] = table["label"], "correct"
    table.to_parquet(file)
    rows = {row["variant"]: row for row in compared(Results(project / "results/sample"), Results(other))}
    changed = rows.pop("cifake-32")
    assert changed["settings"] == {"collection.pictures": ["sample", "folder"], "recipe.epochs": [2, 9]}
    assert (changed["data"], changed["code"]) == (["pixels"], [])
    assert changed["paired"]["second_alone"] > changed["paired"]["first_alone"] == 0
    assert changed["paired"]["difference"]["value"] < 0
    for row in rows.values():
        assert (row["settings"], row["data"], row["code"]) == ({}, [], [])
        assert row["paired"]["difference"]["value"] == 0
        assert row["balanced_accuracy"]["first"] == row["balanced_accuracy"]["second"]
    assert call(project, "compare", "results/sample", "results/sample").stdout == "Identical.\n"
    printed = call(project, "compare", "results/sample", "other").stdout
    assert "simple-cnn: identical\n" in printed
    assert "  recipe.epochs  2, 9\n" in printed
    assert "  different data: pixels\n" in printed
    # Either run may be the synthetic one.
    shutil.rmtree(other / "variants/simple-cnn")
    for arguments in (("results/sample", "other"), ("other", "results/sample")):
        assert call(project, "compare", *arguments).stdout.splitlines()[-1] == SYNTHETIC


def test_the_only_run_is_the_default_and_with_several_runs_one_must_be_named(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"no folder of results/ has trained variants; .* --run"):
        find(None)
    for name in ("mine", "sample"):
        folder = Path("results", name, "variants")
        for file in ("model.safetensors", "metrics.json", "provenance.json"):
            for variant in ("v", "v+seed-1"):
                (folder / variant).mkdir(parents=True, exist_ok=True)
                (folder / variant / file).touch()
        if name == "mine":
            Path("results/notes").mkdir()
            assert find(None).folder == Path("results/mine")
            # Arms do not count as variants.
            assert find(None).variants == ["v"]
    with pytest.raises(UserError, match=r"there are several runs, results/mine, results/sample; choose one with --run"):
        find(None)


def test_results_of_an_earlier_version_are_reported(tmp_path) -> None:
    (tmp_path / "variants/v").mkdir(parents=True)
    (tmp_path / "variants/v/metrics.json").write_text("{}")
    with pytest.raises(UserError, match="lacks folds: an earlier version of brushprint wrote it"):
        Results(tmp_path).metrics("v")
