"""The pages of `docs/reference/` that repeat what the code says: settings, commands, results and rules.

    python -m brushprint.cli.reference

A test compares the written pages with these functions.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from brushprint.cli.commands import app
from brushprint.core.atomic import replacing
from brushprint.report.data_dictionary import COLLECTION_FILES, COLUMNS, VARIANT_FILES
from brushprint.settings.json_schema import json_schema

_WRITTEN = "<!-- Written by `make generated`. -->\n"
# The names of sections whose entries people name themselves.
_ENTRIES = {"splits": "split", "recipes": "recipe", "variants": "variant", "files": "architecture"}
_LIMITS = {"minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}"}


def settings_page(checkout: Path) -> str:
    """Every setting with its values, its default and its meaning."""
    schema = json_schema()
    defaults: dict[str, Any] = {}
    for name in ("config.yaml", "recipes.yaml"):
        defaults |= yaml.safe_load((checkout / "config" / name).read_text(encoding="utf-8"))
    lines = [
        _WRITTEN,
        "# Settings\n",
        "`config/config.yaml` contains every key with its default, and `config/recipes.yaml` the published recipes.",
        "To change keys, write them into a file of your own and name it after `--configfile`; you can name several",
        "files. Or write `--config 'collection={title: Mine}'`. Lists are replaced as a whole. A split, recipe or",
        "variant that is set to `null` is removed. A mistake stops the run before it begins, with one line that names",
        "the file, the key and the nearest valid key. Editors read `workflow/schemas/config.schema.json`.\n",
    ]
    single = []
    for name, node in schema["properties"].items():
        rows = [
            (f"`{key.removeprefix(f'{name}.')}`", *rest)
            for key, *rest in _rows(schema, node, name, defaults.get(name, ...))
        ]
        if len(rows) == 1:
            single += rows
        else:
            lines += [f"## {name}\n", *_paragraph(_target(schema, node)), *_table(_SETTINGS, rows)]
    return "\n".join([*lines, "## Single keys\n", *_table(_SETTINGS, single)])


_SETTINGS = ("key", "values", "default", "meaning")


def _rows(schema: Mapping[str, Any], node: Mapping[str, Any], key: str, default: Any) -> Iterator[tuple[str, ...]]:
    """A row for the setting itself, unless it only holds others, and rows for those below it.

    `default` is `...` where there is none.
    """
    target = _target(schema, node)
    entries = [option for entry in target.get("patternProperties", {}).values() for option in entry["anyOf"]]
    if not entries and isinstance(extra := target.get("additionalProperties"), dict):
        entries = [extra]
    inner = target.get("properties")
    if entries:
        name = _ENTRIES[key.rsplit(".", maxsplit=1)[-1]]
        if "description" in node:
            yield key, "a mapping", _shown(default), node["description"]
        for option in entries[0].get("oneOf", entries[:1]):
            kind = "encoder " if option.get("$ref", "").endswith("EncoderRecipe") else ""
            yield from _rows(schema, option, f"{key}.<{kind}{name}>", ...)
    elif target.get("type") == "array" and "$ref" in target["items"]:
        yield key, "a list", "", node.get("description", "")
        yield from _rows(schema, target["items"], f"{key}[]", ...)
    elif inner:
        if "description" in node and "." in key:
            may_be_null = _may_be_null(node)
            values = "a mapping, `null`" if may_be_null else "a mapping"
            yield key, values, "" if isinstance(default, dict) else _shown(default), node["description"]
        for name, child in inner.items():
            below = default.get(name, ...) if isinstance(default, dict) else child.get("default", ...)
            yield from _rows(schema, child, f"{key}.{name}", below)
    else:
        yield key, _values({**target, **node}), _shown(default), node.get("description", "")


def _target(schema: Mapping[str, Any], node: Mapping[str, Any]) -> Mapping[str, Any]:
    """The model that a setting refers to, or the setting itself."""
    node = next((option for option in node.get("anyOf", []) if option.get("type") != "null"), node)
    return schema["$defs"][node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else node


def _may_be_null(node: Mapping[str, Any]) -> bool:
    return any(option.get("type") == "null" for option in node.get("anyOf", []))


def _values(node: Mapping[str, Any]) -> str:
    """The values that a setting may have, in words."""
    options = [option for option in node.get("anyOf", [node]) if option.get("type") != "null"]
    texts = [_value(option) for option in options] + (["`null`"] if _may_be_null(node) else [])
    return ", ".join(dict.fromkeys(filter(None, texts)))


def _value(option: Mapping[str, Any]) -> str:
    if "const" in option:
        return f"`{option['const']}`"
    if "enum" in option:
        return ", ".join(f"`{value}`" for value in option["enum"])
    limits = [text.format(option[name]) for name, text in _LIMITS.items() if name in option]
    kind = {"integer": "whole number", "number": "number", "boolean": "`true`, `false`", "string": "text"}
    text = "list" if option.get("type") == "array" else kind.get(option.get("type", ""), "")
    return " ".join([text, *limits]).strip() if len(limits) < 2 else f"{text} {' and '.join(limits)}"


def _shown(value: Any) -> str:
    if value is ...:
        return ""
    text = yaml.safe_dump(value, default_flow_style=True, width=1000).removesuffix("\n").removesuffix("\n...")
    return f"`{text}`" if not isinstance(value, dict) and len(text) < 60 else ""


def _paragraph(node: Mapping[str, Any]) -> list[str]:
    return [f"{node['description']}\n"] if "description" in node else []


def commands_page() -> str:
    """The help of every command, as it is printed in 80 columns."""
    lines = [
        _WRITTEN,
        "# Commands\n",
        "The command is in `.venv/bin`; activate the environment first (`. .venv/bin/activate`).\n",
    ]
    commands = [command.callback.__name__ for command in app.registered_commands if command.callback]
    for name in ("", *commands):
        title = f"brushprint {name}".strip()
        lines += [f"## {title}\n", "```text", _help(name), "```\n"]
    return "\n".join(lines)


def _help(name: str) -> str:
    """What `--help` prints, as plain text."""
    call = [sys.executable, "-m", "brushprint", *([name] if name else []), "--help"]
    environment = {"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb", "PYTHONPATH": str(Path(__file__).parents[2])}
    printed = subprocess.run(call, capture_output=True, text=True, check=True, env=environment).stdout
    return "\n".join(line.rstrip() for line in printed.strip().splitlines())


def results_page() -> str:
    """Every file of the results, and every column of its tables."""
    lines = [
        _WRITTEN,
        "# Results\n",
        "Every file has the same bytes after every run of the same commit (see",
        "[exceptions](../explanation/reruns.md#exceptions)). Shares and probabilities are from 0 to 1. JSON files give",
        "each measure as `value`, `low` and `high`, the ends of its 95 % interval.\n",
        "## Files of the collection\n",
        "In `results/<collection>/`:\n",
        *_table(("file", "content"), [(_as_code(names), text) for names, text in COLLECTION_FILES.items()]),
        "## Files of a variant\n",
        "In `results/<collection>/variants/<variant>/`:\n",
        *_table(("file", "content"), [(_as_code(names), text) for names, text in VARIANT_FILES.items()]),
        "## Columns\n",
    ]
    for name, columns in COLUMNS.items():
        rows = [(_as_code(names), text) for names, text in columns.items()]
        lines += [f"### {name}\n", *_table(("column", "meaning"), rows)]
    return "\n".join(lines)


def _as_code(names: str) -> str:
    return ", ".join(f"`{name}`" for name in names.split(", "))


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    cells = [tuple(text.replace("|", "\\|") for text in row) for row in rows]
    lines = [head, ("---",) * len(head), *cells]
    return [*(f"| {' | '.join(row)} |" for row in lines), ""]


def pages(checkout: Path) -> dict[str, str]:
    """The text of each page, by its path in the checkout."""
    return {
        "docs/reference/settings.md": settings_page(checkout),
        "docs/reference/commands.md": commands_page(),
        "docs/reference/results.md": results_page(),
    }


def main() -> None:
    """Write the pages into the current folder."""
    for name, text in pages(Path()).items():
        with replacing(name) as part:
            part.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
