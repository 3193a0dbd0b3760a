"""How a mistake in a file of settings is told: in one line that names the key, and the nearest valid one."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from brushprint.core.errors import nearest

# Names become folders and wildcards of Snakemake.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]

Location = tuple[str | int, ...]


class Settings(BaseModel):
    """A section of a file: unknown keys are refused, values are not coerced from text."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def mistakes(
    error: ValidationError, model: type[BaseModel], renamed: Mapping[str, str] | None = None
) -> list[tuple[Location, str]]:
    """Where each mistake is in the values given for `model`, and what it is.

    `renamed` maps keys of earlier versions to their present names.
    """
    return [
        (tuple(step for step in entry["loc"] if step != "[key]"), _reason(entry, model, renamed or {}))
        for entry in error.errors()
    ]


def spell(loc: Location) -> str:
    """A location as people write it: `collection.labels[0].folder`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc).lstrip(".")


def _reason(entry: Any, model: type[BaseModel], renamed: Mapping[str, str]) -> str:
    *parents, key = entry["loc"] or ("",)
    if entry["type"] == "extra_forbidden":
        known = _fields_at(parents, model)
        if renamed.get(str(key)) in known:
            return f"renamed; write '{renamed[str(key)]}'"
        return "unknown key" + nearest(str(key), known)
    if entry["type"] == "missing":
        return "missing; add it"
    given = repr(entry["input"])
    given = given if len(given) <= 80 else f"{given[:80]}…"
    if entry["type"] in ("model_type", "dict_type"):
        return f"a section of keys is needed, not {given}"
    message = entry["msg"].removeprefix("Value error, ")
    return f"{message[0].lower()}{message[1:]}, not {given}"


def _fields_at(loc: Iterable[str | int], model: type[BaseModel]) -> list[str]:
    """The valid keys of the section at `loc`, read from the JSON Schema."""
    schema = model.model_json_schema()
    node = schema
    for step in loc:
        patterns = node.get("patternProperties", {}).values()
        named = node.get("properties", {}).get(step) or node.get("items") or node.get("additionalProperties")
        node = named or next(iter(patterns))
        node = next(iter(node.get("anyOf", [node])))
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return list(node["properties"])
