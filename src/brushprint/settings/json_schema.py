"""The JSON Schema of a settings file, for editors; `make generated` writes it."""

import json
from typing import Any

from brushprint.settings.schema import Config, LabelRule


def json_schema() -> dict[str, Any]:
    """The JSON Schema of an overlay: keys may be left out, and entries of sections may be null to remove them."""
    whole = Config.model_json_schema()
    for section in (whole, *whole["$defs"].values()):
        if section.get("title") != LabelRule.__name__:
            section.pop("required", None)
        for field in section["properties"].values():
            for pattern, entry in field.get("patternProperties", {}).items():
                field["patternProperties"][pattern] = {"anyOf": [entry, {"type": "null"}]}
    return whole


if __name__ == "__main__":
    print(json.dumps(json_schema(), indent=2))
