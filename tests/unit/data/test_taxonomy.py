"""The path of a picture determines its labels and its published partition."""

import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brushprint.data.taxonomy import FolderRules, Label, composed, published_split
from tests.support.collections import AI_ARTBENCH, HUMAN_AI_ARTWORK, HUMAN_AND_AI, rule
from tests.support.real_pictures import labels

few_examples = settings(deadline=None, max_examples=60)


@pytest.mark.parametrize(
    ("path", "level"),
    [
        ("train/human/x.jpg", "train"),
        ("Art/Training/human/x.jpg", "train"),
        ("TEST/human/x.jpg", "test"),
        ("human/testing/x.jpg", "test"),
        ("val/human/x.jpg", "validation"),
        ("valid/human/x.jpg", "validation"),
        ("human/x.jpg", None),
        ("human/test", None),
        ("trains/human/x.jpg", None),
    ],
)
def test_a_published_split_is_recognised_by_a_whole_folder_name(path: str, level: str | None):
    assert published_split(path) == level


@pytest.mark.parametrize(
    ("path", "rules", "expected"),
    [
        ("R/train/AI_LD_ukiyo-e/x.jpg", AI_ARTBENCH, ("AI_LD_ukiyo-e", "ai", "latent_diffusion", "ukiyo_e")),
        ("R/test/AI_SD_ukiyo-e/x.jpg", AI_ARTBENCH, ("AI_SD_ukiyo-e", "ai", "stable_diffusion", "ukiyo_e")),
        ("R/train/ukiyo_e/x.jpg", AI_ARTBENCH, ("ukiyo_e", "human", "human", "ukiyo_e")),
        ("A/AI_DiffusionDB_large_1/x.jpg", HUMAN_AI_ARTWORK, ("AI_DiffusionDB_large_1", "ai", "diffusiondb", None)),
        ("A/Human_Pop_Art/x.jpg", HUMAN_AI_ARTWORK, ("Human_Pop_Art", "human", "human", "pop_art")),
        ("A/Human_Ukiyo_e/x.jpg", HUMAN_AI_ARTWORK, ("Human_Ukiyo_e", "human", "human", "ukiyo_e")),
        ("human/monet/1890/x.jpg", HUMAN_AND_AI, ("human", "human", "human", None)),
        ("HUMAN/x.jpg", HUMAN_AND_AI, ("HUMAN", "human", "human", None)),
        ("ai/train/x.jpg", HUMAN_AND_AI, ("ai", "ai", "ai", None)),
        ("x/human.jpg", HUMAN_AND_AI, None),
        ("human.jpg", HUMAN_AND_AI, None),
        ("posthuman/x.jpg", HUMAN_AND_AI, None),
        ("humans/x.jpg", HUMAN_AND_AI, None),
        ("a/x.jpg", [rule("a", "ai", "ai", "Ukiyo-e!")], ("a", "ai", "ai", "ukiyo_e")),
        ("--/x.jpg", AI_ARTBENCH, ("--", "human", "human", None)),
    ],
)
def test_a_picture_is_labelled_by_its_deepest_folder_that_a_rule_matches(path, rules, expected):
    found = FolderRules(rules).of(path)
    assert (found[:4] if isinstance(found, Label) else None) == expected


@few_examples
@given(st.text(), st.sampled_from([HUMAN_AND_AI, AI_ARTBENCH, HUMAN_AI_ARTWORK]))
def test_labelling_does_not_fail_for_any_path(path: str, rules: list[dict]):
    found = FolderRules(rules).of(path)
    assert isinstance(found, str) or (found.folder in composed(path).split("/") and found.style != "")
    assert published_split(path) in {"train", "validation", "test", None}


@pytest.mark.parametrize(
    ("human", "ai"),
    [
        ("human", "ai"),
        ("real", "fake"),
        ("REAL", "FAKE"),
        ("0_real", "1_fake"),
        ("nature", "ai"),
        ("authentic", "generated"),
        ("Humans", "AIs"),
        ("reals", "fakes"),
    ],
)
def test_usual_names_of_the_two_classes_need_no_rule(human: str, ai: str):
    own = labels("own-pictures.yaml")
    for folder, origin in ((human, "human"), (ai, "ai")):
        for path in (f"{folder}/x.jpg", f"train/{folder}/x.jpg", f"set/{folder}/monet/x.jpg"):
            assert own.of(path) == Label(folder, origin, origin, None, published_split(path))


NO_RULE = "no rule of collection.labels matches its folders"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("humna/x.jpg", f"{NO_RULE}; the nearest names are 'human' (human) and 'ai' (AI)"),
        ("a/fakse/x.jpg", f"{NO_RULE}; the nearest names are 'real' (human) and 'fake' (AI)"),
        # The nearest name of all would mean the opposite.
        ("synthetic/x.jpg", f"{NO_RULE}; the nearest names are 'authentic' (human) and 'generated' (AI)"),
        ("x.jpg", "it lies in no folder; give the folder above those of the classes as collection.source"),
    ],
)
def test_a_picture_without_a_label_has_a_reason(path: str, reason: str):
    assert labels("own-pictures.yaml").of(path) == reason


@pytest.mark.parametrize(
    ("path", "folder", "origin"),
    [
        ("ai/nature/x.jpg", "ai", "ai"),
        ("human/a/fake/x.jpg", "human", "human"),
        ("a/real/ai/real/x.jpg", "real", "human"),
    ],
)
def test_of_folders_that_contradict_each_other_the_outer_one_counts(
    path: str, folder: str, origin: str, caplog: pytest.LogCaptureFixture
):
    with caplog.at_level(logging.INFO):
        found = labels("own-pictures.yaml").of(path)
    assert found[:2] == (folder, origin)
    assert "say both human and AI; the outer one counts" in caplog.text


def test_a_rule_that_matches_everything_contradicts_none():
    assert FolderRules(AI_ARTBENCH).of("art/AI_LD_baroque/x.jpg")[:3] == ("AI_LD_baroque", "ai", "latent_diffusion")
