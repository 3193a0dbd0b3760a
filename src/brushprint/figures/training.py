"""The figure of training: loss, accuracy and learning rate over the epochs, or over the penalties of a head."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from brushprint.figures.declaration import VariantGroup, draws
from brushprint.figures.style import COLOURS, new_figure, percentages, save_figure, whole_numbers

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes


@draws(
    "curves.png",
    title="Learning curves",
    alt="Line charts over the epochs: loss and accuracy on training and validation pictures, and the learning rate if "
    "it changed. For the head of an encoder, over the penalties that were tried.",
    caption="Loss and accuracy during training. The dotted line marks the epoch chosen on the validation pictures. If "
    "training has two phases, a solid vertical line marks the start of fine-tuning. For the head of an encoder, the "
    "figure shows loss and accuracy on the pictures that cross-validation leaves out, and the dotted line marks the "
    "chosen penalty.",
    group=VariantGroup.CLASSIFICATION,
)
def learning_curves(history: pd.DataFrame, target: Path) -> None:
    """Draw loss and accuracy on training and validation pictures over the epochs, and mark the chosen epoch.

    If the learning rate changes, a third chart shows it. `history` is the history that `brushprint.training.loop.train`
    returns, or that of `brushprint.training.heads.fit_head`, whose penalties take the place of the epochs.
    """
    if "penalty" in history:
        _draw_penalties(history, target)
        return
    changing = history["learning_rate"].nunique() > 1
    figure = new_figure((13, 3.4) if changing else (9, 3.2))
    axes = figure.subplots(1, 2 + changing)
    best = history.loc[history["best"], "epoch"].item()
    for axis, measure in zip(axes, ("loss", "accuracy"), strict=False):
        for part, colour in (("train", COLOURS[0]), ("validation", COLOURS[1])):
            axis.plot(history["epoch"], history[f"{part}_{measure}"], marker="o", ms=4, color=colour, label=part)
        axis.axvline(best, color="#888888", ls=":", zorder=0, label=f"chosen: epoch {best}")
        axis.set(title=measure.capitalize(), ylabel="cross-entropy in nats" if measure == "loss" else "")
    percentages(axes[1].yaxis)
    if changing:
        axes[2].plot(history["epoch"], history["learning_rate"], marker="o", ms=4, color=COLOURS[2])
        axes[2].set(title="Learning rate", yscale="log")
    for axis in axes:
        axis.set(xlabel="epoch", xlim=(0.5, len(history) + 0.5))
        whole_numbers(axis.xaxis, min_n_ticks=1)
        _mark_phases(axis, history)
    axes[0].legend()
    save_figure(figure, target)


def _draw_penalties(history: pd.DataFrame, target: Path) -> None:
    figure = new_figure((9, 3.2))
    axes = figure.subplots(1, 2)
    best = history.loc[history["best"], "penalty"].item()
    for axis, measure in zip(axes, ("loss", "accuracy"), strict=True):
        axis.plot(history["penalty"], history[f"validation_{measure}"], marker="o", ms=4, color=COLOURS[1])
        axis.axvline(best, color="#888888", ls=":", zorder=0, label=f"chosen: {best:.2g}")
        axis.set(title=measure.capitalize(), xlabel="penalty", xscale="log")
    axes[0].set_ylabel("cross-entropy in nats")
    percentages(axes[1].yaxis)
    axes[0].legend()
    save_figure(figure, target)


def _mark_phases(axis: Axes, history: pd.DataFrame) -> None:
    """Draw a line where the second phase begins, and name both phases."""
    first = int((history["phase"] == 1).sum())
    if first == len(history):
        return
    axis.axvline(first + 0.5, color="#444444", lw=0.8, zorder=0)
    axis.set_title(axis.get_title(loc="left"), pad=20)
    options: dict[str, Any] = {
        "xycoords": ("data", "axes fraction"),
        "textcoords": "offset points",
        "va": "bottom",
        "fontsize": 8,
    }
    axis.annotate("first phase", (first + 0.5, 1), xytext=(-5, 3), ha="right", **options)
    axis.annotate("fine-tuning", (first + 0.5, 1), xytext=(5, 3), ha="left", **options)
