"""A table may label the pictures, in place of the names of folders."""

import unicodedata
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brushprint.core.errors import UserError
from brushprint.data.catalogue import build_catalogue
from brushprint.data.label_table import LabelTable
from brushprint.data.taxonomy import Label
from tests.conftest import encoded, picture

ROWS = pd.DataFrame(
    {
        "path": ["a/1.jpg", "a/2.jpg", "3.png"],
        "origin": ["human", "AI", "ai"],
        "source": ["", "dalle-3", "midjourney"],
        "style": ["Ukiyo-e!", "", "baroque"],
        "split": ["", "Training", "test"],
        "note": ["not used", "x", "y"],
    }
)
LABELS = {
    "a/1.jpg": Label("a", "human", "human", "ukiyo_e", None),
    "a/2.jpg": Label("a", "ai", "dalle-3", None, "train"),
    "3.png": Label("midjourney", "ai", "midjourney", "baroque", "test"),
}


def saved(folder: Path, table: pd.DataFrame, suffix: str) -> Path:
    file = folder / f"labels{suffix}"
    if suffix == ".parquet":
        table.to_parquet(file)
    else:
        table.to_csv(file, index=False, sep="\t" if suffix == ".tsv" else ",")
    return file


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
def test_each_row_labels_a_picture(tmp_path: Path, suffix: str) -> None:
    table = LabelTable(saved(tmp_path, ROWS, suffix))
    assert {path: table.of(path) for path in LABELS} == LABELS
    assert table.of("b/1.jpg") == "no row of collection.labels_file has its path"
    assert (table.sources["ai"], table.styled) == ({"dalle-3", "midjourney"}, True)


def test_columns_besides_path_and_origin_may_be_missing(tmp_path: Path) -> None:
    table = LabelTable(saved(tmp_path, ROWS[["origin", "path"]], ".csv"))
    assert table.of("a/2.jpg") == Label("a", "ai", "ai", None, None)
    assert not table.styled


def test_missing_values_of_a_parquet_file_are_unknown(tmp_path: Path) -> None:
    table = LabelTable(saved(tmp_path, ROWS.assign(style=None, source=[None, "dalle-3", "x"]), ".parquet"))
    assert table.of("a/1.jpg") == Label("a", "human", "human", None, None)


def test_a_folder_column_gives_the_classes_of_folders(tmp_path: Path) -> None:
    table = LabelTable(saved(tmp_path, ROWS.assign(folder=["x", "y", ""]), ".csv"))
    assert [table.of(path).folder for path in LABELS] == ["x", "y", "midjourney"]


@pytest.mark.parametrize("spelling", ["./a/é.jpg", "a\\é.jpg", unicodedata.normalize("NFD", "a/é.jpg"), " a/é.jpg "])
def test_paths_are_compared_in_one_spelling(tmp_path: Path, spelling: str) -> None:
    table = LabelTable(saved(tmp_path, pd.DataFrame({"path": [spelling], "origin": ["ai"]}), ".csv"))
    for path in ("a/é.jpg", unicodedata.normalize("NFD", "a/é.jpg")):
        assert table.of(path) == Label("a", "ai", "ai", None, None)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"origin": ["human", "robot", "ai"]}, "row 2: the origin 'robot' is neither human nor ai"),
        ({"split": ["", "", "holdout"]}, "row 3: the split 'holdout' is none of train, validation and test"),
        ({"source": ["human", "DALL·E", ""]}, "row 2: the source 'DALL·E' has other characters than letters, digits"),
        ({"path": ["x.jpg", "y.jpg", "./x.jpg"]}, "row 3: a second row for x.jpg"),
        ({"path": ["x.jpg", "", "y.jpg"]}, "row 2: the path is empty"),
    ],
)
def test_a_mistake_in_a_row_is_refused_with_its_number(tmp_path: Path, change: dict, reason: str) -> None:
    file = saved(tmp_path, ROWS.assign(**change), ".csv")
    with pytest.raises(UserError) as raised:
        LabelTable(file)
    assert str(raised.value).startswith(f"collection.labels_file: {file}: {reason}")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", " is no table: No columns to parse from file; save it as CSV in UTF-8"),
        (b"path,origin\n", " has no rows; list a picture in each row"),
        (b"path,origin\nx.jpg,ai,\n", " has rows with more values than there are columns; put values with"),
        (b'path,"a\nb"\nx.jpg,ai\n', " has no column 'origin'; its columns are path, a b; rename the one"),
        (b'path,origin\n"x\ny",ai\n"x\ny",ai\n', ": row 2: a second row for x y"),
        (b"file,origin\nx.jpg,ai\n", " has no column 'path'; its columns are file, origin; rename the one"),
        (b"path,label\nx.jpg,ai\n", " has no column 'origin'; its columns are path, label; rename the one"),
        (b"path,origin,Origin\nx.jpg,ai,ai\n", " has two columns 'origin'; rename one"),
        (b"path,origin,origin\nx.jpg,ai,human\n", " has two columns 'origin'; rename one"),
        (b"path,origin\n\xff.jpg,ai\n", " is no table: 'utf-8' codec can't decode byte 0xff"),
        (b'path,origin\n"x.jpg,ai\n', " is no table: Error tokenizing data"),
    ],
)
def test_a_file_that_is_no_table_of_labels_is_refused_in_one_line(tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "labels.csv"
    file.write_bytes(content)
    with pytest.raises(UserError) as raised:
        LabelTable(file)
    assert str(raised.value).startswith(f"collection.labels_file: {file}{reason}")
    assert "\n" not in str(raised.value)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=80)
    | st.lists(st.lists(st.text(max_size=6) | st.sampled_from(["ai", "human", "x.jpg", "test"])), max_size=5).map(
        lambda rows: "\n".join(["path,origin,split", *map(",".join, rows)]).encode(errors="replace")
    ),
    st.sampled_from([".csv", ".tsv", ".parquet"]),
)
def test_any_content_is_read_or_refused_in_one_line(tmp_path: Path, content: bytes, suffix: str) -> None:
    file = tmp_path / f"labels{suffix}"
    file.write_bytes(content)
    try:
        assert LabelTable(file).absent(set())
    except UserError as error:
        assert "\n" not in str(error)


def test_pictures_are_catalogued_by_a_table_and_no_file_or_row_is_lost(write_files, tmp_path: Path) -> None:
    contents = {"a/1.jpg": encoded(picture(1)), "3.png": encoded(picture(2), "PNG"), "b/4.jpg": encoded(picture(3))}
    labels = LabelTable(saved(tmp_path, ROWS, ".csv"))
    pictures, rejected, *_ = build_catalogue(write_files(contents), labels, images=None, max_rejected=0, seed=0, jobs=1)
    assert pictures["style"].tolist() == ["baroque", "ukiyo_e"]
    assert rejected["origin"].fillna("").tolist() == ["ai", ""]
    assert dict(zip(rejected["path"], rejected["reason"], strict=True)) == {
        "a/2.jpg": "labelled, but not in the collection, where paths begin below its folder, such as 3.png",
        "b/4.jpg": "no row of collection.labels_file has its path",
    }


def test_the_columns_of_a_parquet_file_are_named_if_one_is_missing(tmp_path: Path) -> None:
    file = saved(tmp_path, ROWS.rename(columns={"path": "file"}), ".parquet")
    with pytest.raises(UserError, match="has no column 'path'; its columns are file, origin, source"):
        LabelTable(file)


def test_an_index_that_pandas_stored_is_a_column(tmp_path: Path) -> None:
    ROWS.set_index("path").to_parquet(tmp_path / "labels.parquet")
    assert LabelTable(tmp_path / "labels.parquet").of("3.png") == LABELS["3.png"]


def test_paths_of_a_parquet_file_that_are_no_text_are_refused_in_one_line(tmp_path: Path) -> None:
    pd.DataFrame({"path": [b"x\xff"], "origin": ["ai"]}).to_parquet(tmp_path / "labels.parquet")
    with pytest.raises(UserError, match="is no table: 'utf-8' codec"):
        LabelTable(tmp_path / "labels.parquet")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".txt"])
def test_the_first_line_shows_how_values_are_separated(tmp_path: Path, separator: str, suffix: str) -> None:
    ROWS.to_csv(tmp_path / f"labels{suffix}", index=False, sep=separator)
    assert LabelTable(tmp_path / f"labels{suffix}").of("3.png") == LABELS["3.png"]


@pytest.mark.parametrize("missing", ["NA", "nan", "None", "NULL", "<NA>"])
def test_texts_that_programs_write_for_a_missing_value_are_unknown(tmp_path: Path, missing: str) -> None:
    rows = pd.DataFrame(
        {"path": ["a/x.jpg", "NA"], "origin": "ai", "source": missing, "style": missing, "split": missing}
    )
    table = LabelTable(saved(tmp_path, rows, ".csv"))
    assert table.of("a/x.jpg") == Label("a", "ai", "ai", None, None)
    assert table.of("NA") == Label("ai", "ai", "ai", None, None)
