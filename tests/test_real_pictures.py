"""Real pictures beside the repository, where there are any: what was learned on synthetic ones holds there too."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from brushprint.catalogue import catalogue
from brushprint.pixels import write_pixels
from brushprint.split import split
from tests.conftest import REPOSITORY

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
