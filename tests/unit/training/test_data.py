"""Batches of pictures and their classes."""

import numpy as np
import pandas as pd
import pytest

from brushprint.core.errors import UserError
from brushprint.training.data import Data, class_index, rows_of


def test_batches_are_the_rows_in_the_given_order():
    data = Data(np.arange(30).astype(np.uint8).reshape(10, 1, 1, 3), np.array([9, 4, 7]), np.array([1, 0, 1]))
    batches = list(data.batches(2, np.array([2, 0, 1])))
    assert [batch[0][:, 0, 0, 0].tolist() for batch in batches] == [[21, 27], [12]]
    assert [batch[1].tolist() for batch in batches] == [[1, 1], [0]]


def test_copies_have_the_rows_after_the_pictures_in_the_order_of_the_split():
    split = pd.DataFrame({"row": [0, 2, 2, 2, 5, 5], "copy": np.array([0, 0, 1, 2, 0, 1], np.int32)})
    assert rows_of(split, 6).tolist() == [0, 2, 6, 7, 5, 8]
    pixels, copies = (np.arange(*ends, dtype=np.uint8).reshape(-1, 1, 1, 1).repeat(3, 3) for ends in ((6,), (60, 63)))
    data = Data(pixels, rows_of(split, 6), np.arange(6), copies)
    batches = [(pictures[:, 0, 0, 1].tolist(), targets.tolist()) for pictures, targets in data.batches(3)]
    assert batches == [([0, 2, 60], [0, 1, 2]), ([61, 5, 62], [3, 4, 5])]


def test_a_class_that_no_training_picture_has_is_reported():
    assert class_index(pd.Series(["b", "a"]), ["a", "b"]).tolist() == [1, 0]
    with pytest.raises(UserError, match="no training picture has the class 'c'"):
        class_index(pd.Series(["b", "c"]), ["a", "b"])
