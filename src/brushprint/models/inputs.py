"""Pictures as networks take them: scaled, channels first, and as many at a time as memory allows."""

import torch

# Mean and standard deviation of each channel over ImageNet, as torchvision states them.
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def as_input(pictures: torch.Tensor, scaling: str = "unit") -> torch.Tensor:
    """Turn uint8 pictures [batch, height, width, 3] into float32 [batch, 3, height, width].

    With the scaling `unit`, values are in [0, 1]. `imagenet` then subtracts the mean and divides by the standard
    deviation of ImageNet's channels, as torchvision's weights expect.
    """
    inputs = pictures.permute(0, 3, 1, 2).float().div_(255)
    if scaling == "imagenet":
        mean, deviation = (torch.tensor(row, device=inputs.device)[:, None, None] for row in IMAGENET)
        inputs.sub_(mean).div_(deviation)
    return inputs


def batch_size(side: int) -> int:
    """How many pictures of `side` x `side` pixels to take at once: memory grows with their area."""
    return max(1, 128 * 64**2 // side**2)
