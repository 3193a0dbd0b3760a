"""The conversion of pictures to inputs of a network."""

import torch
from torchvision import models

from brushprint.models.inputs import as_input
from tests.support.networks import pictures


def test_inputs_are_pictures_scaled_from_zero_to_one_with_channels_first():
    taken = pictures(2, 8)
    inputs = as_input(taken)
    assert inputs.shape == (2, 3, 8, 8)
    torch.testing.assert_close(inputs[1, 2, 3, 4], taken[1, 3, 4, 2] / 255)
    assert inputs.is_contiguous(memory_format=torch.channels_last)


def test_the_scaling_imagenet_equals_the_transform_of_torchvision_s_weights():
    taken = pictures(2, 224)
    preset = models.ResNet18_Weights.IMAGENET1K_V1.transforms(crop_size=224, resize_size=224)
    expected = preset(taken.permute(0, 3, 1, 2))
    torch.testing.assert_close(as_input(taken, "imagenet"), expected, atol=1e-5, rtol=0)
