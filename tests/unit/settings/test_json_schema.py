"""The JSON Schema for editors is that of the models."""

import json

from brushprint.settings.json_schema import json_schema
from tests.conftest import REPOSITORY


def test_the_schema_for_editors_is_of_these_models():
    stored = (REPOSITORY / "workflow" / "schemas" / "config.schema.json").read_text(encoding="utf-8")
    assert json.loads(stored) == json_schema(), "run `make schema`"
