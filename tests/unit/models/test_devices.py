"""The choice of the device for inference."""

import pytest
import torch

from brushprint.core.errors import UserError
from brushprint.models.devices import choose_device
from brushprint.models.fabric import setup_fabric


def test_a_device_that_this_machine_lacks_is_reported_in_one_line():
    missing = "cuda" if not torch.cuda.is_available() else "mps"
    with pytest.raises(UserError, match=f"device: {missing}") as caught:
        choose_device(missing)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["cpu", "auto"])
def test_inference_and_training_choose_the_same_device(name: str):
    assert choose_device(name).type == setup_fabric(name).device.type
