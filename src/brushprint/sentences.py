"""What the sources say in words of heat and of clusters, and what this run measured of it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from brushprint.checking import Name, Settings
from brushprint.regions import FEWEST, REGIONS

ANSWERS = ("supported", "not supported", "cannot be judged")


class Sentence(Settings):
    """One sentence of a source, in our words, and what is measured to answer it."""

    id: Annotated[Name, Field(description="begins with the source")]
    says: Annotated[str, Field(min_length=1, max_length=160, description="what the source says, in our words")]
    region: Annotated[
        Literal[*REGIONS] | None, Field(description="the region that is said to hold more heat than others")
    ] = None
    of: Annotated[
        str | None, Field(description="which pictures: `correct`, `misclassified`, or one of these and a style")
    ] = None

    @property
    def group(self) -> tuple[str, str]:
        """How `brushprint.regions.effects` calls the pictures."""
        return ("outcome and style" if " " in self.of else "outcome"), self.of


def answer(sentence: Sentence, variant: str, effects: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """What a run says of a sentence about a variant.

    `effects` are the tables of `brushprint.regions.effects` by variant. Returns `id`, `says`, `variant`, `region`,
    `of`, `answer` (one of `ANSWERS`), `why`, `measured` (the numbers of the table, null what is not known; or null),
    and of how many variants (`judged`) it is `supported`.
    """
    rows = {name: _row(sentence, table) for name, table in effects.items()}
    judged = [row for row in rows.values() if row is not None and row["pictures"] >= FEWEST]
    found = rows.get(variant)
    if variant not in effects:
        verdict, why = "cannot be judged", f"{variant} is not in this run"
    elif found is None:
        verdict, why = "cannot be judged", "no such picture"
    elif found["pictures"] < FEWEST:
        verdict, why = "cannot be judged", found["why"]
    else:
        verdict, why = ("supported", "") if found["found"] == "more" else ("not supported", _why(found))
    return {
        **{"id": sentence.id, "says": sentence.says, "variant": variant, "region": sentence.region, "of": sentence.of},
        "answer": verdict,
        "why": why,
        "measured": found and {name: _plain(value) for name, value in found.items() if name not in ("found", "why")},
        "judged": len(judged),
        "supported": sum(row["found"] == "more" for row in judged),
    }


def _row(sentence: Sentence, effects: pd.DataFrame) -> dict[str, Any] | None:
    by, value = sentence.group
    rows = effects[(effects["by"] == by) & (effects["value"] == value) & (effects["region"] == sentence.region)]
    return rows.drop(columns=["by", "value", "region"]).iloc[0].to_dict() if len(rows) else None


def _why(found: Mapping[str, Any]) -> str:
    return "it holds less than its area" if found["found"] == "less" else found["why"]


def _plain(value: Any) -> float | int | None:
    return (int(value) if float(value).is_integer() else float(value)) if np.isfinite(value) else None
