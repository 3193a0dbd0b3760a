"""Are the maps honest? What becomes of the answer when the hot parts go, and of the maps when what was learned goes.

Deletion and insertion: Petsiuk et al., "RISE: Randomized Input Sampling for Explanation of Black-box Models", BMVC
2018. Cascading randomisation: Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy import stats
from torch import nn
from torch.nn.functional import interpolate

from brushprint.models.devices import choose_device
from brushprint.models.inputs import batch_size
from brushprint.models.layers import blocks
from brushprint.models.model import Model, copy_of, random_like
from brushprint.saliency.gradcam import maps_of
from brushprint.stats.intervals import FEWEST, MEANINGFUL, of_mean

# The share of a picture that is hidden or shown, in steps.
SHARES = tuple(np.linspace(0, 1, 11).round(1).tolist())
GREY = 128
# The maps are looked at again after at most so many steps of the randomisation.
STAGES = 8


def curves(model: Model, pictures: torch.Tensor, classes: torch.Tensor, *, seed: int, device: str) -> pd.DataFrame:
    """The probability of the predicted class while a picture is hidden, or shown, from its hottest pixel on.

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
    way, so that both are as smooth.
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
            found = {"picture": numbers, "share": share}
            for name, rank in orders.items():
                hot = (rank < share * side * side)[..., None]
                for way, hidden in (("deletion", hot), ("insertion", ~hot)):
                    found[f"{name}_{way}"] = _probability(model, shown.masked_fill(hidden, GREY), named, where)
            parts.append(pd.DataFrame(found))
    columns = [f"{name}_{way}" for name in ("gradcam", "random") for way in ("deletion", "insertion")]
    table = pd.concat(parts) if parts else pd.DataFrame(columns=["picture", "share", *columns], dtype=float)
    return table.sort_values(["picture", "share"], ignore_index=True)


def _hottest_first(maps: torch.Tensor, side: int, generator: torch.Generator) -> torch.Tensor:
    """The place of each pixel, int64 [batch, side, side], when the hottest comes first; chance orders equal ones."""
    heat = interpolate(maps[:, None], size=(side, side), mode="bilinear", align_corners=False).flatten(1)
    shuffled = torch.rand(heat.shape, generator=generator).argsort(1)
    order = shuffled.gather(1, heat.gather(1, shuffled).argsort(dim=1, descending=True, stable=True))
    return order.argsort(1).reshape(-1, side, side)


def _probability(model: Model, pictures: torch.Tensor, classes: torch.Tensor, device: torch.device) -> np.ndarray:
    with torch.no_grad():
        logits = model.network.to(device)(model.inputs(pictures.to(device))).cpu()
    return logits.double().softmax(1).gather(1, classes[:, None])[:, 0].numpy()


def judged(found: pd.DataFrame) -> dict[str, Any]:
    """What the `curves` say of Grad-CAM.

    Returns `pictures`, the mean `curves` (lists over `shares`), and for both ways the area under the curve of both maps
    and `better`: how much lower (deletion) or higher (insertion) the area of Grad-CAM is than that of random maps, in
    probability, mean over the pictures with a 95 % interval (Student's t); `found` where both are above 0 and at least
    `MEANINGFUL`; `why` not.
    """
    pictures = found["picture"].nunique()
    lines = found.drop(columns="picture").groupby("share").mean()
    told: dict[str, Any] = {"pictures": pictures, "shares": list(SHARES), "curves": lines.to_dict("list")}
    for way, sign in (("deletion", -1), ("insertion", 1)):
        areas = {
            name: np.array([np.trapezoid(part[f"{name}_{way}"], part["share"]) for _, part in found.groupby("picture")])
            for name in ("gradcam", "random")
        }
        told[way] = {name: of_mean(values).plain() for name, values in areas.items()}
        told[way]["better"] = of_mean(sign * (areas["gradcam"] - areas["random"])).plain()
    return told | dict(zip(("found", "why"), _verdict(told), strict=True))


def _verdict(told: dict[str, Any]) -> tuple[bool, str]:
    if told["pictures"] < FEWEST:
        return False, f"fewer than {FEWEST} pictures"
    for way, words in (("deletion", "hiding the hot parts"), ("insertion", "showing the hot parts")):
        better = told[way]["better"]
        if better["low"] <= 0 or better["value"] < MEANINGFUL:
            return False, f"{words} changes the answer no more than random parts do"
    return True, ""


def cascade(model: Model, pictures: torch.Tensor, classes: torch.Tensor, *, seed: int, device: str) -> dict[str, Any]:
    """How much of the maps is left when the layers are made random, one after the other from the answer down.

    Parameters as those of `curves`. Returns `stages`, a list of `layers` (which are random by then) and `similarity`,
    Spearman's rank correlation of each picture's map with that of the trained network, mean and 95 % interval, and
    `without` (pictures that have no map to compare); `chance`, that of maps of two different pictures, all trained; and
    `left`, the share of what is above chance that is left when all is random, `None` without any above it.
    """
    where = choose_device(device)
    original = maps_of(model, pictures, classes, where)
    fresh = random_like(model, seed).network.state_dict()
    network = copy_of(model)
    state = network.network.state_dict()
    stages = [{"layers": [], **_similarity(original, original)}]
    for names, last in _from_the_top(network.network):
        for key in state:
            # What lies in no module, like the class token of a transformer, goes with the last.
            if last or any(key.startswith(f"{name}.") for name in names):
                state[key].copy_(fresh[key])
        stages.append({"layers": names, **_similarity(original, maps_of(network, pictures, classes, where))})
    # Half the pictures apart: neighbours are often of one class, and so alike.
    pairs = original if len(original) > 1 else original[:0]
    chance = _similarity(pairs, pairs.roll(len(pairs) // 2, 0))["similarity"]
    last = stages[-1]["similarity"]["value"]
    above = None if chance["value"] is None else 1 - chance["value"]
    left = (last - chance["value"]) / above if above and last is not None else None
    return {"stages": stages, "chance": chance, "left": left}


def _from_the_top(network: nn.Module) -> Iterator[tuple[list[str], bool]]:
    """The modules with weights, from the answer down, in at most `STAGES` groups; and whether a group is the last."""
    names = [name for name in blocks(network) if list(network.get_submodule(name).parameters())][::-1]
    stages = min(STAGES, len(names))
    for stage, part in enumerate(np.array_split(names, stages), start=1):
        yield part.tolist(), stage == stages


def _similarity(one: torch.Tensor, other: torch.Tensor) -> dict[str, Any]:
    ranks = [stats.rankdata(maps.flatten(1).double().numpy(), axis=1) for maps in (one, other)]
    centred = [rank - rank.mean(1, keepdims=True) for rank in ranks]
    norms = np.prod([np.linalg.norm(rank, axis=1) for rank in centred], axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.where(norms > 0, (centred[0] * centred[1]).sum(1) / norms, np.nan)
    known = found[np.isfinite(found)]
    return {"similarity": of_mean(known).plain(), "without": len(found) - len(known)}
