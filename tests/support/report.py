"""Inputs of the report from an invented run, and a parser of the report's HTML."""

from html.parser import HTMLParser

CARD = [{"heading": "False accusations and misses", "sentences": ["Of a thousand human artists, about 95."]}]
SCORES = ["0.250 0.150 to 0.350", "0.500 0.400 to 0.600", "0.333 0.233 to 0.433", "1,234"]
UNDEFINED = {"value": None, "low": None, "high": None}


class Page(HTMLParser):
    """The addresses that a browser would fetch from a page, and the texts of its images, captions and tables."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.fetched, self.links, self.images, self.captions, self.tables = [], [], [], [], [], []
        self.within = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.tags.append(tag)
        addresses = [given[key] for key in ("src", "href", "srcset", "data", "poster") if key in given]
        (self.links if tag == "a" else self.fetched).extend(addresses)
        if tag == "img":
            self.images.append(given)
        elif tag == "figcaption":
            self.captions.append("")
        elif tag == "tr":
            self.tables.append([])
        elif tag in ("td", "th") and self.tables:
            self.tables[-1].append("")
        if tag not in ("img", "meta", "br", "link"):
            self.within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.within.pop() == tag

    def handle_data(self, data: str) -> None:
        if "figcaption" in self.within:
            self.captions[-1] += data
        elif self.within and {"td", "th"} & set(self.within):
            self.tables[-1][-1] += data


def explained(value: float | None = 0.4, difference: float = 0.25, **shown: int) -> dict:
    """How far two kinds of heatmaps agree, and the number of pictures in each panel."""
    if value is None:
        measures = {"pictures": 0} | dict.fromkeys(("agreement", "null", "difference"), UNDEFINED)
    else:
        measures = {"pictures": 80, "agreement": interval(value), "null": interval(value - difference)}
        measures["difference"] = interval(difference)
    counts = {f"panel-{name.replace('_', '-')}": count for name, count in shown.items()}
    return {
        "asked": 12,
        "shown": {"panel-correct": 12, "panel-misclassified": 12} | counts,
        "occlusion": {"side": 48, "patch": 9, "stride": 9, "places": 36},
        **measures,
    }


def interval(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


def metrics(classes: list[str], **changes: object) -> dict:
    row = {"precision": interval(0.25), "recall": interval(0.5), "f1-score": interval(1 / 3), "support": 1234}
    return {
        "classes": classes,
        "parts": {},
        "test": {
            "pictures": 2468,
            "accuracy": interval(0.8128),
            "balanced_accuracy": interval(0.75),
            "roc_auc": UNDEFINED,
            "majority": 0.625,
            "loss": interval(0.456),
            "top": {},
            "parts": {},
            "report": dict.fromkeys([*classes, "macro avg", "weighted avg"], row),
            **changes,
        },
        "detection": detected(0.7),
        "calibration": {"before": {"ece": interval(0.2) | {"chance": {"mean": 0.04}}}},
        "verdict": {"threshold": 0.4, "why": None, "test": judged_works()},
        "leaked": 0,
        "apart": None,
    }


def judged_works() -> dict:
    return {"unsure": interval(0.3), "wrong": interval(0.125), "always": {"wrong": interval(0.375)}}


def detected(balanced: float) -> dict:
    shares = ("accuracy", "recall", "false_alarms", "misses", "average_precision", "roc_auc")
    return {
        **{name: interval(0.4) for name in shares},
        "balanced_accuracy": interval(balanced),
        "majority": 0.625,
        "human": 617,
        "ai": 1851,
    }


def recommended(**changes: object) -> dict:
    return {"variant": "cifake-32", "rate": 0.05, "why": None, "folds": {}, "detection": detected(0.7)} | changes


def audited(reported: bool) -> list[dict]:
    row = {"question": "AI or human", "pictures": 77, "why": None}
    strongest = [{"feature": "aspect_ratio", "is": "median", "ai": 768.0, "human": 256.0}] if reported else []
    balanced = interval(0.9 if reported else 0.5)
    judged = {"balanced_accuracy": balanced, "bound": 0.7, "reported": reported, "strongest": strongest}
    unknown = {"balanced_accuracy": UNDEFINED, "bound": None, "reported": None, "strongest": [], "why": "only 3 human"}
    return [
        row | {"features": "dimensions"} | judged,
        row | {"question": "dalle or human", "features": "format"} | unknown,
    ]


UNUSABLE = {"human": {"files": 40, "rejected": 0}, "ai": {"files": 37, "rejected": 0}, "p": 1.0, "reported": False}


def trusted(**changes: object) -> dict:
    compared = {"first": "one", "second": "two", "question": "human or AI", "pictures": 55}
    compared |= {"first_alone": 9, "second_alone": 4, "difference": interval(0.05), "p": 0.2, "p_corrected": 0.6}
    return {
        "audit": {"margin": 0.05, "unusable": UNUSABLE, "raw": audited(False)},
        "leaks": {"natural": leaked(0)},
        "arms": {"unseen": [], "seeds": []},
        "comparisons": [compared],
        "recommended": recommended(),
        "art_or_file": [],
        "external": None,
        **changes,
    }


def leaked(pictures: int) -> dict:
    across = {"of": "test", "in": "train", "pictures": pictures, "share": pictures / 60, "by_source": {}}
    return {"partitions": {"train": {"pictures": 90, "within": 2}}, "across": [across], "lacking": {}}


def provenance(task: str, split: str) -> dict:
    """The provenance of a variant, in which a file and an entry of the code are named after the task."""
    return {
        "files": {
            "model.safetensors": {"rule": "train", "sha256": "ab" * 32},
            task: {"rule": task, "sha256": "cd" * 32},
        },
        "data": {"catalogue": "ef" * 32},
        "settings": {"task": task, "split": {"name": split}, "recipe": {"image_size": 32}},
        "code": {"train": ["train@0123456789ab", "torch@2.14.1"], task: [task]},
    }


def claim(**changes: object) -> dict:
    return {
        "id": "004-32-accuracy",
        "source": "004",
        "citation": "Baker, 2024",
        "collection": "ai-artbench",
        "variant": "cifake-32",
        "what": "test accuracy",
        "published": "over 90 %",
        "obtained": {"value": 91.25, "low": 90.5, "high": 92.0},
        "difference": 1.25,
        "unit": "%",
        "decimals": 0,
        "verdict": "reproduced",
        "why": ["this run reaches it"],
    } | changes


def citation(short: str, title: str, link: str | None = "https://example.org/study") -> dict:
    return {"title": title, "authors": [short.partition(",")[0], "Others"], "short": short, "link": link}


def ledger(*claims: dict) -> dict:
    verdicts = [row["verdict"] for row in claims]
    left_open = {
        "source": "004",
        "citation": "Baker, 2024",
        "variants": ["cifake-32", "cifake-128"],
        "taken": {"batches": "of 64", "loss": "any"},
    }
    return {
        "verdicts": {name: verdicts.count(name) for name in dict.fromkeys(verdicts)},
        "sources": {
            "000": citation("Abel, 2023", "Paintings, and machines that paint", link=None),
            "004": citation("Baker, 2024", "Telling pictures apart"),
        },
        "claims": [*claims],
        "open": [left_open],
        "sentences": [sentence()],
    }


def sentence(**changes: object) -> dict:
    told = {
        "id": "000-lower",
        "source": "000",
        "citation": "Abel, 2023",
        "variant": "v",
        "says": "the heat lies below",
        "numbers": {},
    }
    return told | {"answer": "supported", "why": "", "measured": "+9 points", "judged": 3, "supported": 2} | changes
