"""Each mistake in settings is reported with its location, and an old key is reported only with its new name."""

from typing import Annotated, Any

import pytest
from pydantic import Field, ValidationError

from brushprint.core.config_errors import Name, Settings, mistakes, spell


class Inner(Settings):
    size: int
    label: str | None = None


class Outer(Settings):
    one: Inner | None
    many: list[Inner]
    named: dict[Name, Inner]
    free: dict[str, Inner]
    share: Annotated[float, Field(le=1)] = 0.5


INNER = {"size": 1}
VALID = {"one": INNER, "many": [INNER], "named": {"a": INNER}, "free": {"a/b": INNER}}
RENAMED = {"pixels": "size", "portion": "share"}


def lines(changes: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as raised:
        Outer.model_validate(VALID | changes, strict=True)
    return [f"{spell(location)}: {reason}" for location, reason in mistakes(raised.value, Outer, RENAMED)]


@pytest.mark.parametrize(
    ("changes", "location"),
    [
        ({"one": {"pixels": 1}}, "one"),
        ({"many": [INNER, {"pixels": 1}]}, "many[1]"),
        ({"named": {"a": {"pixels": 1}}}, "named.a"),
        ({"free": {"a/b": {"pixels": 1}}}, "free.a/b"),
    ],
)
def test_an_old_key_is_reported_only_with_its_new_name(changes: dict[str, Any], location: str) -> None:
    assert lines(changes) == [f"{location}.pixels: renamed; write 'size'"]


def test_an_old_key_is_reported_even_beside_its_new_name_and_its_value_is_ignored() -> None:
    assert lines({"one": {"size": 1, "pixels": {"portion": "x"}}}) == ["one.pixels: renamed; write 'size'"]
    assert lines({"portion": "x"}) == ["portion: renamed; write 'share'"]


def test_a_new_key_that_is_missing_elsewhere_is_reported() -> None:
    assert sorted(lines({"one": {"pixels": 1}, "many": [{}]})) == [
        "many[0].size: missing; add it",
        "one.pixels: renamed; write 'size'",
    ]


def test_an_old_key_in_a_section_without_its_new_name_is_an_unknown_key() -> None:
    assert lines({"pixels": 1}) == ["pixels: unknown key; known: one, many, named, free, share"]
    assert lines({"one": {"size": 1, "portion": 1}}) == ["one.portion: unknown key; known: size, label"]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"one": {"sise": 1, "size": 1}}, "one.sise: unknown key; did you mean 'size'?"),
        ({"one": 3}, "one: must be a section of keys, not 3"),
        ({"named": [1]}, "named: must be a section of keys, not [1]"),
        ({"named": {"a b": INNER}}, "named.a b: string should match pattern '^[A-Za-z0-9][A-Za-z0-9_-]*$', not 'a b'"),
        ({"share": 2}, "share: input should be less than or equal to 1, not 2"),
        ({"share": "x" * 200}, f"share: input should be a valid number, not '{'x' * 79}…"),
    ],
)
def test_a_mistake_names_the_key_and_the_value(changes: dict[str, Any], line: str) -> None:
    assert lines(changes) == [line]


def test_a_location_is_spelled_as_people_write_it() -> None:
    assert spell(("collection", "labels", 0, "folder")) == "collection.labels[0].folder"
