import pandas as pd

from brushprint.core.job_log import logged
from brushprint.core.tables import write_csv, write_json
from brushprint.data.taxonomy import TASKS, with_classes
from brushprint.evaluation import abstention, detection
from brushprint.evaluation.calibration import apply, calibration, log_probabilities, temperature
from brushprint.evaluation.metrics import PARTS, class_names, curve, evaluate, parts_of, said_by

with logged(snakemake.log[0]):
    given, params, seed = snakemake.input, snakemake.params, snakemake.params.seed
    predictions = pd.read_parquet(given.predictions)
    classes = class_names(predictions)
    columns = sorted({"image_id", "partition", "copy", "group", *TASKS[params.task], *PARTS})
    pictures = with_classes(pd.read_parquet(given.split, columns=columns), params.task)
    parts = parts_of(pictures, classes)
    origins = detection.origins_of(pictures)
    facts = pictures.loc[pictures["copy"] == 0, ["image_id", "group", "origin", "source", "style"]]
    table = predictions.merge(facts, on="image_id", validate="one_to_one")
    table["p_of_ai"] = detection.ai_probability(predictions, origins)
    table["is_ai"] = table["origin"] == "ai"
    validation, test = (table[table["partition"] == name].copy() for name in ("validation", "test"))
    partitions = {"validation": validation, "test": test}
    metrics = {name: evaluate(part, parts, part["group"].to_numpy(), seed) for name, part in partitions.items()}

    cuts = detection.cuts(predictions, origins)
    asked = [test[name].to_numpy() for name in ("is_ai", "p_of_ai")]
    metrics["detection"] = detection.evaluate(*asked, **cuts, groups=test["group"].to_numpy(), seed=seed)

    # Test pictures that no near duplicate in training gives away.
    known = test["group"].isin(pictures.loc[pictures["partition"] == "train", "group"])
    apart = test[~known]
    metrics["leaked"] = int(known.sum())
    metrics["apart"] = evaluate(apart, parts, apart["group"].to_numpy(), seed) if known.any() and len(apart) else None

    true = {name: pd.Index(classes).get_indexer(part["label"]) for name, part in partitions.items()}
    probabilities = {name: part[[f"p_{name}" for name in classes]].to_numpy() for name, part in partitions.items()}
    cooled = temperature(log_probabilities(probabilities["validation"]), true["validation"])
    calibrated = {name: apply(log_probabilities(p), cooled) for name, p in probabilities.items()}
    groups = test["group"].to_numpy()
    metrics["calibration"] = {
        "temperature": cooled,
        "before": calibration(probabilities["test"], true["test"], groups, seed),
        "after": calibration(calibrated["test"], true["test"], groups, seed),
    }

    test["called_ai"] = test["p_of_ai"] >= cuts["threshold"]
    judged = {
        name: (
            part["is_ai"].to_numpy(),
            detection.ai_probability(
                pd.DataFrame(calibrated[name], columns=[f"p_{label}" for label in classes]), origins
            ),
            part["group"].to_numpy(),
        )
        for name, part in partitions.items()
    }
    band = abstention.band(*judged["validation"])
    metrics["verdict"] = {
        "level": abstention.LEVEL,
        **band,
        "test": abstention.evaluate(*judged["test"], band, called_ai=test["called_ai"].to_numpy(), seed=seed),
    }
    about = {"classes": classes, "parts": parts.to_dict("list"), "says": said_by(pictures, classes).to_dict("list")}
    write_json(about | metrics, snakemake.output.metrics)
    write_csv(curve(test, classes), snakemake.output.roc)
    write_csv(test[["label", "predicted"]], snakemake.output.confusion)
    write_csv(detection.curves(*asked), snakemake.output.detection)
    write_csv(detection.by_style_and_source(test), snakemake.output.styles)
