"""Results of the tests on synthetic pictures also hold on real ones, if there are any beside the repository."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from PIL import Image
from safetensors.torch import save_file
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from brushprint.data.catalogue import build_catalogue, read_catalogued_files
from brushprint.data.label_table import LabelTable
from brushprint.data.pixels import write_pixels
from brushprint.data.split import draw_split
from brushprint.models import weights
from brushprint.models.build import build
from brushprint.models.encoders import build_encoder
from brushprint.models.files import load_encoder, restore
from brushprint.models.inputs import as_input
from brushprint.models.recipe import Recipe
from brushprint.training.data import Data, class_index
from brushprint.training.encoding import write_features
from brushprint.training.heads import fit_head
from brushprint.training.loop import train
from tests.conftest import REPOSITORY, snakemake
from tests.support.collections import sharded
from tests.support.networks import MOBILENET, SHA256
from tests.support.real_pictures import archive, labels
from tests.unit.data import test_corruptions as corruptions
from tests.unit.data import test_near_duplicates as near_duplicates


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
    table, rejected, *_ = build_catalogue(archive(name), labels(settings), images=None, max_rejected=0, seed=0, jobs=2)
    assert table["source"].value_counts().to_dict() == counts
    assert rejected.empty


@pytest.mark.parametrize(
    ("name", "settings"),
    [("art-two-folders.zip", "own-pictures.yaml"), ("human-ai-artwork-slice.zip", "human-ai-artwork.yaml")],
)
def test_the_same_pictures_in_shards_and_in_a_table_of_labels_give_the_same_catalogue(
    name: str, settings: str, tmp_path: Path
) -> None:
    draw = {"images": None, "max_rejected": 0, "seed": 0, "jobs": 2}
    packed, *_ = build_catalogue(archive(name), labels(settings), **draw)
    with zipfile.ZipFile(archive(name)) as opened:
        files = {row.path: opened.read(row.path) for row in packed.itertuples()}
    sharded(tmp_path / "shards", files, rows=300)
    table = packed.rename(columns={"published_split": "split"})[
        ["path", "origin", "source", "style", "split", "folder"]
    ]
    table["path"] = [f"{number:05}" for number in range(len(table))]
    table.to_csv(tmp_path / "labels.csv", index=False)
    (tmp_path / "flat").mkdir()
    for path, content in zip(table["path"], files.values(), strict=True):
        (tmp_path / "flat" / path).write_bytes(content)
    expected = packed.drop(columns="path").sort_values("image_id", ignore_index=True)
    for root, by in (("shards", labels(settings)), ("flat", LabelTable(tmp_path / "labels.csv"))):
        found, *_ = build_catalogue(tmp_path / root, by, **draw)
        pd.testing.assert_frame_equal(found.drop(columns="path").sort_values("image_id", ignore_index=True), expected)


@pytest.mark.parametrize("name", ["ai-artbench-slice.zip", "art-two-folders.zip", "human-ai-artwork-slice.zip"])
def test_near_duplicates_of_each_kind_and_no_others_are_detected_among_real_pictures(name: str, tmp_path: Path) -> None:
    source = archive(name)
    table, *_ = build_catalogue(source, near_duplicates.LABELS, images=None, max_rejected=0, seed=0, jobs=2)
    sample = table.sample(20, random_state=0)
    contents = dict(read_catalogued_files(source, sample, lambda content: content, 2, "sample"))
    near_duplicates.plant(tmp_path, {f"{number:02}": content for number, content in enumerate(contents.values())})
    found = near_duplicates.Found(tmp_path)
    # The aim is to detect 99 of 100 near duplicates; missing one of these 20 would already be too many.
    for kind in near_duplicates.KINDS:
        pairs = {frozenset([f"{number:02}/original", f"{number:02}/{kind}"]) for number in range(20)}
        assert not pairs - found.mirrored.keys(), kind
    assert all(len({path.split("/")[0] for path in pair}) == 1 for pair in found.mirrored)


@pytest.fixture(scope="module")
def large() -> list[Image.Image]:
    return corruptions.pictures_of(archive("ai-artbench-native-sizes.zip"), 10)


@pytest.mark.parametrize("name", corruptions.GRADED)
def test_each_severity_changes_a_real_picture_more_than_the_one_before(name: str, large: list[Image.Image]) -> None:
    assert (np.diff(corruptions.mean_distances(large, name)) > 0).all()


def test_both_spellings_of_ukiyo_e_are_one_style() -> None:
    table, *_ = build_catalogue(
        archive("ai-artbench-slice.zip"), labels("config.yaml"), images=None, max_rejected=0, seed=0, jobs=2
    )
    assert table["style"].nunique() == 10
    assert table.loc[table["style"] == "ukiyo_e", "source"].nunique() == 3


def test_native_sizes_of_stable_diffusion_and_human_pictures_differ() -> None:
    table, *_ = build_catalogue(
        archive("ai-artbench-native-sizes.zip"), labels("config.yaml"), images=None, max_rejected=0, seed=0, jobs=2
    )
    assert table.groupby("source")["width"].unique().map(list).to_dict() == {"human": [256], "stable_diffusion": [768]}


def test_real_pictures_give_pixel_arrays_and_the_published_split(tmp_path: Path) -> None:
    source = archive("ai-artbench-slice.zip")
    table, *_ = build_catalogue(source, labels("config.yaml"), images=None, max_rejected=0, seed=0, jobs=2)
    write_pixels(source, table, tmp_path / "pixels.npy", size=32, resize="bilinear", jobs=2)
    pixels = np.load(tmp_path / "pixels.npy")
    assert pixels.shape == (208, 32, 32, 3)
    assert pixels.std(axis=(1, 2, 3)).min() > 1
    shares = {"published": True, "test": 0.2, "validation": 0.1}
    none = {
        "exclude_folders": [],
        "exclude_sources": [],
        "near_duplicates": "keep",
        "folds": None,
        "subsample": None,
        "oversample": None,
    }
    parts = draw_split(table, np.arange(len(table)), **shares, **none, capped=False, test_seed=0, seed=0)
    assert parts["partition"].value_counts().to_dict() == {"train": 128, "test": 66, "validation": 14}


# Settings that make a whole run of every variant short.
SHORT = (
    "budget={epochs: 1, max_image_size: 32}",
    "latent={permutations: 20, embedding: {perplexity: 5}}",
    "explain={pictures: 1, panel: 1, random_networks: 3, faithfulness_pictures: 10}",
    "robustness={pictures: 10}",
)


# Left out to save time: a similar variant runs here, on Human AI Artwork or on the embedded sample.
ALIKE = (
    *("tapering-cnn", "resnet50-finetuned", "resnet50-class-weights", "efficientnet-b0"),
    *("resnet18-frozen", "resnet18-aggressive", "resnet18-augmented", "resnet18-224"),
    *("conv3-origin", "conv3-source", "conv3-folder", "cifake-32", "cifake-128"),
    *("encoder-origin", "encoder-source", "encoder-origin-style", "encoder-folder"),
)


def whole_run(project: Path, collection: str, *settings: str) -> tuple[dict[str, dict], str]:
    """The metrics of each variant and the report of a whole run on a slice of a collection, with its settings."""
    source = archive(f"{collection}-slice.zip")
    files = [REPOSITORY / f"config/{name}.yaml" for name in ("config", "recipes", collection, "small")]
    snakemake(
        project, "--configfile", *map(str, files), "--config", f"collection={{source: {source}}}", *SHORT, *settings
    )
    results = project / f"results/{collection}"
    metrics = {file.parent.name: json.loads(file.read_text()) for file in results.glob("variants/*/metrics.json")}
    return metrics, (results / "report/index.html").read_text(encoding="utf-8")


def test_human_ai_artwork_gives_a_report_although_some_pictures_have_no_style(project: Path) -> None:
    fewer = (
        "arms={seeds: {variants: []}, leave_one_generator_out: []}",
        "variants={conv3-origin: null, encoder-origin: null, encoder-source: null, encoder-folder: null}",
    )
    metrics, report = whole_run(project, "human-ai-artwork", *fewer)
    catalogue = pd.read_parquet(project / "results/human-ai-artwork/catalogue.parquet")
    assert catalogue["folder"].nunique() == 52
    assert catalogue.loc[catalogue["source"] == "diffusiondb", "style"].isna().all()
    classes = {name: of["classes"] for name, of in metrics.items()}
    assert set(classes) == {"conv3-source", "conv3-folder"}
    assert classes["conv3-source"] == ["diffusiondb", "human", "latent_diffusion", "stable_diffusion"]
    assert len(classes["conv3-folder"]) == 47
    assert "Human_Ukiyo_e" in classes["conv3-folder"]
    assert "Human_New_Realism" not in classes["conv3-folder"]
    assert metrics["conv3-source"]["test"]["top"].keys() == {"2", "3"}
    assert metrics["conv3-folder"]["test"]["top"].keys() == {"2", "3", "5"}
    assert all(name in report for name in classes)


def test_ai_artbench_gives_a_report(project: Path) -> None:
    left_out = f"variants={{{', '.join(f'{name}: null' for name in ALIKE)}}}"
    metrics, report = whole_run(project, "ai-artbench", left_out)
    assert metrics.keys() == {"simple-cnn", "efficientnet-b0-imagenet", "encoder-source-style"}
    assert len(metrics["encoder-source-style"]["classes"]) == 30
    styles = metrics["simple-cnn"]
    assert len(styles["classes"]) == 20
    assert styles["classes"][0] == "ai art_nouveau"
    assert styles["test"]["parts"].keys() == {"origin", "style"}
    assert styles["test"]["pictures"] == 66
    assert all(name in report for name in metrics)


def test_a_head_on_early_features_separates_real_ai_art_from_human_art_better_still(tmp_path: Path) -> None:
    """The head of `config/own-pictures.yaml`, trained on four fifths of 208 pictures in turn: an AUC of about 0.98."""
    source = archive("ai-artbench-slice.zip")
    table, *_ = build_catalogue(source, labels("config.yaml"), images=None, max_rejected=0, seed=0, jobs=2)
    write_pixels(source, table, tmp_path / "pixels.npy", size=224, resize="crop", jobs=2)
    recipe = yaml.safe_load((REPOSITORY / "config/recipes.yaml").read_text())["recipes"]["encoder-lite0"]
    encoder = build_encoder({"pooling": "mean-std"} | recipe)
    state = weights.renamed(weights.installed(recipe["encoder"]), recipe["encoder"])
    save_file({name: value.contiguous() for name, value in state.items()}, tmp_path / "weights.safetensors")
    load_encoder(encoder, tmp_path / "weights.safetensors")
    pixels = np.load(tmp_path / "pixels.npy", mmap_mode="r")
    write_features(encoder, pixels, tmp_path / "features.npy", jobs=2, device="cpu")
    features, is_ai = np.load(tmp_path / "features.npy"), (table["origin"] == "ai").to_numpy().astype(int)
    scores = np.zeros(len(table))
    for training, left_out in StratifiedKFold(5, shuffle=True, random_state=0).split(features, is_ai):
        head, _ = fit_head(
            features[training], is_ai[training], training, classes=2, balanced=False, seed=0, label="head"
        )
        standard = (features[left_out] - head.mean) / head.deviation
        scores[left_out] = (standard @ head.coefficients.T + head.intercepts)[:, 0]
    assert 0.96 < roc_auc_score(is_ai, scores) < 0.999


def test_a_head_on_imagenet_features_separates_real_ai_art_from_human_art(tmp_path: Path) -> None:
    """Training on two thirds of 208 pictures gives an AUC of about 0.9; near 1 indicates a leak, near 0.5 a bug."""
    source = archive("ai-artbench-slice.zip")
    table, *_ = build_catalogue(source, labels("config.yaml"), images=None, max_rejected=0, seed=0, jobs=2)
    write_pixels(source, table, tmp_path / "pixels.npy", size=160, resize="bilinear", jobs=2)
    plan = {
        "published": True,
        "test": 0.2,
        "validation": 0.1,
        "exclude_folders": [],
        "folds": None,
        "subsample": None,
        "oversample": None,
    }
    plan |= {"exclude_sources": [], "near_duplicates": "keep"}
    parts = draw_split(table, np.arange(len(table)), **plan, capped=False, test_seed=0, seed=0)
    save_file(weights.read(MOBILENET, SHA256), tmp_path / "weights.safetensors")
    pixels, classes = np.load(tmp_path / "pixels.npy"), ["ai", "human"]
    learned, judged, tested = (
        Data(pixels, part["row"].to_numpy(), class_index(part["origin"], classes))
        for part in (parts[parts["partition"] == name] for name in ("train", "validation", "test"))
    )
    recipe = Recipe(
        architecture="torchvision/mobilenet_v2",
        image_size=160,
        resize="bilinear",
        scaling="imagenet",
        pretrained=True,
        dropout=0.2,
        loss="binary-cross-entropy",
        epochs=40,
        batch_size=16,
        optimizer="adam",
        learning_rate=0.003,
        patience=10,
        trainable_layers=["classifier"],
        precision="32-true",
    )
    said = {"recipe": recipe, "classes": classes, "seed": 0, "device": "cpu", "identity": "real", "label": "real"}
    files = {"weights": tmp_path / "weights.safetensors", "checkpoint": tmp_path / "checkpoint.pt"}
    state, _ = train(data=learned, validation=judged, **said, **files)
    network = build(recipe.architecture, 2, 160, dropout=0.2, one_logit=True).eval()
    restore(network, state)
    with torch.no_grad():
        logits = [network(as_input(batch, "imagenet")) for batch, _ in tested.batches(16)]
    found = roc_auc_score(tested.targets, torch.cat(logits).softmax(1)[:, 1])
    assert 0.75 < found < 0.99
