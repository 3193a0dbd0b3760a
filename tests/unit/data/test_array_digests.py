"""Arrays of pixels are never mistaken for those of other results."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from brushprint.core.errors import UserError
from brushprint.data.array_digests import open_array, restore_array, write_array_digest, write_seal


@pytest.fixture
def array(tmp_path: Path) -> Path:
    return tmp_path / "pixels-32-nearest.npy"


def make(array: Path, value: int, made_from: str) -> None:
    """Write pixels that all have one value, and their digest file."""
    np.save(array, np.full((1, 2, 2, 3), value, np.uint8))
    write_array_digest(array.with_suffix(".json"), pixels=f"the pixels of {value}", made_from=made_from)


def test_pixels_that_match_the_seal_are_opened(array: Path, tmp_path: Path) -> None:
    make(array, 7, "a" * 64)
    write_seal(pd.DataFrame({"row": [0]}), {"pixels": array.with_suffix(".json")}, tmp_path / "seal.json")
    assert (open_array(array, tmp_path / "seal.json") == 7).all()


def test_pixels_that_do_not_match_the_seal_are_refused(array: Path, tmp_path: Path) -> None:
    make(array, 7, "a" * 64)
    write_seal(pd.DataFrame({"row": [0]}), {"pixels": array.with_suffix(".json")}, tmp_path / "seal.json")
    make(array, 8, "b" * 64)
    with pytest.raises(UserError, match=r"pixels-32-nearest\.npy and .*seal\.json come from different runs"):
        open_array(array, tmp_path / "seal.json")


def test_copies_and_pixels_are_checked_against_the_seal_separately(array: Path, tmp_path: Path) -> None:
    copies, seal = tmp_path / "copies-augmented-32-nearest.npy", tmp_path / "seal.json"
    make(array, 7, "a" * 64)
    make(copies, 9, "b" * 64)
    digests = {"pixels": array.with_suffix(".json"), "copies": copies.with_suffix(".json")}
    write_seal(pd.DataFrame({"row": [0]}), digests, seal)
    assert (open_array(copies, seal, "copies") == 9).all()
    make(copies, 8, "c" * 64)
    assert (open_array(array, seal) == 7).all()
    with pytest.raises(UserError, match=r"copies-augmented-32-nearest\.npy and .*seal\.json come from different runs"):
        open_array(copies, seal, "copies")


def test_the_seal_depends_only_on_the_split_and_the_pixels(array: Path, tmp_path: Path) -> None:
    def sealed(split: list[int]) -> bytes:
        write_seal(pd.DataFrame({"row": split}), {"pixels": array.with_suffix(".json")}, tmp_path / "seal.json")
        return (tmp_path / "seal.json").read_bytes()

    make(array, 7, "a" * 64)
    first = sealed([0, 1])
    assert sealed([1, 0]) != first
    make(array, 7, "b" * 64)
    assert sealed([0, 1]) == first
    make(array, 8, "b" * 64)
    assert sealed([0, 1]) != first


def test_pixels_made_from_other_inputs_are_set_aside_and_can_be_restored(array: Path) -> None:
    make(array, 7, "a" * 64)
    restore_array(array, "a" * 64)
    assert (np.load(array) == 7).all()
    restore_array(array, "b" * 64)
    assert not array.exists()
    assert not array.with_suffix(".json").exists()
    make(array, 8, "b" * 64)
    restore_array(array, "a" * 64)
    assert (np.load(array) == 7).all()
    restore_array(array, "b" * 64)
    assert (np.load(array) == 8).all()


def test_interrupted_setting_aside_is_completed(array: Path) -> None:
    make(array, 7, "a" * 64)
    digest = array.with_suffix(".json").read_bytes()
    restore_array(array, "b" * 64)
    array.with_suffix(".json").write_bytes(digest)
    restore_array(array, "b" * 64)
    assert not array.with_suffix(".json").exists()
    restore_array(array, "a" * 64)
    assert (np.load(array) == 7).all()
    assert array.with_suffix(".json").read_bytes() == digest


@pytest.mark.parametrize("content", ["", "{", "[]", "{}"])
def test_an_array_with_a_damaged_digest_file_is_deleted(array: Path, content: str) -> None:
    make(array, 7, "a" * 64)
    array.with_suffix(".json").write_text(content)
    restore_array(array, "a" * 64)
    assert not array.exists()
    assert not array.with_suffix(".json").exists()


def test_only_the_pixels_set_aside_last_are_kept(array: Path) -> None:
    for value, made_from in enumerate("abcd"):
        restore_array(array, made_from * 64)
        make(array, value, made_from * 64)
    assert len(list(array.parent.glob("*.npy"))) == len(list(array.parent.glob("*.json"))) == 2
    restore_array(array, "c" * 64)
    assert (np.load(array) == 2).all()
