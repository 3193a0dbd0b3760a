"""The predictions of trained variants for picture files, and the heatmaps of these predictions."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from safetensors import SafetensorError

from brushprint.core.atomic import replacing
from brushprint.core.job_log import reading
from brushprint.data.decoding import UndecodableError
from brushprint.data.harmonise import load_rgb
from brushprint.data.pixels import Box, boxes, square
from brushprint.evaluation.temperature import apply
from brushprint.models.devices import choose_device
from brushprint.models.files import load_model
from brushprint.models.inputs import batch_size
from brushprint.models.model import Model
from brushprint.predict.answer import Answer, answer, facts
from brushprint.predict.results import Results, damaged
from brushprint.saliency.gradcam import heatmaps
from brushprint.saliency.occlusion import as_maps, drops, scaled, windows
from brushprint.saliency.overlay import under_heat, under_occlusion

# At most this many pictures are in memory at once.
AT_ONCE = 16
# The longer side of a picture beside its heatmap, and the smallest width into which all words fit, in pixels.
SHOWN, NARROWEST = 480, 640
KEYS = {
    "gradcam": "Grad-CAM: bright parts support it",
    "occlusion": "Occlusion: orange parts support it, purple parts oppose it",
}


class Prediction(NamedTuple):
    """The prediction of one variant for one picture.

    `sha256` is the digest of the file. `probabilities` holds the calibrated probability of each class. `partition` is
    `train`, `validation` or `test` if the variant was trained or evaluated with this very file, otherwise None.
    `heatmap` is the file of the heatmap, or None.
    """

    picture: Path
    sha256: str
    variant: str
    answer: Answer
    probabilities: dict[str, float]
    partition: str | None
    heatmap: Path | None


class _Variant(NamedTuple):
    model: Model
    facts: dict[str, Any]
    partitions: dict[str, str]
    occlusion: Mapping[str, int]
    synthetic: bool


class _Picture(NamedTuple):
    path: Path
    sha256: str
    size: tuple[int, int]
    squares: dict[tuple[int, str], np.ndarray]
    shown: Image.Image | None


def predict(
    run: Results,
    variants: Sequence[str],
    pictures: Sequence[Path],
    *,
    heatmap: Path | None,
    method: str,
    refuse: Callable[[str], None],
) -> Iterator[list[Prediction]]:
    """Yield one list of predictions for each picture that can be decoded, with one prediction for each variant.

    The pictures keep the order of `pictures`, and the predictions in each list the order of `variants`.

    Parameters
    ----------
    run, variants : see `brushprint.predict.results`
    pictures : files
    heatmap : folder for one PNG for each picture and variant, which shows the picture beside its heatmap; None: no
        heatmaps
    method : `gradcam` or `occlusion`
    refuse : called with one line for each file that is not a picture or cannot be read, and for each heatmap that
        cannot be written or would overwrite one of the pictures
    """
    loaded = [_load(run, name) for name in variants]
    inputs = {(variant.facts["image_size"], variant.facts["resize"]) for variant in loaded}
    harmonise = loaded[0].facts["harmonise"]
    protected = {path.resolve() for path in pictures}
    for start in range(0, len(pictures), AT_ONCE):
        opened = []
        for path in pictures[start : start + AT_ONCE]:
            try:
                with reading(str(path)):
                    opened.append(_open(path, harmonise, inputs, show=heatmap is not None))
            except UndecodableError as error:
                refuse(f"{path}: {error}")
            except OSError as error:
                refuse(f"{path}: {error.strerror or 'cannot be read'}")
        if not opened:
            continue
        by_variant = []
        for variant in loaded:
            predictions = _ask(variant, opened)
            if heatmap is not None:
                predictions = list(
                    _with_maps(
                        predictions,
                        variant,
                        opened,
                        folder=heatmap,
                        method=method,
                        protected=protected,
                        refuse=refuse,
                    )
                )
            by_variant.append(predictions)
        yield from map(list, zip(*by_variant, strict=True))


def _load(run: Results, name: str) -> _Variant:
    settings = run.settings(name)
    file = run.path(name, "model.safetensors")
    try:
        model = load_model(file)
    except SafetensorError:
        raise damaged(file) from None
    about = facts(model.about, run.metrics(name), settings["collection"].get("harmonise"))
    return _Variant(model, about, run.partitions(name), settings["explain"]["occlusion"], run.synthetic(name))


def _open(
    path: Path, harmonise: Mapping[str, Any] | None, inputs: Iterable[tuple[int, str]], *, show: bool
) -> _Picture:
    """Read and decode a file once; keep the inputs of the networks and, if `show` is true, a copy of `SHOWN` pixels."""
    content = path.read_bytes()
    picture = load_rgb(content, harmonise)
    squares = {(side, resize): square(picture, side, resize) for side, resize in inputs}
    shown = _shown(picture) if show else None
    return _Picture(path, hashlib.sha256(content).hexdigest(), picture.size, squares, shown)


def _shown(picture: Image.Image) -> Image.Image:
    longer = max(picture.size)
    width, height = (max(1, round(SHOWN * side / longer)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.BICUBIC)


def _tensor(variant: _Variant, pictures: Sequence[_Picture]) -> torch.Tensor:
    key = variant.facts["image_size"], variant.facts["resize"]
    return torch.from_numpy(np.stack([picture.squares[key] for picture in pictures]))


def _ask(variant: _Variant, pictures: Sequence[_Picture]) -> list[Prediction]:
    where = choose_device("auto")
    network, batch = variant.model.network.to(where), batch_size(variant.facts["image_size"])
    with torch.no_grad():
        parts = [network(variant.model.inputs(part.to(where))) for part in _tensor(variant, pictures).split(batch)]
    probabilities = apply(torch.cat(parts).double().cpu().numpy(), variant.facts["temperature"])
    classes = variant.facts["classes"]
    return [
        Prediction(
            picture.path,
            picture.sha256,
            variant.facts["variant"],
            answer(row, variant.facts),
            dict(zip(classes, row.tolist(), strict=True)),
            variant.partitions.get(picture.sha256),
            None,
        )
        for picture, row in zip(pictures, probabilities, strict=True)
    ]


def _with_maps(
    predictions: Sequence[Prediction],
    variant: _Variant,
    pictures: Sequence[_Picture],
    *,
    folder: Path,
    method: str,
    protected: Set[Path],
    refuse: Callable[[str], None],
) -> Iterator[Prediction]:
    """Write the heatmap of each prediction, and yield the predictions with the files of their heatmaps."""
    classes = torch.tensor([variant.facts["classes"].index(prediction.answer.label) for prediction in predictions])
    maps = _maps(variant, _tensor(variant, pictures), classes, method)
    for prediction, picture, heat in zip(predictions, pictures, maps, strict=True):
        # Pictures in different folders may have the same name, so the digest and the variant make the target unique.
        target = folder / f"{prediction.picture.stem}-{prediction.sha256[:8]}-{prediction.variant}-{method}.png"
        if target.resolve() in protected:
            refuse(f"{target}: the heatmap would overwrite a picture; choose another folder")
            yield prediction
            continue
        assert picture.shown is not None
        seen = boxes(picture.size, variant.facts["image_size"], variant.facts["resize"])
        placed = on_picture(heat, seen, picture.size, picture.shown.size, method)
        drawn = beside(picture.shown, placed, method, _words(prediction, variant, method))
        try:
            with replacing(target) as part:
                drawn.save(part, "PNG")
        except OSError as error:
            refuse(f"{target}: {error.strerror or 'cannot be written'}")
            yield prediction
        else:
            yield prediction._replace(heatmap=target)


def _maps(variant: _Variant, pictures: torch.Tensor, classes: torch.Tensor, method: str) -> np.ndarray:
    if method == "gradcam":
        return heatmaps(variant.model, pictures, classes, "auto")
    side = pictures.shape[1]
    hidden = windows(side, *(scaled(variant.occlusion[name], side) for name in ("patch", "stride")))
    return as_maps(drops(variant.model, pictures, classes, hidden, "auto"), hidden)


def _words(prediction: Prediction, variant: _Variant, method: str) -> list[str]:
    """The lines above the picture; the verdict comes first, because a class may be probable although it is unsure."""
    answer = prediction.answer
    verdict = f"{prediction.variant}: {answer.origin}, AI {answer.ai:.0%}"
    lines = [verdict, f"Map for the most probable class: {answer.label.replace('_', ' ')}", KEYS[method]]
    lines += ["It sees only the coloured part."] * variant.facts["resize"].startswith("crop")
    return lines + ["It was trained on a synthetic sample."] * variant.synthetic


def on_picture(
    heat: np.ndarray, seen: list[list[Box]], size: tuple[int, int], shown: tuple[int, int], method: str
) -> np.ndarray:
    """Place a heatmap, float [side, side], on its picture: float [height, width], nan where the network saw nothing.

    `seen` are the parts of a picture of `size` that lie side by side in the map; see `brushprint.data.pixels.boxes`.
    `shown` holds width and height of the result.
    """
    how = Image.Resampling.BILINEAR if method == "gradcam" else Image.Resampling.NEAREST
    placed = Image.new("F", shown, float("nan"))
    side = heat.shape[0] // len(seen)
    scales = [length / whole for length, whole in zip(shown, size, strict=True)]
    for row, parts in enumerate(seen):
        for column, box in enumerate(parts):
            tile = heat[row * side : (row + 1) * side, column * side : (column + 1) * side].astype(np.float32)
            left, top, right, bottom = (round(end * scales[place % 2]) for place, end in enumerate(box))
            placed.paste(Image.fromarray(tile).resize((max(1, right - left), max(1, bottom - top)), how), (left, top))
    return np.asarray(placed)


def beside(picture: Image.Image, heat: np.ndarray, method: str, words: Sequence[str]) -> Image.Image:
    """Draw a picture and, on its right, the same picture under its heatmap, both below the lines `words`.

    `heat` is the map of `method`, float [height, width]; see `on_picture`.
    """
    plain, nothing = np.asarray(picture), np.isnan(heat)
    over = {"gradcam": under_heat, "occlusion": under_occlusion}[method](plain, np.nan_to_num(heat))
    over[nothing] = plain[nothing]
    margin, line = 12, 22
    top = 2 * margin + line * len(words)
    size = max(NARROWEST, 2 * picture.width + 3 * margin), top + picture.height + margin
    canvas = Image.new("RGB", size, "white")
    write = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(16)
    for number, text in enumerate(words):
        write.text((margin, margin + line * number), text, fill="black" if number == 0 else "#555555", font=font)
    canvas.paste(picture, (margin, top))
    canvas.paste(Image.fromarray(over), (2 * margin + picture.width, top))
    return canvas
