"""Mistakes in a file of settings, each reported in one line that names the key and the nearest valid one."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from brushprint.core.errors import nearest

# Names are used as folders and as values of Snakemake wildcards.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]

Location = tuple[str | int, ...]


class Settings(BaseModel):
    """A section of a file that refuses unknown keys. Validate with `strict=True`, so that text is not coerced."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def mistakes(
    error: ValidationError, model: type[BaseModel], renamed: Mapping[str, str] | None = None
) -> list[tuple[Location, str]]:
    """The location and the reason of each mistake that `error` lists in values for `model`.

    `renamed` maps keys of earlier versions to their present names. An old key is reported with its new name, and the
    new key is then not reported as missing.
    """
    details, schema = error.errors(), model.model_json_schema()
    renames = {
        entry["loc"]: new
        for entry in details
        if entry["type"] == "extra_forbidden"
        and (new := (renamed or {}).get(str(entry["loc"][-1])))
        and new in _keys_at(entry["loc"][:-1], schema)
    }
    replaced = {(*location[:-1], new) for location, new in renames.items()}
    problems: list[tuple[Location, str]] = []
    for entry in details:
        location = entry["loc"]
        if entry["type"] == "missing" and location in replaced:
            continue
        reason = f"renamed; write {renames[location]!r}" if location in renames else _reason(entry, schema)
        problems.append((tuple(step for step in location if not _is_tag(step)), reason))
    return problems


def _is_tag(step: str | int) -> bool:
    """Whether a step names no key: `[key]` for a key itself, or the model of one of several, such as `[Recipe]`."""
    return isinstance(step, str) and step.startswith("[")


def spell(location: Location) -> str:
    """A location as people write it: `collection.labels[0].folder`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location).lstrip(".")


def _reason(entry: ErrorDetails, schema: dict[str, Any]) -> str:
    if entry["type"] == "extra_forbidden":
        *section, key = entry["loc"]
        return "unknown key" + nearest(str(key), _keys_at(section, schema))
    if entry["type"] == "missing":
        return "missing; add it"
    value = repr(entry["input"]) if isinstance(entry["input"], str | list | dict) else str(entry["input"])
    value = value if len(value) <= 80 else f"{value[:80]}…"
    if entry["type"] in ("model_type", "dict_type"):
        return f"must be a section of keys, not {value}"
    if entry["type"] == "too_short":
        least = entry["ctx"]["min_length"]
        return "must not be empty" if least == 1 else f"must have at least {least} entries"
    message = entry["msg"].removeprefix("Value error, ")
    return f"{message[0].lower()}{message[1:]}, not {value}"


def _keys_at(section: Iterable[str | int], schema: dict[str, Any]) -> list[str]:
    """The valid keys of a section, read from the JSON Schema of the model."""
    node = schema
    for step in section:
        if _is_tag(step):
            node = schema["$defs"][str(step).strip("[]")]
            continue
        named = node.get("properties", {}).get(step)
        unnamed = (node.get("items"), node.get("additionalProperties"), *node.get("patternProperties", {}).values())
        node = named or next(filter(None, unnamed))
        node = next(iter(node.get("anyOf", [node])))
        node = next(iter(node.get("oneOf", [node])))
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return list(node["properties"])
