"""The stored JSON Schema, which editors use, is the schema of the models."""

import json

from brushprint.settings.json_schema import json_schema
from tests.conftest import REPOSITORY


def test_the_stored_json_schema_is_up_to_date():
    stored = (REPOSITORY / "workflow" / "schemas" / "config.schema.json").read_text(encoding="utf-8")
    assert json.loads(stored) == json_schema(), "run `make generated`"
