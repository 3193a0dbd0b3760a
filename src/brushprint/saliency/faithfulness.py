"""Faithfulness of heatmaps: how predictions change without the hot parts, and how maps change with random weights.

Deletion and insertion: Petsiuk et al., "RISE: Randomized Input Sampling for Explanation of Black-box Models", BMVC
2018. Cascading randomisation: Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn.functional import interpolate

from brushprint.models.devices import choose_device
from brushprint.models.inputs import batch_size
from brushprint.models.layers import blocks
from brushprint.models.model import Model, copy_of, random_like
from brushprint.saliency.gradcam import maps_of
from brushprint.stats.intervals import DIFFERENCE, FEWEST, MEANINGFUL, SHARE, of_mean
from brushprint.stats.ranks import centred_ranks

# The shares of a picture's pixels that are hidden, or shown, step by step.
SHARES = tuple(np.linspace(0, 1, 11).round(1).tolist())
GREY = 128
# The weights are randomised in at most this many steps.
STAGES = 8


def curves(model: Model, pictures: torch.Tensor, classes: torch.Tensor, *, seed: int, device: str) -> pd.DataFrame:
    """Measure the probability of the predicted class while pixels are hidden or revealed, the hottest pixels first.

    Parameters
    ----------
    model : the trained network
    pictures : uint8 [pictures, side, side, 3]
    classes : int64 [pictures], the predicted class
    seed : seed of the random maps, and of the order of pixels with equal heat
    device : `cpu`, `cuda`, `mps` or `auto`

    Returns
    -------
    A row per picture and step: `picture` (its position in `pictures`), `share` (of the pixels, one of `SHARES`), and
    for each of the maps `gradcam` and `random` two probabilities: `<map>_deletion`, with that share of the pixels grey,
    and `<map>_insertion`, with all but that share grey. The random map is uniform noise at the resolution of Grad-CAM's
    layer and is enlarged in the same way, so that both maps are equally smooth.
    """
    where = choose_device(device)
    generator = torch.Generator().manual_seed(seed)
    side, batch = pictures.shape[1], batch_size(pictures.shape[1])
    parts = []
    for start in range(0, len(pictures), batch):
        shown, named = pictures[start : start + batch], classes[start : start + batch]
        maps = maps_of(model, shown, named, where)
        orders = {
            "gradcam": _hottest_first(maps, side, generator),
            "random": _hottest_first(torch.rand(maps.shape, generator=generator), side, generator),
        }
        numbers = np.arange(start, start + len(shown))
        for share in SHARES:
            row: dict[str, np.ndarray | float] = {"picture": numbers, "share": share}
            for name, rank in orders.items():
                hot = (rank < share * side * side)[..., None]
                for way, hidden in (("deletion", hot), ("insertion", ~hot)):
                    row[f"{name}_{way}"] = _probability(model, shown.masked_fill(hidden, GREY), named, where)
            parts.append(pd.DataFrame(row))
    columns = [f"{name}_{way}" for name in ("gradcam", "random") for way in ("deletion", "insertion")]
    table = pd.concat(parts) if parts else pd.DataFrame(columns=["picture", "share", *columns], dtype=float)
    return table.sort_values(["picture", "share"], ignore_index=True)


def _hottest_first(maps: torch.Tensor, side: int, generator: torch.Generator) -> torch.Tensor:
    """The rank of each pixel, int64 [batch, side, side], the hottest first; equally hot pixels are in random order."""
    heat = interpolate(maps[:, None], size=(side, side), mode="bilinear", align_corners=False).flatten(1)
    shuffled = torch.rand(heat.shape, generator=generator).argsort(1)
    order = shuffled.gather(1, heat.gather(1, shuffled).argsort(dim=1, descending=True, stable=True))
    return order.argsort(1).reshape(-1, side, side)


def _probability(model: Model, pictures: torch.Tensor, classes: torch.Tensor, device: torch.device) -> np.ndarray:
    with torch.no_grad():
        logits = model.network.to(device)(model.inputs(pictures.to(device))).cpu()
    return logits.double().softmax(1).gather(1, classes[:, None])[:, 0].numpy()


def judged(table: pd.DataFrame) -> dict[str, Any]:
    """Judge by a table of `curves` whether Grad-CAM marks the parts that matter better than random maps do.

    Returns
    -------
    A dictionary of

    - `pictures`, their number; `shares`; and `curves`, the mean curves as lists over the shares
    - `deletion` and `insertion`, each with the areas under the curves of both maps, `gradcam` and `random`, and
      `better`: how much lower (deletion) or higher (insertion) the area of Grad-CAM is than the area of random maps.
      All three are in probability, means over the pictures with 95 % intervals (Student's t).
    - `faithful`, whether there are at least `FEWEST` pictures, both intervals of `better` are above 0 and both means
      are at least `MEANINGFUL`; and `why`, the reason if `faithful` is false, otherwise empty
    """
    pictures = table["picture"].nunique()
    lines = table.drop(columns="picture").groupby("share").mean()
    measured: dict[str, Any] = {"pictures": pictures, "shares": list(SHARES), "curves": lines.to_dict("list")}
    for way, sign in (("deletion", -1), ("insertion", 1)):
        areas = {
            name: np.array([np.trapezoid(part[f"{name}_{way}"], part["share"]) for _, part in table.groupby("picture")])
            for name in ("gradcam", "random")
        }
        measured[way] = {name: of_mean(values, SHARE).plain() for name, values in areas.items()}
        measured[way]["better"] = of_mean(sign * (areas["gradcam"] - areas["random"]), DIFFERENCE).plain()
    return measured | dict(zip(("faithful", "why"), _verdict(measured), strict=True))


def _verdict(measured: dict[str, Any]) -> tuple[bool, str]:
    if measured["pictures"] < FEWEST:
        return False, f"fewer than {FEWEST} pictures"
    for way, words in (("deletion", "hiding the hot parts"), ("insertion", "showing the hot parts")):
        better = measured[way]["better"]
        if better["low"] <= 0 or better["value"] < MEANINGFUL:
            return False, f"{words} changes the prediction no more than random parts do"
    return True, ""


def cascade(model: Model, pictures: torch.Tensor, classes: torch.Tensor, *, seed: int, device: str) -> dict[str, Any]:
    """Measure how similar the maps stay when the layers are randomised step by step, from the output down.

    The parameters are the same as for `curves`; `seed` determines the random weights.

    Returns
    -------
    A dictionary of

    - `stages`, a list of `layers` (those randomised at this step, none at the first), `similarity` (Spearman's rank
      correlation of each picture's map with its map from the trained network, mean and 95 % interval) and `without`
      (the number of pictures for which this correlation is undefined, because a map is the same everywhere)
    - `chance`, the similarity of the trained network's maps of two different pictures
    - `left`, the share of the similarity above chance that remains when all layers are random; None if it is undefined
    """
    where = choose_device(device)
    original = maps_of(model, pictures, classes, where)
    fresh = random_like(model, seed).network.state_dict()
    network = copy_of(model)
    state = network.network.state_dict()
    stages = [{"layers": [], **_similarity(original, original)}]
    for names, last in _from_the_top(network.network):
        for key in state:
            # Weights outside these modules, such as the class token of a transformer, are randomised in the last step.
            if last or any(key.startswith(f"{name}.") for name in names):
                state[key].copy_(fresh[key])
        stages.append({"layers": names, **_similarity(original, maps_of(network, pictures, classes, where))})
    # Compare pictures half a table apart, because neighbours often have the same class and are therefore similar.
    pairs = original if len(original) > 1 else original[:0]
    chance = _similarity(pairs, pairs.roll(len(pairs) // 2, 0))["similarity"]
    last = stages[-1]["similarity"]["value"]
    above = None if chance["value"] is None else 1 - chance["value"]
    left = (last - chance["value"]) / above if above and last is not None else None
    return {"stages": stages, "chance": chance, "left": left}


def _from_the_top(network: nn.Module) -> Iterator[tuple[list[str], bool]]:
    """Yield at most `STAGES` groups of modules with weights, from the output down, and whether each is the last."""
    names = [name for name in blocks(network) if list(network.get_submodule(name).parameters())][::-1]
    stages = min(STAGES, len(names))
    for stage, part in enumerate(np.array_split(names, stages), start=1):
        yield part.tolist(), stage == stages


def _similarity(one: torch.Tensor, other: torch.Tensor) -> dict[str, Any]:
    ranks = [centred_ranks(maps.flatten(1).double().numpy()) for maps in (one, other)]
    norms = np.prod([np.linalg.norm(rank, axis=1) for rank in ranks], axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        correlations = np.where(norms > 0, (ranks[0] * ranks[1]).sum(1) / norms, np.nan)
    known = correlations[np.isfinite(correlations)]
    return {"similarity": of_mean(known, DIFFERENCE).plain(), "without": len(correlations) - len(known)}
