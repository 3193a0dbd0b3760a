"""Batch normalisation over the pictures of all processes: torch.nn.SyncBatchNorm, on the CPU too."""

import torch
from torch import nn
from torch.distributed import all_reduce

from brushprint.core.errors import UserError


class _Sum(torch.autograd.Function):
    """The sum over all processes: what each added has the gradient that all have of the sum."""

    @staticmethod
    def forward(context: torch.autograd.function.FunctionCtx, values: torch.Tensor) -> torch.Tensor:
        values = values.clone()
        all_reduce(values)
        return values

    @staticmethod
    def backward(context: torch.autograd.function.FunctionCtx, gradient: torch.Tensor) -> torch.Tensor:
        return _Sum.apply(gradient.contiguous())


class _Shared:
    """What a batch norm becomes: in training, the mean and the variance are those of the batch of all processes."""

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        if not self.training:
            return super().forward(inputs)
        axes = [axis for axis in range(inputs.dim()) if axis != 1]
        shape = [1, -1] + [1] * (inputs.dim() - 2)
        values = inputs.float()
        here = torch.full_like(self.weight[:1], values.numel() / values.shape[1])
        total, count = _Sum.apply(torch.cat([values.sum(axes), here])).split([values.shape[1], 1])
        mean = total / count
        centred = values - mean.view(shape)
        variance = _Sum.apply(centred.square().sum(axes)) / count
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
            self.num_batches_tracked += 1
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (centred * scale.view(shape) + self.bias.view(shape)).to(inputs.dtype)


class _Shared1d(_Shared, nn.BatchNorm1d):
    pass


class _Shared2d(_Shared, nn.BatchNorm2d):
    pass


_SHARED = {nn.BatchNorm1d: _Shared1d, nn.BatchNorm2d: _Shared2d}


def share(network: nn.Module) -> None:
    """Have the batch norms of a network take the batches of all processes for one; the names of its weights stay.

    Raises `UserError` for a batch norm of a kind of its own, as some of timm's are.
    """
    for name, module in network.named_modules():
        if type(module) in _SHARED and module.affine and module.momentum:
            module.__class__ = _SHARED[type(module)]
        elif isinstance(module, nn.modules.batchnorm._BatchNorm):
            kind = type(module).__name__
            raise UserError(f"{name} is a {kind}, which several processes cannot share; set devices: 1 and nodes: 1")
