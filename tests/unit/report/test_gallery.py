"""The gallery of misclassified pictures."""

import io
from typing import Any

import pandas as pd
from PIL import Image

from brushprint.report.gallery import gallery


def thumbnail() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (8, 6)).save(stream, "WEBP")
    return stream.getvalue()


def answer(variant: str, predicted: str, probability: float) -> dict[str, Any]:
    return {"variant": variant, "label": "human", "predicted": predicted, "probability": probability}


def mistake(path: str, **changes: Any) -> dict[str, Any]:
    row = {"path": path, "origin": "human", "source": "human", "style": "art_nouveau", "asked": 3, "wrong": 2}
    answers = [answer("one", "ai", 0.6), answer("two", "human", 0.7), answer("three", "ai", 0.9)]
    return row | {"answers": answers, "thumbnail": thumbnail()} | changes


def test_a_card_lists_the_wrong_answers_with_the_most_confident_first() -> None:
    (card,) = gallery(pd.DataFrame([mistake("Art_Nouveau/a.jpg")]))["cards"]
    assert [given["variant"] for given in card["wrong"]] == ["three", "one"]
    assert card["right"] == ["two"]
    assert card["file"] == "a.jpg"
    assert "art nouveau human art nouveau/a.jpg" in card["words"]
    assert "art_nouveau" in card["words"]


def test_pictures_without_a_thumbnail_are_only_counted() -> None:
    shown = gallery(pd.DataFrame([mistake("a.jpg"), mistake("b.jpg", thumbnail=None, style="cubism", wrong=3)]))
    assert shown["total"] == 2
    assert [card["path"] for card in shown["cards"]] == ["a.jpg"]
    assert (shown["styles"], shown["most"]) == (["art_nouveau"], 2)


def test_pictures_without_a_style_can_be_searched_by_their_source_and_path() -> None:
    ai = {"origin": "ai", "source": "diffusiondb", "style": None}
    shown = gallery(pd.DataFrame([mistake("a.jpg"), mistake("b.jpg", **ai)]))
    assert shown["styles"] == ["art_nouveau"]
    assert shown["sources"] == ["diffusiondb", "human"]
    assert shown["cards"][1]["style"] is None
    assert shown["cards"][1]["words"] == "diffusiondb b.jpg diffusiondb b.jpg"
    none = gallery(pd.DataFrame([mistake("b.jpg", **ai)]))
    assert none["styles"] == []


def test_the_gallery_is_empty_if_no_picture_is_misclassified() -> None:
    empty = pd.DataFrame([mistake("a.jpg")]).iloc[:0]
    assert gallery(empty) == {"total": 0, "cards": [], "most": 0, "origins": [], "sources": [], "styles": []}
