"""Random augmentation of training pictures, drawn anew for each picture."""

from collections.abc import Callable, Iterator

import torch
from torchvision.transforms import v2

from brushprint.models.recipe import Augmentation


def augmenter(augmentation: Augmentation, side: int) -> Callable[[torch.Tensor], torch.Tensor] | None:
    """Return a function that augments uint8 pictures [batch, side, side, 3], or None if `augmentation` changes nothing.

    The function draws from torch's global generator.
    """
    steps = list(_steps(augmentation, side))
    if not steps:
        return None
    transform = v2.Compose(steps)

    def augment(pictures: torch.Tensor) -> torch.Tensor:
        # Transform the pictures one by one, because a transform draws its random parameters once per call.
        augmented = [transform(picture) for picture in pictures.permute(0, 3, 1, 2)]
        return torch.stack(augmented).permute(0, 2, 3, 1)

    return augment


def _steps(augmentation: Augmentation, side: int) -> Iterator[v2.Transform]:
    if augmentation.horizontal_flip:
        yield v2.RandomHorizontalFlip(augmentation.horizontal_flip)
    if augmentation.vertical_flip:
        yield v2.RandomVerticalFlip(augmentation.vertical_flip)
    if augmentation.rotation:
        yield v2.RandomRotation(augmentation.rotation)
    if augmentation.resized_crop is not None:
        yield v2.RandomResizedCrop(side, scale=(augmentation.resized_crop, 1.0), antialias=True)
    jitter = {name: getattr(augmentation, name) for name in ("brightness", "contrast", "saturation", "hue")}
    if any(jitter.values()):
        yield v2.ColorJitter(**jitter)
