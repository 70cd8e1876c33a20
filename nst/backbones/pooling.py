"""Pooling that keeps little for the gradient: at large sizes, kept maps are nearly all the memory of an evaluation."""

from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class _RectifiedMaxPool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        pooled, winners = F.max_pool2d(x, 2, return_indices=True)
        pooled.clamp_(min=0)
        ctx.size = x.shape[-2:]
        ctx.save_for_backward(pooled, winners.int())  # half of what PyTorch's own pooling keeps
        return pooled

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        pooled, winners = ctx.saved_tensors
        return F.max_unpool2d(gradient * (pooled > 0), winners.long(), [2, 2], output_size=ctx.size)


class RectifiedMaxPool(nn.Module):
    """ReLU, then 2 x 2 max pooling, in one: the same map and gradient, but nothing of the input's size is kept.

    Behind a ReLU it is plain max pooling, because rectifying twice changes nothing.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(1, C, H, W) to (1, C, H // 2, W // 2)."""
        return cast(Tensor, _RectifiedMaxPool.apply(x))
