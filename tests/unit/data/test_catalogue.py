"""The catalogue: every file is catalogued, or rejected with a reason, or the run stops with one line."""

import hashlib
import shutil
import unicodedata
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

from brushprint.core.errors import UserError
from brushprint.data.catalogue import COLUMNS, MOST_UNLABELLED, UNLABELLED_COLUMNS, build_catalogue, examples
from brushprint.data.taxonomy import FolderRules
from tests.conftest import encoded, picture
from tests.support.collections import AI_ARTBENCH, GOOD, HUMAN_AND_AI, LABELS, catalogued, refusal, rule


def test_a_row_describes_its_file(write_files):
    exif = Image.Exif()
    exif[0x0112] = 6
    content = encoded(picture(1, (48, 40)), exif=exif)
    table, _ = catalogued(
        write_files({"train/human/x.jpg": content, "ai/grey.png": encoded(picture(2, mode="L"), "PNG")})
    )
    row = table.loc["train/human/x.jpg"]
    assert row["sha256"] == hashlib.sha256(content).hexdigest()
    assert row["image_id"] == row["sha256"][:16]
    assert (row["bytes"], row["format"], row["mode"]) == (len(content), "JPEG", "RGB")
    assert (row["width"], row["height"]) == (40, 48)
    assert (row["published_split"], row["origin"], row["folder"]) == ("train", "human", "human")
    assert len(row["phash"]) == 16
    assert (table.at["ai/grey.png", "format"], table.at["ai/grey.png", "mode"]) == ("PNG", "L")


@pytest.mark.parametrize("path", ["ai/x.jpg", "train/ai/x.jpg"])
def test_columns_have_the_same_types_whether_or_not_they_are_empty(write_files, path: str):
    table, _ = catalogued(write_files({path: GOOD}))
    sizes = {"bytes": "int64", "width": "int32", "height": "int32", "reduction": "int32"}
    assert table.dtypes.astype(str).to_dict() == {
        column: sizes.get(column, "str") for column in COLUMNS[:1] + COLUMNS[2:]
    }
    assert table["style"].isna().all()


def test_the_same_files_make_the_same_catalogue_in_a_folder_and_in_every_archive(pack, write_files):
    files = {
        f"{level}/{kind}/{seed}.jpg": encoded(picture(seed))
        for seed, (level, kind) in enumerate((level, kind) for level in ("train", "test") for kind in ("human", "ai"))
    }
    for jobs in (1, 3):
        table, rejected = catalogued(pack(files), jobs=jobs)
        pd.testing.assert_frame_equal(table, catalogued(write_files(files))[0])
        assert rejected == {}


def test_names_may_have_spaces_and_any_letters(pack):
    names = [
        "human/Vincent van Gogh – Nuit étoilée.jpg",
        "ai/浮世絵 \U0001f3a8.jpg",
        "human/a'b\"c%20[d].jpg",
        "ai/#;&.JPG",
    ]
    table, rejected = catalogued(pack({name: encoded(picture(seed)) for seed, name in enumerate(names)}))
    assert list(table.index) == sorted(names)
    assert rejected == {}


def test_files_that_are_not_pictures_are_rejected_with_the_reason(pack):
    table, rejected = catalogued(
        pack({"human/x.jpg": GOOD, "README": b"read me", "ai/y.pdf": b"%PDF-1.4", "ai/z": b"\0"})
    )
    assert list(table.index) == ["human/x.jpg"]
    assert rejected == {
        "README": "a text file",
        "ai/y.pdf": "a PDF document",
        "ai/z": "not a picture in a known format",
    }


def test_a_picture_without_a_suffix_or_with_a_wrong_one_is_catalogued(pack):
    files = {
        "human/no suffix": GOOD,
        "human/x.txt": encoded(picture(1), "PNG"),
        "ai/y.jpg": encoded(picture(2), "WEBP"),
    }
    table, rejected = catalogued(pack(files))
    assert table["format"].to_dict() == {"ai/y.jpg": "WEBP", "human/no suffix": "JPEG", "human/x.txt": "PNG"}
    assert rejected == {}


def test_files_that_accompany_a_collection_are_ignored_and_listed_apart(pack):
    system = ["human/.DS_Store", "human/Thumbs.db", "ai/desktop.ini", "__MACOSX/human/._x.jpg", "human/._x.jpg"]
    described = ["human/x.txt", "human/x.jpg.json", "HUMAN/X.XMP"]
    files = {"human/x.jpg": GOOD, "HUMAN/X.JPG": encoded(picture(1)), "ai/notes.txt": b"no picture has this name"}
    files |= dict.fromkeys([*system, *described], b"junk")
    ignored = build_catalogue(pack(files), LABELS, images=None, max_rejected=0, seed=0, jobs=1).ignored
    assert dict(zip(ignored["path"], ignored["reason"], strict=True)) == dict.fromkeys(
        sorted(system), "file of a system or program"
    ) | dict.fromkeys(sorted(described), "description beside a picture")
    assert catalogued(pack(files))[1] == {"ai/notes.txt": "a text file"}


def test_rejected_files_have_the_origin_of_their_folder(pack):
    files = {"human/x.jpg": GOOD, "human/y.jpg": b"junk", "ai/z.jpg": GOOD[:99], "ai/t": b"junk", "other/u.jpg": GOOD}
    rejected = build_catalogue(pack(files), LABELS, images=None, max_rejected=1, seed=0, jobs=1).rejected
    assert rejected.set_index("path")["origin"].fillna("").to_dict() == {
        "ai/t": "ai",
        "ai/z.jpg": "ai",
        "human/y.jpg": "human",
        "other/u.jpg": "",
    }


def test_unusable_files_are_counted_by_origin_and_repetitions_and_folders_are_not(pack):
    files = {f"human/{n}.jpg": encoded(picture(n)) for n in range(6)} | {"human/again.jpg": encoded(picture(0))}
    files |= {f"ai/{n}.jpg": encoded(picture(10 + n)) for n in range(3)} | {
        "ai/raw.dng": b"II*",
        "ai/cut.jpg": GOOD[:99],
    }
    files |= {"ai/empty/": b"", "other/x.txt": b"text"}
    unusable = build_catalogue(pack(files), LABELS, images=None, max_rejected=1, seed=0, jobs=1).unusable
    assert unusable == {"ai": {"files": 5, "rejected": 2}, "human": {"files": 7, "rejected": 0}}


def test_a_draw_keeps_the_share_of_unusable_files(write_files):
    files = {
        f"{name}/{n}.png": encoded(picture(n + 99 * len(name)), "PNG") for name in ("human", "ai") for n in range(40)
    }
    files |= {f"human/{n}.dng": b"II*" for n in range(20)}
    for images, expected in ((None, {"files": 60, "rejected": 20}), (20, {"files": 15, "rejected": 5})):
        unusable = build_catalogue(write_files(files), LABELS, images=images, max_rejected=0, seed=0, jobs=1).unusable
        assert unusable["human"] == expected
        assert unusable["ai"]["rejected"] == 0


def test_names_that_macos_and_other_systems_write_differently_are_equal(pack):
    composed, decomposed = "Café Art", unicodedata.normalize("NFD", "Café Art")
    assert composed != decomposed
    rules = [rule("human_(?P<style>.+)", "human", "human"), rule(decomposed, "ai", "ai", composed)]
    files = {f"human_{composed}/x.jpg": GOOD, f"human_{decomposed}/y.jpg": encoded(picture(1))}
    files |= {f"{composed}/z.jpg": encoded(picture(2)), f"{decomposed}/z.jpg": encoded(picture(3))}
    table, rejected = catalogued(pack(files), labels=rules)
    assert set(table["style"]) == {"café_art"}
    assert set(table["folder"]) == {f"human_{composed}", composed}
    assert rejected == {}


def test_a_picture_without_a_class_folder_is_listed_as_rejected(pack):
    table, rejected = catalogued(pack({"x.jpg": GOOD, "other/y.jpg": GOOD, "human/z.jpg": GOOD}))
    assert list(table.index) == ["human/z.jpg"]
    assert rejected["x.jpg"].startswith("it lies in no folder; give the folder above")
    assert rejected["other/y.jpg"].startswith("no rule of collection.labels matches its folders; the nearest names are")


def test_an_empty_class_folder_is_listed_as_rejected(pack):
    _, rejected = catalogued(pack({"human/x.jpg": GOOD, "ai/": b"", "human/deep/er/": b""}))
    assert rejected.keys() >= {"ai/", "human/deep/er/"}
    assert set(rejected.values()) == {"empty folder"}


def test_a_picture_in_both_train_and_test_is_kept_only_in_test(pack):
    table, rejected = catalogued(pack({"train/ai/a.jpg": GOOD, "test/ai/b.jpg": GOOD, "ai/a.jpg": GOOD}))
    assert list(table.index) == ["test/ai/b.jpg"]
    assert rejected == dict.fromkeys(["ai/a.jpg", "train/ai/a.jpg"], "same content as test/ai/b.jpg")


def test_a_folder_tree_that_occurs_twice_is_catalogued_once(pack):
    tree = {f"{level}/human/{level}.jpg": encoded(picture(seed)) for seed, level in enumerate(["train", "test"])}
    table, rejected = catalogued(pack({f"{root}/{path}": content for root in "ab" for path, content in tree.items()}))
    assert list(table.index) == ["a/test/human/test.jpg", "a/train/human/train.jpg"]
    assert rejected == {path.replace("a/", "b/", 1): f"same content as {path}" for path in table.index}


def test_a_picture_labelled_both_human_and_ai_is_rejected(pack):
    table, rejected = catalogued(pack({"human/x.jpg": GOOD, "ai/y.jpg": GOOD, "ai/z.jpg": encoded(picture(1))}))
    assert list(table.index) == ["ai/z.jpg"]
    assert rejected == dict.fromkeys(["ai/y.jpg", "human/x.jpg"], "the same content is labelled both human and AI")


@pytest.mark.parametrize("files", [{"ai/": b""}, {"README.txt": b"read me"}, {"x.jpg": GOOD}, {"ai/x.jpg": b"text"}])
def test_a_collection_without_usable_pictures_is_refused_with_an_example(pack, files: dict[str, bytes]):
    said = refusal(pack(files))
    assert said.startswith("collection.source: no usable picture with a label in ")
    assert f"the first of 1 rejected files is {next(iter(files))}: " in said


def test_too_many_broken_pictures_stop_the_run_with_an_example(pack):
    files = {f"human/{seed}.jpg": encoded(picture(seed)) for seed in range(3)} | {"human/bad.jpg": b"text"}
    root = pack(files)
    assert refusal(root, max_rejected=0.24).startswith(
        "1 of 4 pictures cannot be read, more than collection.max_rejecte"
    )
    assert refusal(root, max_rejected=0).endswith("the first is human/bad.jpg: a text file")
    assert len(catalogued(root, max_rejected=0.25)[0]) == 3


@pytest.fixture
def many(write_files) -> Path:
    sizes = {"train/human": 12, "train/ai": 24, "test/ai": 4}
    return write_files(
        {
            f"{folder}/{number}.jpg": encoded(picture(100 * place + number, (8, 8)))
            for place, (folder, size) in enumerate(sizes.items())
            for number in range(size)
        }
    )


@pytest.mark.parametrize(("images", "each"), [(10, [6, 3, 1]), (20, [12, 6, 2]), (40, [24, 12, 4]), (99, [24, 12, 4])])
def test_the_budget_draws_the_requested_number_in_proportion_to_the_folders(many: Path, images: int, each: list[int]):
    table, rejected = catalogued(many, images=images)
    assert table.index.str.rsplit("/", n=1).str[0].value_counts().tolist() == each
    assert rejected == {}


def test_the_budget_draws_the_same_pictures_only_for_the_same_seed(many: Path, tmp_path: Path):
    first = catalogued(many, images=20)[0]
    pd.testing.assert_frame_equal(first, catalogued(many, images=20, jobs=3)[0])
    archive = Path(shutil.make_archive(str(tmp_path / "x"), "tar", many))
    pd.testing.assert_frame_equal(first, catalogued(archive, images=20)[0])
    assert list(first.index) != list(catalogued(many, images=20, seed=1)[0].index)


def test_examples_show_every_style_of_a_source_before_one_is_shown_twice(write_files) -> None:
    files = {f"AI_LD_style{n % 3}/{n}.jpg": encoded(picture(n)) for n in range(9)}
    files |= {f"human/{n}.jpg": encoded(picture(20 + n)) for n in range(2)}
    table, *_ = build_catalogue(
        write_files(files), FolderRules([*AI_ARTBENCH[:1], *HUMAN_AND_AI]), images=None, max_rejected=0, seed=0, jobs=1
    )
    shown = examples(write_files({}), table, 1, most=5, side=20)
    assert {source: [style for style, _ in pictures] for source, pictures in shown.items()} == {
        "human": ["human", "human"],
        "latent_diffusion": ["style0", "style0", "style1", "style1", "style2"],
    }
    assert {max(image.size) for pictures in shown.values() for _, image in pictures} == {20}


def unlabelled(root: Path | str, **options: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    asked = {"images": None, "max_rejected": 1, "seed": 0, "jobs": 1, "setting": "robustness.picked"} | options
    return build_catalogue(root, None, **asked)[:2]


def test_unlabelled_pictures_are_catalogued_and_other_files_are_listed(write_files, tmp_path: Path):
    root = write_files(
        {
            "b.png": encoded(picture(1), "PNG"),
            "deep/er/a.jpg": encoded(picture(2, (30, 70))),
            "broken.jpg": encoded(picture(3))[:200],
            "notes.txt": b"mine",
        }
    )
    table, rejected = unlabelled(root, jobs=2)
    assert tuple(table.columns) == UNLABELLED_COLUMNS
    assert table["path"].tolist() == ["b.png", "deep/er/a.jpg"]
    assert table[["width", "height"]].to_numpy().tolist() == [[48, 40], [30, 70]]
    assert rejected["path"].tolist() == ["broken.jpg", "notes.txt"]
    assert rejected["reason"].isin(["a picture whose beginning is damaged", "a text file"]).all()
    archive = shutil.make_archive(str(tmp_path / "pictures"), "zip", root)
    pd.testing.assert_frame_equal(unlabelled(archive)[0], table)


def test_two_unlabelled_files_with_the_same_content_are_both_kept(write_files):
    content = encoded(picture(1), "PNG")
    table, rejected = unlabelled(write_files({"a.png": content, "b.png": content}))
    assert table["image_id"].nunique() == 1
    assert (len(table), len(rejected)) == (2, 0)


def test_too_many_or_no_unlabelled_pictures_are_refused_with_the_name_of_the_setting(write_files, tmp_path: Path):
    many = write_files({f"{number}.png": b"" for number in range(MOST_UNLABELLED + 1)})
    with pytest.raises(UserError, match=f"robustness.picked: .* has 501 pictures, but at most {MOST_UNLABELLED} "):
        unlabelled(many)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UserError, match=r"robustness.picked: no usable picture in .*empty$"):
        unlabelled(empty)
    (empty / "a.txt").write_text("no picture")
    with pytest.raises(UserError, match=r"the first of 1 rejected files is a.txt: a text file$"):
        unlabelled(empty)
    with pytest.raises(UserError, match=r"robustness.picked: .*nowhere does not exist"):
        unlabelled(tmp_path / "nowhere")
