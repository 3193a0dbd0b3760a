"""Loading and checking of the settings, before anything runs; each mistake is reported in one line."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from brushprint.core.config_errors import Location, mistakes, spell
from brushprint.core.errors import UserError
from brushprint.settings.checks import inconsistencies
from brushprint.settings.schema import RENAMED, Config


def load(values: dict[str, Any], files: Iterable[str | Path]) -> Config:
    """Validate merged settings and return them.

    Parameters
    ----------
    values : the settings of all `files`, merged, and of the command line
    files : the files that were merged; the last one wins

    Raises `UserError` with one line per mistake: the file (`--config` for the command line), the key, what is wrong,
    and the nearest valid key.
    """
    try:
        config = Config.model_validate(values, strict=True)
    except ValidationError as error:
        problems = mistakes(error, Config, RENAMED)
    else:
        problems = list(inconsistencies(config))
        if not problems:
            return config
    contents = {str(file): yaml.safe_load(Path(file).read_text(encoding="utf-8")) for file in files}
    lines = [f"{_file_of(location, values, contents)}: {spell(location)}: {reason}" for location, reason in problems]
    raise UserError("\n".join(lines))


def typed(value: Any) -> Any:
    """Parse each string in nested settings as YAML: `3` becomes a number, `null` becomes None, invalid YAML is kept."""
    if isinstance(value, dict):
        return {key: typed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [typed(inner) for inner in value]
    try:
        return yaml.safe_load(value) if isinstance(value, str) else value
    except yaml.YAMLError:
        return value


def shipped(collection: str, folder: Path = Path("config")) -> Config:
    """Load the settings from the files in `folder` alone, with the overlay of a collection if it exists."""
    files = [folder / f"{name}.yaml" for name in ("config", "recipes", collection)]
    values: dict[str, Any] = {}
    for file in filter(Path.exists, files):
        values = _merged(values, yaml.safe_load(file.read_text(encoding="utf-8")))
    return load(values, files)


def _merged(values: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """Apply an overlay to settings as Snakemake does: sections are merged, and other values are replaced."""
    merged = dict(values)
    for key, value in overlay.items():
        known = merged.get(key)
        merged[key] = _merged(known, value) if isinstance(known, Mapping) and isinstance(value, Mapping) else value
    return merged


_ABSENT = object()


def _file_of(location: Location, values: Any, contents: Mapping[str, Any]) -> str:
    """The file to blame for a mistake: the last one that contains the effective value, or `--config` if none does.

    For a section, any file that contains it counts, because sections are merged; lists are replaced as a whole. If the
    key is missing, the first file that contains the section around it is blamed.
    """
    known = location
    while (value := _at(values, known)) is _ABSENT:
        known = known[:-1]
    merged = isinstance(value, dict) and not any(isinstance(step, int) for step in location)

    def holds(content: Any) -> bool:
        own = _at(content, known)
        return own == value or (merged and isinstance(own, dict))

    files = [file for file, content in contents.items() if holds(content)] or ["--config"]
    return files[-1] if known == location else files[0]


def _at(values: Any, location: Location) -> Any:
    """The value at a location of nested settings, or `_ABSENT`."""
    for step in location:
        try:
            values = values[step]
        except (KeyError, IndexError, TypeError):
            return _ABSENT
    return values
