"""The pictures of one partition and their classes, read from an array one whole batch at a time."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch

from brushprint.core.errors import UserError
from brushprint.models.processes import ALONE, Processes


class Data:
    """Rows of an array and the class of each row. Each batch is read from the array in one step."""

    def __init__(
        self, pixels: np.ndarray, rows: np.ndarray, targets: np.ndarray, copies: np.ndarray | None = None
    ) -> None:
        """Select pictures of an array by `rows`, int64 [length]; `targets`, int64 [length], are their class indices.

        `pixels` contains pictures, uint8 [pictures, side, side, 3], which may be memory-mapped, or features
        [pictures, features]. Row numbers from `len(pixels)` on refer to `copies` [copies, side, side, 3]; see
        `rows_of`.
        """
        self.pixels, self.rows, self.targets, self.copies = pixels, rows, targets, copies

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self.rows)

    def batches(
        self, size: int, order: np.ndarray | None = None, processes: Processes = ALONE
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield batches of pictures [batch, side, side, 3] or features [batch, features], and int64 targets [batch].

        `order` lists positions in `rows`; None keeps the order of `rows`. Of each batch of `size` pictures, a process
        reads only its own part.
        """
        order = np.arange(len(self)) if order is None else order
        for start in range(0, len(order), size):
            chosen = processes.part(order[start : start + size])
            yield torch.from_numpy(self._gather(self.rows[chosen])), torch.from_numpy(self.targets[chosen])

    def _gather(self, rows: np.ndarray) -> np.ndarray:
        copied = rows >= len(self.pixels)
        if self.copies is None or not copied.any():
            return self.pixels[rows]
        pictures = np.empty((len(rows), *self.pixels.shape[1:]), np.uint8)
        pictures[~copied] = self.pixels[rows[~copied]]
        pictures[copied] = self.copies[rows[copied] - len(self.pixels)]
        return pictures


def rows_of(split: pd.DataFrame, pictures: int) -> np.ndarray:
    """Return the row number in `Data` of each row of a split, int64.

    The copies are numbered from `pictures`, the number of pictures, in the order of the split. `split` must list all of
    its copies; see `brushprint.data.split`.
    """
    copied = split["copy"] > 0
    return split["row"].mask(copied, pictures + copied.cumsum() - 1).to_numpy(dtype=np.int64)


def class_index(labels: pd.Series, classes: list[str]) -> np.ndarray:
    """Return the position of each label in `classes`, int64; raises `UserError` if `classes` lacks a label."""
    index = pd.Index(classes).get_indexer(labels)
    if (index < 0).any():
        raise UserError(f"no training picture has the class {labels[index < 0].iloc[0]!r}; add pictures of this class")
    return index.astype(np.int64)
