"""Each mistake in the settings is reported in one line with the file, the key and the nearest valid key."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from brushprint.core.errors import UserError
from brushprint.settings.loading import load, typed
from brushprint.settings.schema import RENAMED
from tests.support.settings import SHIPPED, merged, shipped

OLD_NAMES = {new: old for old, new in RENAMED.items()}


def errors(values: dict[str, Any], files: list[Path]) -> list[str]:
    with pytest.raises(UserError) as raised:
        load(values, files)
    return str(raised.value).splitlines()


def renamed_locations(values: dict[str, Any], *section: str) -> Iterator[tuple[str, ...]]:
    """The locations of all keys that had another name in version 0.1."""
    for key, value in values.items():
        if key in OLD_NAMES:
            yield (*section, key)
        if isinstance(value, dict):
            yield from renamed_locations(value, *section, key)


def with_old_names(value: Any) -> Any:
    """The same settings with the key names of version 0.1."""
    if isinstance(value, dict):
        return {OLD_NAMES.get(key, key): with_old_names(inner) for key, inner in value.items()}
    return value


def overlay_of(location: tuple[str, ...], value: Any) -> dict[str, Any]:
    """Settings that contain only `value`, at `location`."""
    for key in reversed(location):
        value = {key: value}
    return value


@pytest.mark.parametrize(
    ("overlay", "line"),
    [
        ("sed: 1", "sed: unknown key; did you mean 'seed'?"),
        ("budget: {epoch: 32}", "budget.epoch: unknown key; did you mean 'epochs'?"),
        ("collection: {sample: {trian: 30}}", "collection.sample.trian: unknown key; did you mean 'train'?"),
        (
            "recipes: {cifake-32: {lerning_rate: 0.1}}",
            "recipes.cifake-32.lerning_rate: unknown key; did you mean 'learning_rate'?",
        ),
        (
            "recipes: {cifake-32: {augmentation: {horizontal_flop: 0.5}}}",
            "recipes.cifake-32.augmentation.horizontal_flop: unknown key; did you mean 'horizontal_flip'?",
        ),
        (
            "collection: {labels: [{folder: a, origin: ai, source: a, stile: b}]}",
            "collection.labels[0].stile: unknown key; did you mean 'style'?",
        ),
        (
            "explain: {zzz: 1}",
            "explain.zzz: unknown key; known: pictures, panel, occlusion, random_networks, faithfulness_pictures",
        ),
        (
            "splits: {augmented: {oversample: {rotaton: 3}}}",
            "splits.augmented.oversample.rotaton: unknown key; did you mean 'rotation'?",
        ),
        (
            "splits: {balanced: {subsample: {picture: 3}}}",
            "splits.balanced.subsample.picture: unknown key; did you mean 'pictures'?",
        ),
        (
            f"pretrained: {{files: {{torchvision/resnet18: {{path: x, sha256: {'ab' * 32}, sha: 1}}}}}}",
            "pretrained.files.torchvision/resnet18.sha: unknown key; did you mean 'sha256'?",
        ),
        # A key that was renamed in another section, but never belonged to this one.
        ("latent: {pixels: 1}", "latent.pixels: unknown key; known: features, variance, clusters, permutations, refit"),
        ("1: 2", "[1]: keys should be strings, not 1"),
    ],
)
def test_an_unknown_key_is_reported_with_the_nearest_valid_one(error_line, overlay: str, line: str):
    assert error_line(overlay).startswith(line)


def test_these_tests_cover_every_renamed_key():
    assert {location[-1] for location in renamed_locations(shipped())} == set(RENAMED.values())


@pytest.mark.parametrize("location", sorted(set(renamed_locations(shipped()))), ids=".".join)
def test_a_key_of_an_earlier_version_is_refused_with_its_new_name(error_line, location: tuple[str, ...]):
    value = shipped()
    for key in location:
        value = value[key]
    *section, new = location
    old = (*section, OLD_NAMES[new])
    assert error_line(yaml.safe_dump(overlay_of(old, value))) == f"{'.'.join(old)}: renamed; write '{new}'"


@pytest.mark.parametrize("old", RENAMED)
def test_nothing_below_a_key_of_an_earlier_version_is_reported(error_line, old: str):
    new = RENAMED[old]
    *section, _ = next(location for location in renamed_locations(shipped()) if location[-1] == new)
    key = (*section, old)
    nested = yaml.safe_dump(overlay_of(key, {"zoom": 2, "unknown": {"pixels": [1]}}))
    assert error_line(nested) == f"{'.'.join(key)}: renamed; write '{new}'"


def test_for_a_file_of_an_earlier_version_only_renamed_keys_are_reported(tmp_path: Path):
    files = [tmp_path / file.name for file in SHIPPED]
    contents = [with_old_names(yaml.safe_load(file.read_text(encoding="utf-8"))) for file in SHIPPED]
    for file, content in zip(files, contents, strict=True):
        file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    expected = []
    for location in renamed_locations(shipped()):
        *section, new = location
        file = next(file for file, content in zip(files, contents, strict=True) if location[0] in content)
        expected.append(f"{file}: {'.'.join([*section, OLD_NAMES[new]])}: renamed; write '{new}'")
    assert sorted(errors(merged(*contents), files)) == sorted(expected)


def test_a_renamed_key_is_not_reported_as_missing_but_other_missing_keys_are(tmp_path: Path):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(
        "splits: {mine: {published: true, validation: 0.1, drop: [], without: [], leaks: keep, copies: {zoom: 0.2}, "
        "subsample: null}}",
        encoding="utf-8",
    )
    values = merged(shipped(), yaml.safe_load(overlay.read_text(encoding="utf-8")))
    assert sorted(errors(values, [*SHIPPED, overlay])) == [
        f"{overlay}: splits.mine.copies: renamed; write 'oversample'",
        f"{overlay}: splits.mine.drop: renamed; write 'exclude_folders'",
        f"{overlay}: splits.mine.folds: missing; add it",
        f"{overlay}: splits.mine.leaks: renamed; write 'near_duplicates'",
        f"{overlay}: splits.mine.test: missing; add it",
        f"{overlay}: splits.mine.without: renamed; write 'exclude_sources'",
    ]


def test_a_renamed_key_is_reported_for_the_command_line_or_the_file_that_contains_it(tmp_path: Path):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("budget: {pixels: 64}\narms: {unseen: [cifake-32]}", encoding="utf-8")
    values = merged(shipped(), yaml.safe_load(overlay.read_text(encoding="utf-8")))
    # The values that Snakemake reads from `--config 'budget={pixels: 32}'`.
    values = merged(values, typed({"budget": {"pixels": "32"}}))
    assert sorted(errors(values, [*SHIPPED, overlay])) == [
        "--config: budget.pixels: renamed; write 'max_image_size'",
        f"{overlay}: arms.unseen: renamed; write 'leave_one_generator_out'",
    ]


@pytest.mark.parametrize("key", ["seed", "collection", "collection.max_rejected", "splits.natural.published"])
def test_a_missing_key_is_reported_with_the_file_that_holds_its_section(key: str):
    values = shipped()
    *sections, last = key.split(".")
    section = values
    for name in sections:
        section = section[name]
    del section[last]
    assert errors(values, SHIPPED) == [f"{SHIPPED[0]}: {key}: missing; add it"]


def test_a_missing_key_of_a_list_is_reported_with_the_file_of_that_list(error_line):
    text = "collection: {labels: [{origin: ai, source: a}]}"
    assert error_line(text) == "collection.labels[0].folder: missing; add it"


def test_a_long_value_is_not_repeated_in_full(error_line):
    assert len(error_line(f"device: {'x' * 5000}")) < 200


def test_every_mistake_has_its_own_line_and_its_own_file(tmp_path: Path):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text("seed: -1\nbudget: {max_image_size: 4}\n", encoding="utf-8")
    values = merged(shipped(), {"seed": -1, "budget": {"max_image_size": 3}})
    files = dict(line.split(": ")[1::-1] for line in errors(values, [*SHIPPED, overlay]))
    assert files == {"seed": str(overlay), "budget.max_image_size": "--config"}


def test_a_mistake_in_two_files_is_reported_for_the_last_file(tmp_path: Path):
    overlays = [tmp_path / "first.yaml", tmp_path / "second.yaml"]
    for overlay in overlays:
        overlay.write_text("seed: -1", encoding="utf-8")
    [line] = errors(merged(shipped(), {"seed": -1}), [*SHIPPED, *overlays])
    assert line.startswith(f"{overlays[1]}: seed:")


def test_loading_changes_neither_the_values_nor_their_meaning():
    values = shipped()
    before = copy.deepcopy(values)
    assert load(values, SHIPPED).model_dump()["budget"] == before["budget"]
    assert values == before


def test_values_on_the_command_line_are_parsed_as_yaml():
    texts = {"budget": {"epochs": "3", "images": "null"}, "list": ["1.5", "true", "text"], "bad": "[", "number": 4}
    assert typed(texts) == {
        "budget": {"epochs": 3, "images": None},
        "list": [1.5, True, "text"],
        "bad": "[",
        "number": 4,
    }


@pytest.mark.parametrize("released", ["2022", "2022-08", "2022-08-22", "'2022'"])
def test_the_release_of_a_generator_is_a_year_a_month_or_a_day(released: str):
    rules = f"[{{folder: a, origin: ai, source: a, released: {released}}}, {{folder: h, origin: human, source: human}}]"
    values = merged(shipped(), yaml.safe_load(f"collection: {{labels: {rules}}}"))
    styled = [name for name, variant in values["variants"].items() if "style" in variant["task"]]
    values["variants"] |= dict.fromkeys(styled)
    assert load(values, SHIPPED).collection.labels[0].released == released.strip("'")


def test_releases_of_human_works_and_two_releases_of_a_generator_are_refused():
    rules = [
        {"folder": "a", "origin": "ai", "source": "a", "released": 2021},
        {"folder": "b", "origin": "ai", "source": "a", "released": 2022},
        {"folder": "c", "origin": "ai", "source": "c", "released": "last year"},
        {"folder": "h", "origin": "human", "source": "human", "released": 1889},
    ]
    found = "\n".join(errors(merged(shipped(), {"collection": {"labels": rules[2:3]}}), SHIPPED))
    assert "released" in found
    found = "\n".join(errors(merged(shipped(), {"collection": {"labels": [*rules[:2], rules[3]]}}), SHIPPED))
    assert "labels[1].released: 'a' has another one above; give the same" in found
    assert "labels[2].released: only generators are released; leave it out" in found
