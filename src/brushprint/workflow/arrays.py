"""Arrays in the scratch folder, which is not versioned: those of the present settings and code are in their place."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from brushprint.core.digest import cached_sha256, key
from brushprint.data.array_digests import restore_array
from brushprint.workflow.plan import Plan


def recall(
    plan: Plan,
    files: Mapping[str, str],
    tables: Mapping[str, Path],
    code: Callable[[str], list[str]],
    pictures: Mapping[str, Any],
) -> None:
    """Put the arrays that were made of the present tables in their place, and those of other results aside.

    Parameters
    ----------
    files : patterns of the arrays, by the rule that makes them: `pixels`, `oversample` and `corrupt`
    tables : the tables that arrays are made of, by name: `catalogue`, `groups`, `cues`, and each oversampled split
    code : what the results of a rule depend on, see `brushprint.workflow.provenance.code`
    pictures : the parameters of the rules that decode pictures
    """
    digests = cached_sha256(filter(Path.exists, tables.values()), Path(f"{plan.scratch}/digests/tables.json"))
    known = {name: digests[file] for name, file in tables.items() if file in digests}
    if "catalogue" not in known:
        return
    pixels = key([*code("pixels"), *pictures.values(), known["catalogue"]])
    for variant in plan.variants.values():
        array = variant.array
        restore_array(Path(files["pixels"].format(**array)), made_from=pixels)
        if variant.split in known:
            made_from = key([*code("oversample"), known[variant.split], pixels])
            restore_array(Path(files["oversample"].format(**array)), made_from=made_from)
        if {"groups", "cues"} <= known.keys():
            tested = plan.tested(variant.split)
            corruption = {**pictures, **plan.corruption(tested)}
            made_from = key([*code("corrupt"), corruption, *(known[name] for name in ("catalogue", "groups", "cues"))])
            restore_array(Path(files["corrupt"].format(tested=tested, **array)), made_from=made_from)
