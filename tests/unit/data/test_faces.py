"""Faces are detected in pictures."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from skimage.data import astronaut

from brushprint.data.catalogue import build_catalogue
from brushprint.data.faces import BOX, find_faces, searched
from tests.conftest import encoded, picture
from tests.support.collections import LABELS


def found_in(root: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    table, *_ = build_catalogue(root, LABELS, images=None, max_rejected=0, seed=0, jobs=1)
    return find_faces(root, table, jobs=2), table


@pytest.fixture
def portrait() -> Image.Image:
    """An astronaut, whose face is in the upper middle of a photograph of 512 pixels."""
    return Image.fromarray(astronaut())


def test_a_face_is_detected_at_its_position(write_files: Callable, portrait: Image.Image) -> None:
    wide = Image.new("RGB", (1024, 512), "grey")
    wide.paste(portrait, (512, 0))
    files = {"human/portrait.png": portrait, "human/wide.png": wide, "human/none.png": picture(1, (300, 200))}
    root = write_files({name: encoded(image, "PNG") for name, image in files.items()})
    faces, table = found_in(root)
    by_path = faces.merge(table[["image_id", "path"]], on="image_id").set_index("path")
    assert "human/none.png" not in by_path.index
    box = by_path.loc["human/portrait.png", BOX]
    assert box["left"] < 0.43 < box["left"] + box["width"]
    assert box["top"] < 0.22 < box["top"] + box["height"]
    assert faces[BOX].stack().between(0, 1).all()


def test_pictures_without_faces_have_no_row(write_files: Callable) -> None:
    root = write_files({f"human/{seed}.jpg": encoded(picture(seed, (64, 48))) for seed in range(3)})
    faces, _ = found_in(root)
    assert faces.empty
    assert list(faces.columns) == ["image_id", *BOX]
    assert faces[BOX].dtypes.eq(float).all()


@pytest.mark.parametrize("size", [(1, 1), (20, 300), (5, 5)])
def test_pictures_too_small_for_a_face_have_none(write_files: Callable, size: tuple[int, int]) -> None:
    root = write_files({"human/a.png": encoded(picture(0, size), "PNG")})
    assert found_in(root)[0].empty


def test_the_faces_do_not_depend_on_the_number_of_jobs(write_files: Callable, portrait: Image.Image) -> None:
    stream = io.BytesIO()
    portrait.resize((200, 200)).save(stream, "PNG")
    files = {f"human/{seed}.png": encoded(picture(seed, (40, 40)), "PNG") for seed in range(4)}
    root = write_files(files | {"human/x.png": stream.getvalue()})
    table, *_ = build_catalogue(root, LABELS, images=None, max_rejected=0, seed=0, jobs=1)
    one, two = (find_faces(root, table, jobs=jobs) for jobs in (1, 2))
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    assert np.isfinite(one[BOX].to_numpy()).all()


def test_only_published_test_pictures_are_searched_if_every_split_uses_them() -> None:
    table = pd.DataFrame({"published_split": ["train", "test", None, "test"]})
    assert searched(table, published=True).index.tolist() == [1, 3]
    assert searched(table, published=False).index.tolist() == [0, 1, 2, 3]
    assert searched(table[:1], published=True).index.tolist() == [0]
