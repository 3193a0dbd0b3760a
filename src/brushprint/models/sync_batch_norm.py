"""Batch normalisation over the pictures of all processes: like torch.nn.SyncBatchNorm, but also on the CPU."""

import torch
from torch import nn
from torch.distributed import all_reduce
from torch.nn.modules.batchnorm import _BatchNorm

from brushprint.core.errors import UserError


class _Sum(torch.autograd.Function):
    """The sum of a tensor over all processes. The gradient of each summand is the sum of all processes' gradients."""

    @staticmethod
    def forward(context: torch.autograd.function.FunctionCtx, values: torch.Tensor) -> torch.Tensor:
        values = values.clone()
        all_reduce(values)
        return values

    @staticmethod
    def backward(context: torch.autograd.function.FunctionCtx, gradient: torch.Tensor) -> torch.Tensor:
        return _Sum.apply(gradient.contiguous())


class _Shared(_BatchNorm):
    """A batch norm that, in training, computes mean and variance over the batches of all processes together."""

    # These attributes are optional in torch's class. `share` refuses batch norms that lack one.
    momentum: float
    running_mean: torch.Tensor
    running_var: torch.Tensor
    num_batches_tracked: torch.Tensor

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
    """Make all batch norms of a network normalise over the batches of all processes. The weights keep their names.

    Raises `UserError` for any batch norm other than torch's `BatchNorm1d` and `BatchNorm2d` (timm has some of its own),
    and for a batch norm without weights, momentum or running statistics.
    """
    for name, module in network.named_modules():
        if not isinstance(module, _BatchNorm):
            continue
        kind = type(module)
        if kind in _SHARED and module.affine and module.momentum and module.track_running_stats:
            module.__class__ = _SHARED[kind]
        else:
            raise UserError(
                f"{name} is a {kind.__name__}, which several processes cannot share; set devices: 1 and nodes: 1"
            )
