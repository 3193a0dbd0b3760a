"""A picture size that a network cannot take is refused in one line."""

import pytest

from brushprint.core.errors import UserError
from brushprint.models.architectures import registry
from brushprint.models.build import build
from tests.support.networks import OWN


@pytest.mark.parametrize("name", [*OWN, "torchvision/vgg11"])
def test_a_too_small_image_size_is_refused_in_one_line_with_the_minimum(name: str):
    smallest = registry.minimum_size(name)
    with pytest.raises(UserError, match=rf"image_size .* at least {smallest}$") as caught:
        build(name, 2, smallest - 1)
    assert "\n" not in str(caught.value)


def test_a_size_that_a_library_s_model_cannot_take_is_refused_in_one_line():
    with pytest.raises(UserError, match=r"timm/vit_tiny_patch16_224 cannot take pictures of 100 pixels") as caught:
        build("timm/vit_tiny_patch16_224", 2, 100)
    assert "\n" not in str(caught.value)
