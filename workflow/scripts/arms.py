import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_json
from brushprint.data.taxonomy import with_classes
from brushprint.evaluation.arms import answers, over_seeds, unseen
from brushprint.evaluation.detection import origins_of
from brushprint.evaluation.metrics import class_names, evaluate, parts_of

with logged(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    files = dict(zip(params.variants, given.predictions, strict=True))
    splits = dict(zip(params.splits, given.splits, strict=True))
    found = {"seeds": [], "unseen": []}
    for name in [name for name in params.variants if "+" not in name]:
        said = params.variants[name]
        pictures = pd.read_parquet(splits[said["split"]], filters=[("copy", "==", 0)])
        pictures = with_classes(pictures, said["task"])
        tested = pictures[pictures["partition"] == "test"]
        origins = origins_of(pictures)
        arms = {arm: pd.read_parquet(files[arm]) for arm in files if arm.partition("+")[0] == name}
        seeds = [arm for arm in arms if arm == name or "+seed-" in arm]
        if len(seeds) > 1:
            parts = parts_of(pictures, class_names(arms[name]))
            metrics = []
            for arm in seeds:
                test = arms[arm][arms[arm]["partition"] == "test"]
                groups = test.merge(tested[["image_id", "group"]], on="image_id", validate="one_to_one")["group"]
                metrics.append(evaluate(test, parts, groups.to_numpy(), params.seed))
            found["seeds"].append({"variant": name, "networks": len(seeds), **over_seeds(metrics)})
        for arm in arms:
            if "+without-" in arm:
                source = arm.partition("+without-")[2]
                both = [answers(arms[which], origins, tested["image_id"]) for which in (name, arm)]
                found["unseen"].append({"variant": name, **unseen(*both, tested, source, params.seed)})
    write_json(found, snakemake.output[0])
