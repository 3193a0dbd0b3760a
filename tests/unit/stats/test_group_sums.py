import numpy as np

from brushprint.stats.group_sums import group_sums


def test_the_values_of_each_group_are_added_up() -> None:
    sums = group_sums(np.array([2, 0, 2, 0, 0]), 4)
    values = np.array([[1, 10], [2, 20], [3, 30], [4, 40], [5, 50]])
    np.testing.assert_array_equal(sums @ values, [[11, 110], [0, 0], [4, 40], [0, 0]])
