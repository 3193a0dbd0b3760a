"""The conclusion of a run: the five lines that the terminal shows at its end."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from brushprint.evaluation.sufficiency import FEWEST_TESTED
from brushprint.report.findings import not_comparable

_WIDTH = 80
_LABEL_WIDTH = 14


def conclusion(results: Path) -> list[str]:
    """Five lines of at most 80 columns about the finished results in a folder."""
    audit, claims, recommended = (
        json.loads((results / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("audit", "claims", "recommended")
    )
    lines = {
        "Recommended": f"{recommended['variant']}: {_accuracy(recommended)}",
        "False alarms": _false_alarms(recommended["detection"]),
        "Shortcuts": _shortcuts(audit),
        "Claims": _claims(claims),
        "Report": str(results / "report/index.html"),
    }
    return [f"{label:{_LABEL_WIDTH}}{text}" for label, text in lines.items()]


def _accuracy(recommended: Mapping[str, Any]) -> str:
    detection = recommended["detection"]
    measure, roc_auc = detection["balanced_accuracy"], detection["roc_auc"]
    if measure["value"] is None:
        return "no test pictures"
    if recommended["why"]:
        ranking = ""
        if roc_auc["value"] is not None:
            ranking = f"; ROC AUC {roc_auc['value']:.2f} ({roc_auc['low']:.2f}–{roc_auc['high']:.2f})"
        return f"too few pictures to call any AI{ranking}"
    few = min(detection["human"], detection["ai"]) < FEWEST_TESTED
    baseline = "but too few pictures" if few else "guessing gives 50%"
    return f"{measure['value']:.0%} balanced accuracy, {baseline} ({_interval(measure, 100)}%)"


def _false_alarms(detection: Mapping[str, Any]) -> str:
    measure = detection["false_alarms"]
    if measure["value"] is None:
        return "no human test pictures"
    alarms = f"{1000 * measure['value']:.0f} of 1,000 human works called AI ({_interval(measure, 1000)})"
    return f"{alarms}, from {detection['human']:,}"


def _interval(measure: Mapping[str, float], unit: int) -> str:
    return f"{unit * measure['low']:.0f}–{unit * measure['high']:.0f}"


def _shortcuts(audit: Mapping[str, Any]) -> str:
    """The reported shortcuts of the pictures in the state in which networks see them."""
    rows = [
        row
        for row in audit.get("harmonised", audit["raw"])
        if row["question"] == "AI or human" and row["features"] != "all features together"
    ]
    reported = [row["features"] for row in rows if row["reported"]]
    text = f"{len(reported)} of {len(rows)} reported"
    for number in range(len(reported), 0, -1):
        more = ", …" if number < len(reported) else ""
        longer = f"{text}: {', '.join(reported[:number])}{more}"
        if _LABEL_WIDTH + len(longer) <= _WIDTH:
            return longer
    return text


def _claims(claims: Mapping[str, Any]) -> str:
    verdicts, published = claims["verdicts"], len(claims["claims"])
    if reasons := not_comparable(claims["claims"]):
        return f"none of {published} compared: {', '.join(reasons)}"
    compared = published - verdicts.get("not comparable", 0) - verdicts.get("impossible as stated", 0)
    return f"{verdicts.get('reproduced', 0)} reproduced of {compared} compared; {published} are published"
