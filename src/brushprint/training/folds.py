"""Cross-validation of heads: each picture is answered by a head that was fitted without the picture's fold.

If test pictures are in folds, the cross-validation is nested (Varma and Simon, 2006): the pictures of a fold choose
neither the penalty of the head that answers them, nor its temperature and cut-offs.
"""

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from brushprint.models.files import restore
from brushprint.models.model import Model, copy_of


def left_out(folds: np.ndarray, *, nested: bool) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the name of each head and the rows to fit it to, bool [pictures].

    The head `k` is fitted without fold k, and, if `nested`, the head `j.k` without the folds j < k.

    Parameters
    ----------
    folds : int [pictures], the fold of each picture, from 0
    nested : whether every picture is tested, so that the choices for a fold need answers of heads that do not know it
    """
    numbers = np.unique(folds)
    for fold in numbers:
        yield str(fold), folds != fold
    for first, second in combinations(numbers, 2) if nested else ():
        yield f"{first}.{second}", (folds != first) & (folds != second)


def rows_to_answer(split: pd.DataFrame, heads: Mapping[str, Tensor]) -> pd.DataFrame:
    """The rows of a split that a variant answers: those in folds if it has `heads` of folds, and held-out ones.

    A variant without such heads is not cross-validated: the folds of the result are -1.
    """
    if heads:
        return split[(split["fold"] >= 0) | (split["partition"] == "test")]
    return split[split["partition"] != "train"].assign(fold=-1)


def cross_validated(
    model: Model, heads: Mapping[str, Tensor], features: np.ndarray, table: pd.DataFrame, probabilities: pd.DataFrame
) -> pd.DataFrame:
    """Replace the answers for pictures in folds by those of heads that were fitted without them.

    Parameters
    ----------
    model : the network, which is fitted to the pictures of all folds
    heads : the weights of the heads, see `named`
    features : float32 [pictures, features]
    table : one row per picture; columns `row` (index into `features`), `partition` and `fold`
    probabilities : the answers of `model` for the pictures of `table`, see `brushprint.training.inference.infer`

    Returns
    -------
    `probabilities` with the column `fold`: that of the head that answered, -1 for `model`. If test pictures are in
    folds, all pictures have the partition `test`, and more rows follow with the partition `inner`: for each `fold`,
    the answers for the other folds' pictures of heads that know neither these pictures nor the fold. They serve to
    choose cut-offs for the fold. If not, all pictures in folds have the partition `validation`.
    """
    folds, rows = table["fold"].to_numpy(), table["row"].to_numpy()
    nested = (folds[(table["partition"] == "test").to_numpy()] >= 0).any()
    classes = [f"p_{name}" for name in model.classes]
    answers = probabilities.assign(fold=folds, partition="test" if nested else table["partition"].to_numpy())
    if not nested:
        answers.loc[folds >= 0, "partition"] = "validation"
    parts = [answers]
    numbers = np.unique(folds[folds >= 0])
    for fold in numbers:
        inside = folds == fold
        answers.loc[inside, classes] = _probabilities(with_head(model, heads, str(fold)), features[rows[inside]])
        for other in numbers[numbers != fold] if nested else ():
            inner, inside = f"{min(fold, other)}.{max(fold, other)}", folds == other
            part = answers[inside].assign(partition="inner", fold=fold)
            part[classes] = _probabilities(with_head(model, heads, inner), features[rows[inside]])
            parts.append(part)
    return pd.concat(parts, ignore_index=True)


def named(name: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Prefix the names of a head's weights with the name of the head, so that one file can hold several heads."""
    return {f"{name}/{weight}": value for weight, value in state.items()}


def with_head(model: Model, heads: Mapping[str, Tensor], name: str) -> Model:
    """A copy of a model with another head, on the CPU; see `named`."""
    copy = copy_of(model)
    copy.network.cpu()
    state = {key.removeprefix(f"{name}/"): value for key, value in heads.items() if key.startswith(f"{name}/")}
    restore(copy.network, copy.network.state_dict() | state)
    return copy


@torch.no_grad()
def _probabilities(model: Model, features: np.ndarray) -> np.ndarray:
    return model.network(torch.from_numpy(features)).double().softmax(1).numpy()
