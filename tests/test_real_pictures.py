"""Real pictures beside the repository, where there are any: what was learned on synthetic ones holds there too."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from brushprint.catalogue import catalogue
from brushprint.pixels import write_pixels
from brushprint.split import split
from tests.conftest import REPOSITORY, snakemake

PICTURES = REPOSITORY.parent / "shared/data"


def labels(settings: str) -> list[dict]:
    rules = yaml.safe_load((REPOSITORY / "config" / settings).read_text())["collection"]["labels"]
    return [{"style": None} | rule for rule in rules]


def archive(name: str) -> Path:
    if not (PICTURES / name).exists():
        pytest.skip(f"{name} is not beside the repository: these pictures may not be given away")
    return PICTURES / name


@pytest.mark.parametrize(
    ("name", "settings", "counts"),
    [
        ("ai-artbench-slice.zip", "config.yaml", {"human": 124, "latent_diffusion": 42, "stable_diffusion": 42}),
        ("ai-artbench-native-sizes.zip", "config.yaml", {"human": 10, "stable_diffusion": 10}),
        ("art-two-folders.zip", "own-pictures.yaml", {"human": 330, "ai": 676}),
        (
            "human-ai-artwork-slice.zip",
            "human-ai-artwork.yaml",
            {"diffusiondb": 427, "latent_diffusion": 42, "stable_diffusion": 42, "human": 101},
        ),
    ],
)
def test_every_picture_is_catalogued_under_its_source(name: str, settings: str, counts: dict[str, int]) -> None:
    table, rejected = catalogue(archive(name), labels(settings), images=None, max_rejected=0, seed=0, jobs=2)
    assert table["source"].value_counts().to_dict() == counts
    assert rejected.empty


def test_both_spellings_of_ukiyo_e_are_one_style() -> None:
    table, _ = catalogue(
        archive("ai-artbench-slice.zip"), labels("config.yaml"), images=None, max_rejected=0, seed=0, jobs=2
    )
    assert table["style"].nunique() == 10
    assert table.loc[table["style"] == "ukiyo_e", "source"].nunique() == 3


def test_native_sizes_tell_stable_diffusion_from_the_rest() -> None:
    table, _ = catalogue(
        archive("ai-artbench-native-sizes.zip"), labels("config.yaml"), images=None, max_rejected=0, seed=0, jobs=2
    )
    assert table.groupby("source")["width"].unique().map(list).to_dict() == {"human": [256], "stable_diffusion": [768]}


def test_real_pictures_become_pixels_and_a_published_split(tmp_path: Path) -> None:
    source = archive("ai-artbench-slice.zip")
    table, _ = catalogue(source, labels("config.yaml"), images=None, max_rejected=0, seed=0, jobs=2)
    write_pixels(source, table, tmp_path / "pixels.npy", size=32, resize="bilinear", jobs=2)
    pixels = np.load(tmp_path / "pixels.npy")
    assert pixels.shape == (208, 32, 32, 3)
    assert pixels.std(axis=(1, 2, 3)).min() > 1
    shares = {"published": True, "test": 0.2, "validation": 0.1}
    parts = split(table, **shares, drop=[], subsample=None, copies=None, capped=False, seed=0)
    assert parts["partition"].value_counts().to_dict() == {"train": 128, "test": 66, "validation": 14}


def learn(project: Path, collection: str, *variants: str) -> dict[str, dict]:
    """Train and judge variants on a slice of a collection as its settings say, but shortly; the metrics of each."""
    config = REPOSITORY / "config"
    files = [config / f"{name}.yaml" for name in ("config", "recipes", collection, "small")]
    results = project / f"results/{collection}/variants"
    snakemake(
        project,
        *(f"{(results / name).relative_to(project)}/figures/confusion.png" for name in variants),
        *("--configfile", *map(str, files)),
        *("--config", f"collection={{source: {archive(f'{collection}-slice.zip')}}}", "budget={epochs: 1, pixels: 32}"),
    )
    return {name: json.loads((results / name / "metrics.json").read_text()) for name in variants}


def test_human_ai_artwork_gives_its_three_tasks(project: Path) -> None:
    found = learn(project, "human-ai-artwork", "conv3-origin", "conv3-source", "conv3-folder")
    classes = {name: metrics["classes"] for name, metrics in found.items()}
    assert classes["conv3-origin"] == ["ai", "human"]
    assert classes["conv3-source"] == ["diffusiondb", "human", "latent_diffusion", "stable_diffusion"]
    assert len(classes["conv3-folder"]) == 47
    assert "Human_Ukiyo_e" in classes["conv3-folder"]
    assert "Human_New_Realism" not in classes["conv3-folder"]
    assert found["conv3-source"]["test"]["top"].keys() == {"2", "3"}
    assert found["conv3-folder"]["test"]["top"].keys() == {"2", "3", "5"}
    catalogued = pd.read_parquet(project / "results/human-ai-artwork/catalogue.parquet")
    assert catalogued["folder"].nunique() == 52


def test_the_twenty_class_variants_learn_from_ai_artbench(project: Path) -> None:
    names = ["simple-cnn", "resnet18-frozen", "resnet18-aggressive", "resnet18-augmented", "resnet18-224"]
    for metrics in learn(project, "ai-artbench", *names).values():
        assert len(metrics["classes"]) == 20
        assert metrics["classes"][0] == "ai art_nouveau"
        assert metrics["test"]["parts"].keys() == {"origin", "style"}
        assert metrics["test"]["pictures"] == 66
