"""Restore the arrays that belong to the present settings and code; the scratch folder with them is not versioned."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from brushprint.core.digest import cached_sha256, key
from brushprint.data.array_digests import restore_array
from brushprint.workflow.plan import Plan


def restore(
    plan: Plan,
    files: Mapping[str, str],
    code: Callable[[str], list[str]],
    pictures: Mapping[str, Any],
    encoding: Callable[[str], list[Any]],
) -> None:
    """Put the arrays that were made from the present tables in place, and set aside arrays of other results.

    Parameters
    ----------
    files : path patterns of the arrays `pixels`, `copies`, `corrupted`, `encoded` and `encoded_corrupted`, with the
        wildcards of their rules
    code : returns the code that the results of a script depend on; see `brushprint.workflow.provenance.Scripts.code`
    pictures : the params of rules that read pictures in the state in which networks see them
    encoding : returns the params that decide the features of an encoder
    """
    results = Path(plan.results)
    tables = {name: results / f"{name}.parquet" for name in ("catalogue", "groups", "shortcut-features-raw")}
    splits = {name: results / f"splits/{name}.parquet" for name in plan.oversampled}
    digests = cached_sha256(
        filter(Path.exists, [*tables.values(), *splits.values()]), Path(f"{plan.scratch}/digests/tables.json")
    )
    if tables["catalogue"] not in digests:
        return
    for name, variant in plan.variants.items():
        array, tested = variant.array, plan.tested(variant.split)
        seen = {**pictures, "harmonise": plan.harmonise_of(array["resize"])}
        pixels = key([*code("pixels"), *seen.values(), digests[tables["catalogue"]]])
        restore_array(Path(files["pixels"].format(**array)), made_from=pixels)
        if (split := splits.get(variant.split)) in digests:
            made_from = key([*code("oversample"), digests[split], pixels])
            restore_array(Path(files["copies"].format(**array)), made_from=made_from)
        made = {"encoded": pixels}
        if digests.keys() >= set(tables.values()):
            params = [*code("corrupt"), *pictures.values(), plan.seed_of("robustness"), plan.test_draw(tested)]
            made["encoded_corrupted"] = key([*params, *(digests[table] for table in tables.values())])
            restore_array(Path(files["corrupted"].format(tested=tested, **array)), made["encoded_corrupted"])
        encoder = plan.encoder_of(name)
        weights = results / f"seals/weights-{plan.weights_of(name)}.json"
        if encoder and weights.exists():
            params = [*encoding(encoder), weights.read_text(encoding="utf-8")]
            for file, made_from in made.items():
                path = Path(files[file].format(tested=tested, encoder=encoder))
                restore_array(path, made_from=key([*params, made_from]))
