"""The commands of docs/explanation/trust.md: harmonised pictures, pictures from elsewhere, hand-picked ones."""

import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.conftest import REPOSITORY, copy_project, encoded, jobs, picture, share, snakemake

RESULTS = "results/sample"
VARIANTS = ("simple-cnn", "cifake-32")


def told() -> list[str]:
    """The settings of the commands in docs/explanation/trust.md."""
    text = (REPOSITORY / "docs/explanation/trust.md").read_text()
    return re.findall(r"^snakemake --cores all --config '(.*)'$", text, re.MULTILINE)


def run_all(finished: Path, project: Path) -> None:
    copy_project(finished, project)
    elsewhere = project / "path/to/pictures"
    for number in range(24):
        folder = elsewhere / ("ai", "human")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.png").write_bytes(encoded(picture(number, (60, 80)), "PNG"))
    with zipfile.ZipFile(next((project / "data").glob("*.archive"))) as archive:
        known = next(name for name in archive.namelist() if "/train/realism/" in name)
        (elsewhere / "human/known.jpg").write_bytes(archive.read(known))
    (elsewhere / "human/broken.jpg").write_bytes(b"no picture")
    (elsewhere / "human/notes.txt").write_text("not one either")
    snakemake(project, "--config", *told())


@pytest.fixture(scope="module")
def trusted(finished: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    return share("trusted", lambda project: run_all(finished, project), tmp_path_factory, worker_id)


def read(project: Path, name: str) -> dict:
    return json.loads((project / RESULTS / name).read_text())


def test_a_second_run_has_nothing_to_do(trusted: Path) -> None:
    output = snakemake(trusted, "-n", "--config", *told())
    assert "Nothing to be done" in output, jobs(output)


def test_harmonised_pictures_have_the_same_size_and_quality_and_the_audit_shows_both_states(trusted: Path) -> None:
    raw, harmonised = (
        pd.read_parquet(trusted / RESULTS / f"shortcut-features-{state}.parquet") for state in ("raw", "harmonised")
    )
    assert raw["width"].nunique() > 1
    assert (harmonised["width"] == 128).all() and harmonised["jpeg_quality"].nunique() == 1
    audit = read(trusted, "audit.json")
    found = {state: {row["features"] for row in audit[state] if row["reported"]} for state in ("raw", "harmonised")}
    assert "dimensions" in found["raw"] - found["harmonised"]
    assert "After harmonising, as the networks see them" in (trusted / RESULTS / "report/index.html").read_text()


@pytest.mark.parametrize("variant", VARIANTS)
def test_pictures_from_elsewhere_are_tested_and_those_of_the_collection_are_excluded(
    trusted: Path, variant: str
) -> None:
    metrics = read(trusted, f"variants/{variant}/external.json")
    assert (metrics["human"], metrics["ai"], metrics["left_out"]) == (12, 12, 1)
    splits = pd.concat(map(pd.read_parquet, (trusted / RESULTS / "splits").glob("*.parquet")))
    scores = pd.read_parquet(trusted / RESULTS / f"variants/{variant}/external.parquet")
    assert not set(scores["image_id"]) & set(splits["image_id"])
    assert scores["p_ai"].between(0, 1).all()


def test_hand_picked_pictures_have_the_scores_of_all_variants_side_by_side(trusted: Path) -> None:
    table = pd.read_csv(trusted / RESULTS / "picked.csv")
    assert set(VARIANTS) < set(table.columns)
    assert table["path"].nunique() == 25
    assert set(table.loc[table["name"] == "jpeg", "severity"]) == {1, 2, 3, 4, 5}
    assert "swap" not in set(table["name"])
    rejected = pd.read_parquet(trusted / RESULTS / "picked-rejected.parquet")
    assert set(rejected["path"]) == {"human/broken.jpg", "human/notes.txt"}
    assert Image.open(trusted / RESULTS / "figures/picked.png").width > 300
    assert "Hand-picked pictures" in (trusted / RESULTS / "report/index.html").read_text()


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_uncorrupted_picture_has_the_same_score_as_in_the_predictions(finished: Path, variant: str) -> None:
    folder = finished / RESULTS / "variants" / variant
    changed = pd.read_parquet(folder / "corrupted.parquet")
    predictions = pd.read_parquet(folder / "predictions.parquet").set_index("image_id")
    unchanged = changed[changed["name"] == "none"]
    assert np.allclose(unchanged["p_ai"], predictions.loc[unchanged["image_id"], "ai_probability"], atol=1e-6)
    rates = pd.read_parquet(folder / "robustness.parquet")
    assert set(rates["measure"]) == {"accuracy", "balanced_accuracy", "false_alarms", "misses"}
    assert (rates.loc[rates["name"] == "none", "change"].dropna() == 0).all()


def test_arms_are_trained_without_their_generator_and_the_card_says_so(finished: Path) -> None:
    for source in ("latent_diffusion", "stable_diffusion"):
        split = pd.read_parquet(finished / RESULTS / f"splits/balanced+without-{source}.parquet")
        assert set(split.loc[split["source"] == source, "partition"]) == {"test"}
        card = (finished / RESULTS / "variants/cifake-32/card.md").read_text()
        assert f"and not on {source}, the network misses" in card
    arms = read(finished, "arms.json")
    assert [row["networks"] for row in arms["seeds"]] == [2]
    assert {row["source"] for row in arms["unseen"]} == {"latent_diffusion", "stable_diffusion"}
    provenance = read(finished, "variants/cifake-32+seed-1/provenance.json")
    assert set(provenance["code"]) >= {"train", "infer", "predictions", "near_duplicates"}
    assert "explain" not in provenance["code"]
