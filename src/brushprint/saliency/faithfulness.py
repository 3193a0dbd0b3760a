"""Faithfulness of the maps: the answer when hot parts are hidden, and the maps when the weights are randomised.

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
from brushprint.stats.intervals import FEWEST, MEANINGFUL, of_mean
from brushprint.stats.ranks import centred_ranks

# The share of a picture that is hidden or shown, in steps.
SHARES = tuple(np.linspace(0, 1, 11).round(1).tolist())
GREY = 128
# Weights are randomised in at most so many steps.
STAGES = 8


def curves(model: Model, pictures: torch.Tensor, classes: torch.Tensor, *, seed: int, device: str) -> pd.DataFrame:
    """The probability of the predicted class while a picture is hidden, or revealed, from its hottest pixel on.

    Parameters
    ----------
    model : the trained network
    pictures : uint8 [pictures, side, side, 3]
    classes : int64 [pictures], the predicted class
    seed : of the random maps, and of the order of pixels that are as hot as one another
    device : `cpu`, `cuda`, `mps` or `auto`

    Returns
    -------
    A row a picture and step: `picture` (its place), `share` (of the pixels, `SHARES`), and for both maps, `gradcam` and
    `random`, the probabilities `<map>_deletion`, with that share of the pixels grey, and `<map>_insertion`, with all
    but that share grey. The random map is uniform noise at the resolution of Grad-CAM's layer, enlarged in the same
    way, so that both maps are equally smooth.
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
    """The rank of each pixel, int64 [batch, side, side], the hottest first; chance orders equal ones."""
    heat = interpolate(maps[:, None], size=(side, side), mode="bilinear", align_corners=False).flatten(1)
    shuffled = torch.rand(heat.shape, generator=generator).argsort(1)
    order = shuffled.gather(1, heat.gather(1, shuffled).argsort(dim=1, descending=True, stable=True))
    return order.argsort(1).reshape(-1, side, side)


def _probability(model: Model, pictures: torch.Tensor, classes: torch.Tensor, device: torch.device) -> np.ndarray:
    with torch.no_grad():
        logits = model.network.to(device)(model.inputs(pictures.to(device))).cpu()
    return logits.double().softmax(1).gather(1, classes[:, None])[:, 0].numpy()


def judged(table: pd.DataFrame) -> dict[str, Any]:
    """Whether Grad-CAM marks what matters more than random maps do, by a table of `curves`.

    Returns
    -------
    `pictures`; `shares`, and the mean `curves` as lists over them; for both ways, `deletion` and `insertion`, the areas
    under the curves of both maps, `gradcam` and `random`, and `better`: how much lower (deletion) or higher (insertion)
    the area of Grad-CAM is than that of random maps, in probability, mean over the pictures with a 95 % interval
    (Student's t); `found`, whether both intervals are above 0 and both means at least `MEANINGFUL`; and `why` not
    """
    pictures = table["picture"].nunique()
    lines = table.drop(columns="picture").groupby("share").mean()
    measured: dict[str, Any] = {"pictures": pictures, "shares": list(SHARES), "curves": lines.to_dict("list")}
    for way, sign in (("deletion", -1), ("insertion", 1)):
        areas = {
            name: np.array([np.trapezoid(part[f"{name}_{way}"], part["share"]) for _, part in table.groupby("picture")])
            for name in ("gradcam", "random")
        }
        measured[way] = {name: of_mean(values).plain() for name, values in areas.items()}
        measured[way]["better"] = of_mean(sign * (areas["gradcam"] - areas["random"])).plain()
    return measured | dict(zip(("found", "why"), _verdict(measured), strict=True))


def _verdict(measured: dict[str, Any]) -> tuple[bool, str]:
    if measured["pictures"] < FEWEST:
        return False, f"fewer than {FEWEST} pictures"
    for way, words in (("deletion", "hiding the hot parts"), ("insertion", "showing the hot parts")):
        better = measured[way]["better"]
        if better["low"] <= 0 or better["value"] < MEANINGFUL:
            return False, f"{words} changes the answer no more than random parts do"
    return True, ""


def cascade(model: Model, pictures: torch.Tensor, classes: torch.Tensor, *, seed: int, device: str) -> dict[str, Any]:
    """How similar the maps stay when the layers are made random, one after the other from the output down.

    Parameters are those of `curves`.

    Returns
    -------
    `stages`, a list of `layers` (those made random at this step), `similarity` (Spearman's rank correlation of each
    picture's map with that of the trained network, mean and 95 % interval) and `without` (the number of pictures that
    have no map to compare); `chance`, the similarity of trained maps of two different pictures; and `left`, the share
    of the similarity above chance that is left when all layers are random, None where none is above chance
    """
    where = choose_device(device)
    original = maps_of(model, pictures, classes, where)
    fresh = random_like(model, seed).network.state_dict()
    network = copy_of(model)
    state = network.network.state_dict()
    stages = [{"layers": [], **_similarity(original, original)}]
    for names, last in _from_the_top(network.network):
        for key in state:
            # Weights outside of these modules, like the class token of a transformer, go with the last ones.
            if last or any(key.startswith(f"{name}.") for name in names):
                state[key].copy_(fresh[key])
        stages.append({"layers": names, **_similarity(original, maps_of(network, pictures, classes, where))})
    # Pictures half the table apart: neighbours are often of one class, and so alike.
    pairs = original if len(original) > 1 else original[:0]
    chance = _similarity(pairs, pairs.roll(len(pairs) // 2, 0))["similarity"]
    last = stages[-1]["similarity"]["value"]
    above = None if chance["value"] is None else 1 - chance["value"]
    left = (last - chance["value"]) / above if above and last is not None else None
    return {"stages": stages, "chance": chance, "left": left}


def _from_the_top(network: nn.Module) -> Iterator[tuple[list[str], bool]]:
    """The modules with weights, from the output down, in at most `STAGES` groups; and whether a group is the last."""
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
    return {"similarity": of_mean(known).plain(), "without": len(correlations) - len(known)}
