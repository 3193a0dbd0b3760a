"""Prepare pictures for a network: scale them, put channels first, and choose a batch size that limits memory."""

import torch

# Mean and standard deviation of each colour channel over ImageNet, as published by torchvision.
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def as_input(pictures: torch.Tensor, scaling: str = "unit") -> torch.Tensor:
    """Turn uint8 pictures [batch, height, width, 3] into float32 [batch, 3, height, width].

    With the scaling `unit`, values are in [0, 1], and with `symmetric` in [-1, 1]. The scaling `imagenet` subtracts the
    mean of each of ImageNet's channels and divides by its standard deviation, as torchvision's weights expect.
    """
    inputs = pictures.permute(0, 3, 1, 2).float().div_(255)
    if scaling == "symmetric":
        inputs.mul_(2).sub_(1)
    if scaling == "imagenet":
        mean, deviation = (torch.tensor(row, device=inputs.device)[:, None, None] for row in IMAGENET)
        inputs.sub_(mean).div_(deviation)
    return inputs


def batch_size(side: int) -> int:
    """Return how many pictures of `side` x `side` pixels a batch may hold; the memory needed grows with their area."""
    return max(1, 128 * 64**2 // side**2)


def batch_of(row: tuple[int, ...]) -> int:
    """Return how many rows of an array a batch may hold: pictures [side, side, 3], or features [features]."""
    return batch_size(row[0]) if len(row) > 1 else 1024
