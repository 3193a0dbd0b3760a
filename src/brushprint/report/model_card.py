"""The model card of a variant: what it is, what it can and cannot do, in sentences that its measurements write.

After Mitchell et al., Model Cards for Model Reporting (2019).
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from brushprint.stats.intervals import FEWEST

_WORST = 3


class Section(NamedTuple):
    """A heading and what stands below it, a sentence an entry."""

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
    """What a reader should know before trusting a variant.

    Parameters
    ----------
    title : of the collection
    task, recipe : of the variant
    synthetic : whether its pictures are the embedded sample
    split : see `brushprint.data.split`
    metrics : what `workflow/scripts/evaluate.py` writes
    styles : see `brushprint.evaluation.detection.by_style_and_source`
    robustness : see `brushprint.evaluation.robustness.rates`
    audit : see `brushprint.evaluation.shortcut_audit.audit`
    arms : `seeds` and `unseen` of this variant, see `brushprint.evaluation.arms`
    external : what `brushprint.evaluation.detection.evaluate` gives of pictures from elsewhere, and their `title`; None
        for none
    """
    return [
        Section("What it is", _what_it_is(title, task, recipe, synthetic, split)),
        Section("What it can do", _what_it_can(metrics)),
        Section("Whom it wrongs", _whom_it_wrongs(metrics)),
        Section("Where it fails", [*_worst_styles(styles), *_worst_changes(robustness)]),
        Section("On what it never saw", _unseen(arms, external)),
        Section("What it may have learned in place of art", _shortcuts(audit, robustness)),
        Section("How sure its scores are", _scores(metrics)),
        Section(
            "What it must not be used for",
            [
                "A score is not proof of authorship: it says how alike a picture is to those that the network learned "
                "from, and it is wrong as often as this card says.",
                "No person should be accused, ranked or paid by it.",
            ],
        ),
    ]


def as_markdown(name: str, sections: Sequence[Section]) -> str:
    """The card as a page of Markdown."""
    parts = [f"# Model card: {name}"]
    parts += [
        f"## {section.heading}\n\n" + "\n".join(f"- {line}" for line in section.sentences) for section in sections
    ]
    return "\n\n".join(parts) + "\n"


_UNKNOWN = "an unknown share"


def _percent(value: float | None) -> str:
    return _UNKNOWN if pd.isna(value) else f"{value:.1%}"


def _share(measure: Mapping[str, Any]) -> str:
    low, value, high = (measure[key] for key in ("low", "value", "high"))
    return _percent(value) if pd.isna(low) or pd.isna(high) else f"{value:.1%} ({low:.1%} to {high:.1%})"


def _points(value: float | None, low: float | None, high: float | None, digits: int = 1) -> str:
    if pd.isna(value):
        return "an unknown number of points"
    # Adding nought makes nought of what is rounded to less than none.
    value, *ends = (f"{round(100 * of, digits) + 0:+.{digits}f}" for of in (value, low, high) if not pd.isna(of))
    return f"{value} points" + (f" ({' to '.join(ends)})" if len(ends) == 2 else "")


def _what_it_is(title: str, task: str, recipe: Mapping[str, Any], synthetic: bool, split: pd.DataFrame) -> list[str]:
    learned = split[split["partition"] == "train"]
    by_source = ", ".join(f"{count:,} {source}" for source, count in learned["source"].value_counts().items())
    copies = int((learned["copy"] > 0).sum())
    said = [
        f"A {recipe['architecture']} network on pictures of {recipe['image_size']} pixels a side, for the task "
        f"{task.replace('_', ' and ')}.",
        f"Trained on {len(learned):,} pictures of {title} ({by_source})"
        + (f", of which {copies:,} are augmented copies." if copies else "."),
    ]
    if synthetic:
        said.append("Its pictures are a synthetic sample, so its figures are about the software, not about art.")
    return said


def _what_it_can(metrics: Mapping[str, Any]) -> list[str]:
    test = metrics["test"]
    found = metrics["detection"]
    said = [
        f"Of {test['pictures']:,} test pictures it names {_share(test['accuracy'])} rightly, where always the most "
        f"frequent class would reach {_percent(test['majority'])}; its balanced accuracy is "
        f"{_share(test['balanced_accuracy'])}, where guessing reaches {1 / len(metrics['classes']):.1%}.",
    ]
    if found["human"] and found["ai"]:
        said.append(
            f"Asked for human or AI, its balanced accuracy is {_share(found['balanced_accuracy'])}, where guessing "
            "reaches 50.0%."
        )
    else:
        said.append("Its test pictures are all human or all AI, so nobody knows how well it tells these apart.")
    if found["why"]:
        said.append(f"It was tested on {found['why']}, which says little.")
    return said


def _whom_it_wrongs(metrics: Mapping[str, Any]) -> list[str]:
    found = metrics["detection"]
    alarms, misses = found["false_alarms"], found["misses"]
    if pd.isna(alarms["value"]):
        said = ["No human work was tested, so nobody knows how many it would call AI."]
    else:
        said = [
            f"Of a thousand human artists who each show one work, it would wrongly accuse about {_of_1000(alarms)} of "
            f"using AI if it always answered, by its threshold of {found['threshold']:.2f}, and about "
            f"{_of_1000(metrics['verdict']['test']['human_called_ai'])} where it may answer unsure."
        ]
    if not pd.isna(misses["value"]):
        called = _share(metrics["verdict"]["test"]["ai_called_human"])
        said.append(
            f"It would call {_share(misses)} of AI works human if it always answered, and {called} where it may answer "
            "unsure."
        )
    return said


def _of_1000(measure: Mapping[str, Any]) -> str:
    value, *ends = (f"{1000 * measure[key]:.0f}" for key in ("value", "low", "high") if not pd.isna(measure[key]))
    return f"{value} ({' to '.join(ends)})" if len(ends) == 2 else value


def _worst_styles(styles: pd.DataFrame) -> list[str]:
    enough = styles[styles["pictures"] >= FEWEST].sort_values(["right", "source", "style"], ascending=True)
    if enough.empty:
        return [f"No style of any source has {FEWEST} test pictures, so nothing is said of single styles."]
    rows = [
        f"{'works without a known style' if pd.isna(row.style) else row.style} of {row.source}: {row.right:.0%} of "
        f"{row.pictures:,} right ({row.right_low:.0%} to {row.right_high:.0%})"
        for row in enough.head(_WORST).itertuples()
    ]
    return ["It does worst on " + "; ".join(rows) + "."]


def _worst_changes(robustness: pd.DataFrame) -> list[str]:
    changed = robustness[(robustness["measure"] == "balanced_accuracy") & ~robustness["name"].isin(["none", "swap"])]
    known = changed.dropna(subset=["change"])
    if known.empty:
        return ["Too few pictures were changed to say what it does on changed ones."]
    of = f"Of {known['pictures'].iloc[0]:,} changed test pictures, balanced accuracy falls"
    falls = known[known["change"] < 0].sort_values(["change", "name", "severity"])
    if falls.empty:
        return [f"{of} by no change that was tried."]
    rows = [
        f"{row.name} of severity {row.severity}: {_points(row.change, row.change_low, row.change_high, digits=0)}"
        for row in falls.drop_duplicates("name").head(_WORST).itertuples(index=False)
    ]
    return [f"{of} most by " + "; ".join(rows) + "."]


def _unseen(arms: Mapping[str, Sequence[Mapping[str, Any]]], external: Mapping[str, Any] | None) -> list[str]:
    said = []
    for row in arms["unseen"]:
        if row["why"]:
            said.append(f"Nothing is known of {row['source']} as an unseen generator: {row['why']}.")
            continue
        said.append(
            f"Trained without {row['source']}, it misses {_share(row['unseen']['misses'])} of its works, beside "
            f"{_share(row['seen']['misses'])} when it had learned from some: balanced accuracy "
            f"{_points(**row['difference']['balanced_accuracy'])}."
        )
    if not said:
        said.append("It was not tried on a generator that it never saw: expect it to do worse there than here.")
    if external:
        said.append(
            f"On {external['title']}, which is from elsewhere, its balanced accuracy is "
            f"{_share(external['balanced_accuracy'])}; {_share(external['false_alarms'])} of human works are called AI."
        )
        if external["why"]:
            said.append(f"There it was tested on {external['why']}, which says little.")
    for row in arms["seeds"]:
        spread = row["balanced_accuracy"]
        said.append(
            f"Trained {row['networks']} times from different seeds, its balanced accuracy lies between "
            f"{_percent(spread['lowest'])} and {_percent(spread['highest'])}."
        )
    return said


def _shortcuts(audit: Sequence[Mapping[str, Any]], robustness: pd.DataFrame) -> list[str]:
    found = {}
    for row in audit:
        if row["found"]:
            told = f"{row['cues']} ({row['balanced_accuracy']['value']:.0%})"
            found.setdefault(row["question"], []).append(told)
    unjudged = [row["why"] for row in audit if row["why"]]
    if found:
        questions = "; ".join(f"{question} by {', '.join(cues)}" for question, cues in found.items())
        said = [f"Without looking at the art, one can tell {questions}: it may have learned that."]
    elif len(unjudged) == len(audit):
        why = f": {unjudged[0]}" if unjudged else ""
        said = [f"Nobody knows whether how the pictures were made and saved tells AI from human{why}."]
    else:
        said = ["How the pictures were made and saved does not tell AI from human, as far as the audit sees."]
    swap = robustness[(robustness["name"] == "swap") & (robustness["measure"] == "balanced_accuracy")]
    for row in swap.dropna(subset=["change"]).itertuples():
        said.append(
            f"When human and AI pictures swap size and encoding, its balanced accuracy changes by "
            f"{_points(row.change, row.change_low, row.change_high)}."
        )
    return said


def _scores(metrics: Mapping[str, Any]) -> list[str]:
    before, after = (metrics["calibration"][when] for when in ("before", "after"))
    return [
        f"Its confidence is off by {_share(before['ece'])} on average (expected calibration error); divided by the "
        f"temperature {metrics['calibration']['temperature']:.2f}, which validation pictures chose, by "
        f"{_share(after['ece'])}. A perfectly calibrated network of so many pictures would seem off by "
        f"{_percent(before['ece']['chance']['mean'])}.",
        *_verdicts(metrics["verdict"]),
    ]


def _verdicts(verdict: Mapping[str, Any]) -> list[str]:
    found = verdict["test"]
    told = (
        f"It answers unsure on {_share(found['unsure'])} of test pictures, with the aim that at most "
        f"{verdict['level']:.0%} of the works of either origin are called the other"
    )
    if not pd.isna(found["wrong"]["value"]):
        told += (
            f"; of the others it gets {_share(found['wrong'])} wrong, where it would get "
            f"{_share(found['always']['wrong'])} wrong of all if it always answered"
        )
    if not verdict["why"]:
        return [f"{told}."]
    never = [name for end, name in (("low", "human"), ("high", "AI")) if verdict[end] is None]
    return [f"{told}.", f"With {verdict['why']} it never answers {' or '.join(never)}."]
