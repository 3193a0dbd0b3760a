"""The choice of the device for training, and the modules that do not import Lightning Fabric."""

import sys

import pytest
import torch

from brushprint.core.errors import UserError
from brushprint.models.fabric import setup_fabric
from tests.conftest import REPOSITORY, run


def test_a_device_that_this_machine_lacks_is_reported_in_one_line():
    missing = "cuda" if not torch.cuda.is_available() else "mps"
    with pytest.raises(UserError, match=f"device: {missing}") as caught:
        setup_fabric(missing)
    assert "\n" not in str(caught.value)


def test_inference_and_grad_cam_do_not_import_lightning_fabric():
    modules = "brushprint.saliency.gradcam, brushprint.training.inference"
    imports = f"import sys, {modules}; print({{'lightning_fabric', 'torch._dynamo'}} & set(sys.modules))"
    assert run(REPOSITORY, sys.executable, "-c", imports) == "set()\n"
