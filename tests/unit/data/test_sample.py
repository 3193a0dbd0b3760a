import hashlib
import resource
import zipfile
from collections import Counter
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from brushprint.data import sample
from brushprint.data.sample import draw_sample

ROOT = "Real_AI_SD_LD_Dataset"
STYLES = [
    "art_nouveau",
    "baroque",
    "expressionism",
    "impressionism",
    "post_impressionism",
    "realism",
    "renaissance",
    "romanticism",
    "surrealism",
]  # and ukiyo-e, which is spelled in two ways


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    target = tmp_path_factory.mktemp("sample") / "tiny.zip"
    draw_sample(target, train=30, test=30, seed=0)
    return target


@pytest.fixture(scope="module")
def pictures(tiny):
    with zipfile.ZipFile(tiny) as archive:
        return {name: Image.open(BytesIO(archive.read(name))) for name in archive.namelist()}


def source_of(name):
    folder = name.split("/")[2]
    return folder[:5] if folder.startswith("AI_") else "human"


def counts(train, test):
    return Counter((name.split("/")[1], source_of(name)) for name, *_ in sample._places(train, test))


def test_the_layout_is_that_of_ai_artbench_with_both_spellings_of_ukiyo_e(pictures):
    folders = {*STYLES, "ukiyo_e"}
    folders |= {prefix + style for prefix in ("AI_LD_", "AI_SD_") for style in (*STYLES, "ukiyo-e")}
    expected = {f"{ROOT}/{split}/{folder}" for split in ("train", "test") for folder in folders}
    assert len(folders) == 30
    assert {name.rsplit("/", 1)[0] for name in pictures} == expected
    assert all(name.endswith(".jpg") for name in pictures)


def test_the_sources_have_the_same_shares_as_in_ai_artbench():
    assert counts(155_015, 30_000) == {
        ("train", "human"): 50_000,
        ("train", "AI_LD"): 52_092,
        ("train", "AI_SD"): 52_923,
        **{("test", source): 10_000 for source in ("human", "AI_LD", "AI_SD")},
    }


@pytest.mark.parametrize(("train", "test"), [(0, 0), (1, 2), (30, 30), (60, 30), (61, 32), (1200, 600)])
def test_totals_are_exact_and_styles_are_balanced(train, test):
    names = [name for name, *_ in sample._places(train, test)]
    assert len(set(names)) == len(names) == train + test
    assert sum("/train/" in name for name in names) == train
    for split in ("train", "test"):
        for source in ("human", "AI_LD", "AI_SD"):
            chosen = [name for name in names if f"/{split}/" in name and source_of(name) == source]
            per_style = Counter(name.split("/")[2] for name in chosen)
            assert len(chosen) < 10 or len(per_style) == 10
            assert max(per_style.values(), default=0) - min(per_style.values(), default=0) <= 1


@pytest.mark.parametrize("wrong", [{"train": -1, "test": 3}, {"train": 3, "test": -1}])
def test_negative_counts_are_refused(tmp_path, wrong):
    with pytest.raises(ValueError, match="negative"):
        draw_sample(tmp_path / "sample.zip", **wrong, seed=0)


def test_pictures_have_the_native_size_of_their_source_and_the_same_jpeg_settings(pictures):
    sides = {"human": 256, "AI_LD": 256, "AI_SD": 768}
    for name, picture in pictures.items():
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (sides[source_of(name)],) * 2)
    tables = [picture.quantization for picture in pictures.values()]
    assert all(table == tables[0] for table in tables)


def test_the_archive_contains_no_trace_of_the_machine_that_wrote_it(tiny):
    with zipfile.ZipFile(tiny) as archive:
        members = archive.infolist()
    assert [member.filename for member in members] == sorted(member.filename for member in members)
    marks = {(m.date_time, m.compress_type, m.create_system, m.external_attr) for m in members}
    assert marks == {((1980, 1, 1, 0, 0, 0), zipfile.ZIP_STORED, 3, 0o644 << 16)}


def test_the_archive_has_the_same_bytes_on_every_machine(tiny):
    # sample.py promises the same bytes on every machine. This digest changes only if the drawing changes, or if another
    # version of NumPy or Pillow draws or encodes differently. Every pinned figure of the sample must then be renewed.
    assert (
        hashlib.sha256(tiny.read_bytes()).hexdigest()
        == "fda8af7b1ded05a320e7ea7039ac0c87fecbf0ebe5ae32dfa4654aebc8d921d0"
    )


def test_jobs_do_not_change_the_bytes_and_their_processor_time_is_counted(tiny, tmp_path):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    draw_sample(tmp_path / "again.zip", train=30, test=30, seed=0, jobs=2)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime > before
    assert (tmp_path / "again.zip").read_bytes() == tiny.read_bytes()


def test_a_picture_depends_on_the_seed_and_on_its_place():
    first = sample._draw(0, 0, 0, 0, 0)
    assert sample._draw(0, 0, 0, 0, 0) == first
    others = [sample._draw(*place) for place in ((1, 0, 0, 0, 0), (0, 1, 0, 0, 0), (0, 0, 0, 0, 1), (0, 0, 0, 1, 0))]
    assert len({first, *others}) == 5


def test_all_human_pictures_differ_clearly_from_each_other(pictures):
    human = [np.asarray(picture, int) for name, picture in pictures.items() if source_of(name) == "human"]
    for i, one in enumerate(human):
        assert all(np.abs(one - other).mean() > 15 for other in human[:i])


def test_simulated_decoders_reduce_fine_detail(pictures):
    def fine(picture):
        return np.abs(np.diff(np.asarray(picture.convert("L"), int), axis=1)).mean()

    by_source = {source: [] for source in ("human", "AI_LD", "AI_SD")}
    for name, picture in pictures.items():
        by_source[source_of(name)].append(fine(picture))
    means = {source: np.mean(values) for source, values in by_source.items()}
    assert means["AI_LD"] < means["human"]
    assert means["AI_SD"] < means["human"]


def test_an_interrupted_drawing_leaves_no_files(tmp_path, monkeypatch):
    drawn = []

    def interrupted(*place):
        drawn.append(place)
        if len(drawn) == 3:
            raise KeyboardInterrupt
        return b"picture"

    monkeypatch.setattr(sample, "_draw", interrupted)
    with pytest.raises(KeyboardInterrupt):
        draw_sample(tmp_path / "sample.zip", train=30, test=30, seed=0)
    assert list(tmp_path.iterdir()) == []
