"""Fit heads, which are logistic regressions, to the standardised features of a frozen encoder."""

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import StandardScaler

from brushprint.core.errors import UserError
from brushprint.core.job_log import LOG
from brushprint.models.encoders import EncoderNetwork
from brushprint.models.files import load_encoder
from brushprint.models.model import build_model
from brushprint.training.data import class_index
from brushprint.training.folds import left_out, named

# The L2 penalties to choose from: the loss is the mean cross-entropy plus half the penalty times the sum of the squared
# coefficients of standardised features. The strongest comes first.
PENALTIES = tuple(10.0 ** (-half / 2) for half in range(-2, 9))
FOLDS = 5
# More pictures are not needed to choose a penalty.
MOST_PICTURES = 10_000
_ITERATIONS = 1000
# The logit of a class that has no pictures.
_NEVER = -1000.0


class Fit(NamedTuple):
    """A fitted head: the logits of standardised features are features @ coefficients.T + intercepts.

    `mean` and `deviation` of the features are float64 [features]. `coefficients`, float64 [classes, features], and
    `intercepts`, float64 [classes], have a single row for two classes: the logit of the second class.
    """

    mean: np.ndarray
    deviation: np.ndarray
    coefficients: np.ndarray
    intercepts: np.ndarray


def fit_head(
    features: np.ndarray,
    targets: np.ndarray,
    groups: np.ndarray,
    *,
    classes: int,
    balanced: bool,
    seed: int,
    label: str,
) -> tuple[Fit, pd.DataFrame]:
    """Choose the penalty by cross-validation, and fit the head to all pictures with it.

    Parameters
    ----------
    features : float32 [pictures, features]
    targets : int64 [pictures], indices of classes
    groups : int [pictures]; cross-validation never separates near duplicates, which share a number
    classes : number of classes; a class without pictures gets a probability of 0
    balanced : whether rarer classes weigh more
    seed : seed of the folds
    label : name of the head in messages

    Returns
    -------
    The head, and a row for each of `PENALTIES`: `penalty`; `validation_loss`, the mean cross-entropy in nats of the
    pictures that were left out, and `validation_accuracy`; and `best`, the chosen penalty, the strongest of the best.

    Raises `UserError` if all pictures have one class.
    """
    if len(np.unique(targets)) < 2:
        raise UserError(f"{label}: all training pictures have one class; correct collection.labels to give two")
    losses = _losses(features, targets, groups, balanced=balanced, seed=seed)
    best = PENALTIES[int(losses["validation_loss"].fillna(np.inf).argmin())]
    history = losses.assign(best=losses["penalty"] == best)
    LOG.info("%s: penalty %g", label, best)
    scaler, model = _scaler(features), _regression(len(targets), best, balanced)
    _fit(model, _standardised(features, scaler), targets)
    return Fit(scaler.mean_, scaler.scale_, *_of_all_classes(model, classes)), history


def _of_all_classes(model: LogisticRegression, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """The coefficients and intercepts of all classes; the model may lack classes that had no pictures."""
    if len(model.classes_) == classes:
        return model.coef_, model.intercept_
    coefficients, intercepts = np.zeros((classes, model.coef_.shape[1])), np.full(classes, _NEVER)
    signs = [[-0.5], [0.5]] if len(model.classes_) == 2 else [[1.0]]
    coefficients[model.classes_] = np.array(signs) * model.coef_
    intercepts[model.classes_] = np.array(signs)[:, 0] * model.intercept_
    return coefficients, intercepts


def _losses(
    features: np.ndarray, targets: np.ndarray, groups: np.ndarray, *, balanced: bool, seed: int
) -> pd.DataFrame:
    """The mean loss and accuracy of left-out pictures for each of `PENALTIES`; nan if none can be left out."""
    classes = int(targets.max()) + 1
    sums = np.zeros((len(PENALTIES), 2))
    left_out = 0
    for training, held_out in _folds(targets, groups, seed):
        left_out += len(held_out)
        scaler = _scaler(features[training])
        known, unknown = (_standardised(features[rows], scaler) for rows in (training, held_out))
        model = _regression(len(training), PENALTIES[0], balanced).set_params(warm_start=True)
        for row, penalty in enumerate(PENALTIES):
            _fit(model.set_params(C=_strength(penalty, len(training))), known, targets[training])
            p = np.zeros((len(held_out), classes))
            p[:, model.classes_] = model.predict_proba(unknown)
            true = p[np.arange(len(held_out)), targets[held_out]]
            sums[row] += -np.log(true.clip(np.finfo(float).eps)).sum(), (p.argmax(1) == targets[held_out]).sum()
    with np.errstate(invalid="ignore"):
        means = sums / left_out if left_out else sums * np.nan
    return pd.DataFrame({"penalty": PENALTIES, "validation_loss": means[:, 0], "validation_accuracy": means[:, 1]})


def _folds(targets: np.ndarray, groups: np.ndarray, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The training and left-out rows of each fold; near duplicates stay together, and classes are spread evenly."""
    rows = np.random.default_rng(seed).permutation(len(targets))[:MOST_PICTURES]
    number = min(FOLDS, len(np.unique(groups[rows])), int(np.bincount(targets[rows]).max()))
    if number < 2:
        return
    with warnings.catch_warnings():
        # Some class has fewer pictures than there are folds.
        warnings.simplefilter("ignore", UserWarning)
        for training, held_out in StratifiedGroupKFold(number).split(rows, targets[rows], groups[rows]):
            if len(held_out) and len(np.unique(targets[rows[training]])) > 1:
                yield rows[training], rows[held_out]


def _strength(penalty: float, pictures: int) -> float:
    """The parameter `C` of scikit-learn, which multiplies the loss summed over the pictures."""
    return 1 / (penalty * pictures)


def _regression(pictures: int, penalty: float, balanced: bool) -> LogisticRegression:
    return LogisticRegression(
        C=_strength(penalty, pictures),
        class_weight="balanced" if balanced else None,
        tol=1e-6,
        max_iter=_ITERATIONS,
    )


def _scaler(features: np.ndarray) -> StandardScaler:
    return StandardScaler().fit(features.astype(np.float64))


def _standardised(features: np.ndarray, scaler: StandardScaler) -> np.ndarray:
    return (features - scaler.mean_) / scaler.scale_


def _fit(model: LogisticRegression, features: np.ndarray, targets: np.ndarray) -> None:
    with warnings.catch_warnings():
        # With the weakest penalties, the last digits of the coefficients take many more iterations.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(features, targets)


def head_state(head: Fit) -> dict[str, torch.Tensor]:
    """The weights of a head in a network, see `brushprint.models.encoders.EncoderNetwork`, as float32."""
    values = {
        "standardise.mean": head.mean,
        "standardise.deviation": head.deviation,
        "head.logits.weight": head.coefficients,
        "head.logits.bias": head.intercepts,
    }
    return {name: torch.from_numpy(value).float() for name, value in values.items()}


def as_state(head: Fit, about: Mapping[str, Any], weights: str | Path) -> dict[str, torch.Tensor]:
    """The weights of a whole network: those of its encoder, from the file `weights`, and of its head.

    `about` has the facts of the network; see `brushprint.models.model.Model`.
    """
    network = build_model(about).network
    assert isinstance(network, EncoderNetwork)
    load_encoder(network.encoder, weights)
    return network.state_dict() | head_state(head)


class Fitted(NamedTuple):
    """The result of `fit_heads`; `folds` holds the weights of the heads of the folds, see `folds.named`."""

    head: Fit
    history: pd.DataFrame
    classes: list[str]
    folds: dict[str, torch.Tensor]


def fit_heads(features: np.ndarray, split: pd.DataFrame, *, balanced: bool, seed: int, label: str) -> Fitted:
    """Fit the head of a variant and, if its split has folds, the heads that cross-validate it.

    Without folds, the head is fitted to the pictures of the partition `train`, else to those of all folds.

    Parameters
    ----------
    features : float32 [pictures, features]
    split : one row per picture; columns `row` (index into `features`), `partition`, `fold`, `group`, `label` (class)
    balanced, seed, label : see `fit_head`
    """
    inside = split["fold"] >= 0
    # Test rows are never read here, except those in folds, by the heads of other folds.
    training = split[inside] if inside.any() else split[split["partition"] == "train"]
    classes = sorted(training["label"].unique())
    known, targets = features[training["row"]], class_index(training["label"], classes)
    groups, folds = training["group"].to_numpy(), training["fold"].to_numpy()

    def fit(rows: np.ndarray, label: str) -> tuple[Fit, pd.DataFrame]:
        return fit_head(
            *(values[rows] for values in (known, targets, groups)),
            classes=len(classes),
            balanced=balanced,
            seed=seed,
            label=label,
        )

    head, history = fit(np.ones(len(training), dtype=bool), label)
    nested = bool((training["partition"] == "test").any())
    weights: dict[str, torch.Tensor] = {}
    for name, rows in left_out(folds, nested=nested) if inside.any() else ():
        weights |= named(name, head_state(fit(rows, f"{label} without fold {name}")[0]))
    return Fitted(head, history, classes, weights)
