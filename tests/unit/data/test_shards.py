"""Parquet shards are read as a folder with a file for each row."""

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brushprint.core.errors import UserError
from brushprint.data.archive import LARGEST_MEMBER, members
from brushprint.data.catalogue import read_catalogued_files
from tests.conftest import encoded, picture
from tests.support.collections import catalogued, refusal, sharded

FILES = {
    f"{level}/{name}/{seed}.jpg": encoded(picture(seed))
    for seed, (level, name) in enumerate([("train", "human")] * 4 + [("train", "ai")] * 3 + [("test", "ai")] * 2)
}


def test_shards_give_the_same_catalogue_as_a_folder_except_for_the_paths(tmp_path: Path, write_files) -> None:
    root = sharded(tmp_path / "shards", FILES)
    shards, rejected = catalogued(root)
    folder, _ = catalogued(write_files(FILES))
    pd.testing.assert_frame_equal(shards.set_index("image_id").sort_index(), folder.set_index("image_id").sort_index())
    assert rejected == {"README.md": "a text file"}
    assert shards.index[0] == "data/test/ai/test-00000-of-00001-000000-7.jpg"
    contents = dict(read_catalogued_files(root, shards.reset_index(), lambda content: content, 2, "shards"))
    assert sorted(contents.values()) == sorted(FILES.values())


def test_one_shard_may_be_the_collection(tmp_path: Path) -> None:
    root = sharded(tmp_path / "shards", FILES, rows=100)
    table, _ = catalogued(root / "data/train-00000-of-00001.parquet")
    assert table["published_split"].unique().tolist() == ["train"]
    assert table["origin"].value_counts().to_dict() == {"human": 4, "ai": 3}


def test_pictures_without_a_stored_name_in_a_plain_column_are_judged_by_their_content(tmp_path: Path) -> None:
    rows = [encoded(picture(1), "WEBP"), b"no picture", None]
    table = pa.table({"jpg": pa.array(rows, pa.binary()), "label": ["ai", "human", "ai"]})
    pq.write_table(table, tmp_path / "x.parquet")
    found, rejected = catalogued(tmp_path / "x.parquet")
    assert found["format"].to_dict() == {"ai/x-000000": "WEBP"}
    assert rejected == {
        "ai/x-000002": "the row of the Parquet file holds no picture",
        "human/x-000001": "a text file",
    }


def test_a_parquet_file_without_pictures_is_a_file_like_any_other(write_files) -> None:
    root = write_files({"human/x.jpg": encoded(picture(1))})
    pq.write_table(pa.table({"prompt": ["a cat"]}), root / "metadata.parquet")
    table, rejected = catalogued(root)
    assert list(table.index) == ["human/x.jpg"]
    assert rejected == {"metadata.parquet": "a Parquet table"}


@pytest.mark.parametrize("name", ["../../x.jpg", "/etc/passwd", "a\\..\\x.jpg", "x" * 300 + ".jpg"])
def test_stored_names_and_classes_never_lead_elsewhere(tmp_path: Path, name: str) -> None:
    image = pa.array([{"bytes": encoded(picture(1)), "path": name}])
    pq.write_table(pa.table({"image": image, "label": ["../ai"]}), tmp_path / "x.parquet")
    (member,) = members(tmp_path / "x.parquet")
    assert member.path.startswith(".._ai/x-000000-")
    assert member.read(LARGEST_MEMBER) == encoded(picture(1))


def test_unknown_class_numbers_and_missing_classes_give_no_folder(tmp_path: Path) -> None:
    root = sharded(tmp_path / "shards", FILES, rows=100)
    file = root / "data/test-00000-of-00001.parquet"
    table = pq.read_table(file)
    for labels in ([7, -1], [None, None]):
        pq.write_table(table.set_column(1, "label", pa.array(labels, pa.int64())), file)
        assert sorted(path for path, *_ in members(file)) == [
            f"test/test-00000-of-00001-{row:06}-{7 + row}.jpg" for row in range(2)
        ]


def test_a_damaged_shard_stops_the_run_in_one_line(tmp_path: Path) -> None:
    root = sharded(tmp_path / "shards", FILES)
    file = root / "data/test-00000-of-00001.parquet"
    file.write_bytes(file.read_bytes()[:-20])
    assert f"{file} is damaged (" in refusal(root)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_shard_with_damaged_bytes_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    file = tmp_path / "x.parquet"
    image = pa.array([{"bytes": encoded(picture(seed, (8, 8))), "path": "x.jpg"} for seed in range(3)])
    pq.write_table(pa.table({"image": image, "label": ["ai", "human", "ai"]}), file, compression="zstd")
    content = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    file.write_bytes(content)
    try:
        table, rejected = catalogued(file)
        assert len(table) + len(rejected) <= 3
    except UserError as error:
        assert "\n" not in str(error)


def test_a_damaged_page_costs_the_pictures_of_its_row_group_alone(tmp_path: Path) -> None:
    file = tmp_path / "x.parquet"
    contents = [encoded(picture(seed)) for seed in range(60)]
    image = pa.array([{"bytes": content, "path": "x.jpg"} for content in contents])
    pq.write_table(pa.table({"image": image, "label": ["ai"] * 60}), file, row_group_size=20, compression="zstd")
    chunk = pq.ParquetFile(file).metadata.row_group(1).column(0)
    damaged = bytearray(file.read_bytes())
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    damaged[start : start + 30] = bytes(30)
    file.write_bytes(damaged)
    table, rejected = catalogued(file)
    rows = {int(path.split("-")[1]) for path in rejected}
    assert rows
    assert rows <= set(range(20, 40))
    assert len(table) + len(rejected) == 60
    assert not any("StopIteration" in reason for reason in rejected.values())


@pytest.mark.parametrize("labels", [pd.Series(["ai", "human"]), pd.Series(["ai", "human"], dtype="category")])
def test_tables_that_pandas_writes_are_read(tmp_path: Path, labels: pd.Series) -> None:
    file = tmp_path / "x.parquet"
    pd.DataFrame({"image": [encoded(picture(1)), encoded(picture(2))], "label": labels}).to_parquet(file)
    assert catalogued(file)[0]["origin"].tolist() == ["ai", "human"]


def test_a_column_that_is_declared_and_named_as_picture_is_read_before_others(tmp_path: Path) -> None:
    struct = [{"bytes": encoded(picture(1)), "path": "x.jpg"}]
    other = [{"bytes": b"other", "path": "x.wav"}]
    for declared in ({"audio": "Audio", "image": "Image"}, {"audio": "Image", "image": "Image"}, {}):
        features = {name: {"_type": kind} for name, kind in declared.items()}
        metadata = {"huggingface": json.dumps({"info": {"features": features}})}
        table = pa.table({"audio": other, "image": struct}).replace_schema_metadata(metadata)
        pq.write_table(table, tmp_path / "x.parquet")
        (member,) = members(tmp_path / "x.parquet")
        assert member.read(LARGEST_MEMBER) == encoded(picture(1))


@pytest.mark.parametrize("path", [pa.array([7]), pa.array([b"x.jpg"])])
def test_a_stored_name_that_is_no_text_is_not_used(tmp_path: Path, path: pa.Array) -> None:
    image = pa.StructArray.from_arrays([pa.array([encoded(picture(1))]), path], ["bytes", "path"])
    pq.write_table(pa.table({"image": image, "label": ["ai"]}), tmp_path / "x.parquet")
    assert list(catalogued(tmp_path / "x.parquet")[0].index) == ["ai/x-000000"]


def test_two_columns_of_one_name_are_refused_in_one_line(tmp_path: Path) -> None:
    column = pa.array([{"bytes": b"x", "path": "x"}])
    pq.write_table(pa.Table.from_arrays([column, column], ["image", "image"]), tmp_path / "x.parquet")
    assert "is damaged (two columns have the same name); fetch it again" in refusal(tmp_path / "x.parquet")


@pytest.mark.parametrize("name", ["test-00000-of-00001", "test_0", "test.0", "eval", "Testing-x"])
def test_a_shard_belongs_to_the_partition_that_its_name_begins_with(tmp_path: Path, name: str) -> None:
    table = pa.table({"jpg": pa.array([encoded(picture(1))], pa.binary()), "label": ["ai"]})
    pq.write_table(table, tmp_path / f"{name}.parquet")
    found, _ = catalogued(tmp_path)
    assert found["published_split"].tolist() == ["test"]


def test_columns_of_pictures_that_are_not_read_are_named(tmp_path: Path, caplog) -> None:
    pictures = pa.array([encoded(picture(1))], pa.binary())
    table = pa.table({"image": pictures, "png": pictures, "label": ["ai"]})
    pq.write_table(table, tmp_path / "x.parquet")
    with caplog.at_level("INFO", "brushprint"):
        catalogued(tmp_path / "x.parquet")
    notes = [record.getMessage() for record in caplog.records if "are read from" in record.getMessage()]
    assert notes == ["note: pictures are read from the column image of the Parquet files, not from png"]
