"""The model card of a variant: its measurements in sentences that state what it is, and what it can and cannot do.

Model cards follow Mitchell et al., Model Cards for Model Reporting (2019).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from brushprint.stats.intervals import FEWEST

# A card names at most this many styles and at most this many image changes.
_WORST = 3
_UNKNOWN = "an unknown share"


class Section(NamedTuple):
    """A heading and the sentences below it."""

    heading: str
    sentences: list[str]


def card(
    *,
    title: str,
    task: str,
    recipe: Mapping[str, Any],
    synthetic: bool,
    split: pd.DataFrame,
    metrics: Mapping[str, Any],
    styles: pd.DataFrame,
    robustness: pd.DataFrame,
    audit: Sequence[Mapping[str, Any]],
    arms: Mapping[str, Sequence[Mapping[str, Any]]],
    external: Mapping[str, Any] | None,
) -> list[Section]:
    """Write the sections of a variant's model card.

    Parameters
    ----------
    title : title of the collection
    task, recipe : task and recipe of the variant
    synthetic : whether the pictures are the embedded sample
    split : columns `source`, `partition`, `fold` and `copy`, see `brushprint.data.split`
    metrics : the variant's `metrics.json`
    styles : see `brushprint.evaluation.detection.by_style_and_source`; a missing style is an unknown style
    robustness : see `brushprint.evaluation.robustness.rates`
    audit : see `brushprint.evaluation.shortcut_audit.audit`
    arms : the entries of this variant under `seeds` and `unseen`, see `brushprint.evaluation.arms`
    external : the result of `brushprint.evaluation.detection.evaluate` for pictures from elsewhere, and their `title`;
        None if there are none
    """
    return [
        Section(
            "Model and training data", _training(title, task, recipe, synthetic, split[_trained_on(split, metrics)])
        ),
        Section("Accuracy on test pictures", [*_folds(metrics), *_accuracy(metrics)]),
        Section("False accusations and misses", _false_accusations(metrics)),
        Section("Weakest styles and image changes", [*_worst_styles(styles), *_worst_changes(robustness)]),
        Section("Unseen generators and other seeds", _unseen(arms, external)),
        Section("Dataset shortcuts", _shortcuts(audit, robustness)),
        Section("Calibration and abstention", [_calibration(metrics), *_abstention(metrics["verdict"])]),
        Section(
            "Out-of-scope uses",
            [
                "A score is not proof of authorship: it says how similar a picture is to the network's training "
                "pictures, and it is wrong as often as this card says.",
                "Do not use it to accuse, rank or pay anybody.",
            ],
        ),
    ]


def as_markdown(name: str, sections: Sequence[Section]) -> str:
    """The model card as a page of Markdown."""
    parts = [f"# Model card: {name}"]
    parts += [
        f"## {section.heading}\n\n" + "\n".join(f"- {line}" for line in section.sentences) for section in sections
    ]
    return "\n\n".join(parts) + "\n"


def _percent(value: float | None) -> str:
    return _UNKNOWN if pd.isna(value) else f"{value:.1%}"


def _share(measure: Mapping[str, Any]) -> str:
    low, value, high = (measure[key] for key in ("low", "value", "high"))
    return _percent(value) if pd.isna(low) or pd.isna(high) else f"{value:.1%} ({low:.1%} to {high:.1%})"


def _points(value: float | None, low: float | None, high: float | None, digits: int = 1) -> str:
    if value is None or pd.isna(value):
        return "an unknown number of points"
    ends = [_signed(end, digits) for end in (low, high) if end is not None and pd.notna(end)]
    return f"{_signed(value, digits)} points" + (f" ({' to '.join(ends)})" if len(ends) == 2 else "")


def _signed(share: float, digits: int) -> str:
    # Adding zero turns a rounded -0.0 into 0.0.
    return f"{round(100 * share, digits) + 0:+.{digits}f}"


def _words(label: str) -> str:
    return label.replace("_", " ")


def _trained_on(split: pd.DataFrame, metrics: Mapping[str, Any]) -> "pd.Series[bool]":
    return split["fold"] >= 0 if metrics["folds"] else split["partition"] == "train"


def _training(title: str, task: str, recipe: Mapping[str, Any], synthetic: bool, training: pd.DataFrame) -> list[str]:
    by_source = ", ".join(f"{count:,} {source}" for source, count in training["source"].value_counts().items())
    copies = int((training["copy"] > 0).sum())
    if "encoder" in recipe:
        what = f"Logistic regression on features of the frozen encoder {recipe['encoder']}, which sees"
    else:
        what = f"A {recipe['architecture']} network on"
    sentences = [
        f"{what} pictures of {recipe['image_size']} pixels a side, for the task {task.replace('_', ' and ')}.",
        f"Trained on {len(training):,} pictures of {title} ({by_source})"
        + (f", of which {copies:,} are augmented copies." if copies else "."),
    ]
    if synthetic:
        sentences.append("Its pictures are a synthetic sample, so its figures are about the software, not about art.")
    return sentences


def _folds(metrics: Mapping[str, Any]) -> list[str]:
    if not metrics["folds"]:
        return []
    if metrics["validation"] is None:
        return [
            f"Each picture was tested by a network that was fitted and chosen without the picture's fold, one of "
            f"{metrics['folds']}. The network of this card, which the command and the page use, is fitted to all "
            "pictures, so that no picture is left to test it. Its limits of the verdict are those that the tests chose."
        ]
    return [
        f"Networks that were fitted without one of {metrics['folds']} folds of the training pictures chose the limits "
        "of the verdict."
    ]


def _accuracy(metrics: Mapping[str, Any]) -> list[str]:
    test, detection = metrics["test"], metrics["detection"]
    sentences = [
        f"Of {test['pictures']:,} test pictures, {_share(test['accuracy'])} are classified correctly; always guessing "
        f"the commonest class gives {_percent(test['majority'])}. Balanced accuracy is "
        f"{_share(test['balanced_accuracy'])}; guessing gives {1 / len(metrics['classes']):.1%}.",
    ]
    if detection["human"] and detection["ai"]:
        sentences.append(
            f"On the question human or AI, its balanced accuracy is {_share(detection['balanced_accuracy'])}; "
            "guessing gives 50.0%."
        )
    else:
        sentences.append("All test pictures are human or all are AI, so how well it tells the two apart is unknown.")
    if detection["why"]:
        sentences.append(f"It was tested on {detection['why']}: too few to rely on.")
    return sentences


def _false_accusations(metrics: Mapping[str, Any]) -> list[str]:
    detection, abstaining = metrics["detection"], metrics["verdict"]["test"]
    alarms, misses = detection["false_alarms"], detection["misses"]
    if pd.isna(alarms["value"]):
        sentences = ["No human work was tested, so the rate of false accusations is unknown."]
    elif (threshold := metrics["verdict"]["threshold"]) is None:
        sentences = [f"It never calls a picture AI: {metrics['verdict']['why']}."]
    else:
        sentences = [
            f"Of 1,000 human artists who each show one work, it would falsely accuse about {_of_1000(alarms)} if it "
            f"always answered (threshold {threshold:.2f}), and about {_of_1000(abstaining['human_called_ai'])} if it "
            "may answer unsure."
        ]
    if not pd.isna(misses["value"]):
        sentences.append(
            f"It would call {_share(misses)} of AI works human if it always answered, and "
            f"{_share(abstaining['ai_called_human'])} if it may answer unsure."
        )
    return sentences


def _of_1000(measure: Mapping[str, Any]) -> str:
    value, *ends = (f"{1000 * measure[key]:.0f}" for key in ("value", "low", "high") if not pd.isna(measure[key]))
    return f"{value} ({' to '.join(ends)})" if len(ends) == 2 else value


def _worst_styles(styles: pd.DataFrame) -> list[str]:
    enough = styles[styles["pictures"] >= FEWEST].sort_values(["right", "source", "style"], ascending=True)
    if enough.empty:
        return [f"No style of any source has {FEWEST} test pictures, so no style is judged by itself."]
    rows = []
    for row in enough.head(_WORST).to_dict("records"):
        source = _words(row["source"])
        works = (
            f"{source} works without a known style"
            if pd.isna(row["style"])
            else f"{source} {_words(row['style'])} works"
        )
        rows.append(
            f"{works}, {row['right']:.0%} of {row['pictures']:,} correct "
            f"({row['right_low']:.0%} to {row['right_high']:.0%})"
        )
    return [f"On the question human or AI, it is least accurate on {'; '.join(rows)}."]


def _worst_changes(robustness: pd.DataFrame) -> list[str]:
    changed = robustness[(robustness["measure"] == "balanced_accuracy") & ~robustness["name"].isin(["none", "swap"])]
    known = changed.dropna(subset=["change"])
    if known.empty:
        return ["Too few pictures were changed to judge its accuracy on changed ones."]
    start = f"On {known['pictures'].iloc[0]:,} changed test pictures, balanced accuracy falls"
    falls = known[known["change"] < 0].sort_values(["change", "name", "severity"])
    if falls.empty:
        return [f"{start} under none of the changes."]
    rows = [
        f"{row['name']} of severity {row['severity']}, "
        f"{_points(row['change'], row['change_low'], row['change_high'], digits=0)}"
        for row in falls.drop_duplicates("name").head(_WORST).to_dict("records")
    ]
    return [f"{start} most under {'; '.join(rows)}."]


def _unseen(arms: Mapping[str, Sequence[Mapping[str, Any]]], external: Mapping[str, Any] | None) -> list[str]:
    sentences = []
    for row in arms["unseen"]:
        if row["why"]:
            sentences.append(f"How it does on {row['source']} as an unseen generator is unknown: {row['why']}.")
            continue
        sentences.append(
            f"Trained on {', '.join(row['trained_on'])} and not on {row['source']}, the network misses "
            f"{_share(row['unseen']['misses'])} of the works of {row['source']}; trained on all, it misses "
            f"{_share(row['seen']['misses'])}. This changes balanced accuracy by "
            f"{_points(**row['difference']['balanced_accuracy'])}."
        )
    if not sentences:
        sentences.append("It was not tested on an unseen generator: expect lower accuracy there than here.")
    if external:
        sentences.append(
            f"On {external['title']}, pictures from elsewhere, its balanced accuracy is "
            f"{_share(external['balanced_accuracy'])}; {_share(external['false_alarms'])} of human works are called AI."
        )
        if external["why"]:
            sentences.append(f"There it was tested on {external['why']}: too few to rely on.")
    for row in arms["seeds"]:
        spread = row["balanced_accuracy"]
        sentences.append(
            f"Trained {row['networks']} times from different seeds, its balanced accuracy lies between "
            f"{_percent(spread['lowest'])} and {_percent(spread['highest'])}."
        )
    return sentences


def _shortcuts(audit: Sequence[Mapping[str, Any]], robustness: pd.DataFrame) -> list[str]:
    shortcuts: dict[str, list[str]] = {}
    for row in audit:
        if row["reported"]:
            shortcut = f"{row['features']} {row['balanced_accuracy']['value']:.0%}"
            shortcuts.setdefault(row["question"], []).append(shortcut)
    unjudged = [row["why"] for row in audit if row["why"]]
    if shortcuts:
        sentences = [
            f"File properties alone separate {question} with this balanced accuracy: {', '.join(values)}; guessing "
            "gives 50%."
            for question, values in shortcuts.items()
        ]
        sentences.append("The network may have learned these properties in place of the art.")
    elif len(unjudged) == len(audit):
        why = f": {unjudged[0]}" if unjudged else ""
        sentences = [f"Whether the files' encoding, size or colours separate AI from human is unknown{why}."]
    else:
        sentences = ["The audit detected no dataset shortcut."]
    swap = robustness[(robustness["name"] == "swap") & (robustness["measure"] == "balanced_accuracy")]
    sentences += [
        "When human and AI pictures swap size and encoding, its balanced accuracy changes by "
        f"{_points(row['change'], row['change_low'], row['change_high'])}."
        for row in swap.dropna(subset=["change"]).to_dict("records")
    ]
    return sentences


def _calibration(metrics: Mapping[str, Any]) -> str:
    before, after = (metrics["calibration"][when]["ece"] for when in ("before", "after"))
    temperature = metrics["calibration"]["temperature"]
    return (
        f"The expected calibration error is {_share(before)}, and {_share(after)} after division by a temperature that "
        f"other pictures chose ({temperature:.2f} for this network). A perfectly calibrated network would show "
        f"{_percent(before['chance']['mean'])} on so many pictures."
    )


def _rate(verdict: Mapping[str, Any]) -> str:
    return f"{100 * verdict['rate']:g}%"


def _abstention(verdict: Mapping[str, Any]) -> list[str]:
    test = verdict["test"]
    sentences = [
        f"It answers unsure on {_share(test['unsure'])} of test pictures; the target is that at most "
        f"{_rate(verdict)} of human works are called AI, and at most {_rate(verdict)} of AI works are "
        "called human."
    ]
    if not pd.isna(test["wrong"]["value"]):
        sentences.append(
            f"Its error rate is {_share(test['wrong'])} when it answers, and {_share(test['always']['wrong'])} if "
            "forced to answer."
        )
    if verdict["why"]:
        never = [name for end, name in (("low", "human"), ("high", "AI")) if verdict[end] is None]
        sentences.append(f"With {verdict['why']} it never answers {' or '.join(never)}.")
    return sentences
