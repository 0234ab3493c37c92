"""The two losses by which the towers may be trained; in both, several captions may fit one picture."""

import math
from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STEEPEST = 60.0


class Contrastive(nn.Module):
    """CLIP's softmax: a caption is told from the others of its batch; only differences of cosines count."""

    name = "softmax"

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(math.log(10.0)))

    def forward(self, cosines: Tensor, fits: Tensor) -> Tensor:
        """Return the loss of cosines (N, M), where `fits` (N, M) is 1 or 0: both directions, the fitting ones share 1.

        Rows and columns without a fit count nothing.
        """
        scores = self.scale.exp().clamp(max=STEEPEST) * cosines
        across = fits / fits.sum(1, keepdim=True).clamp(min=1)
        down = fits / fits.sum(0, keepdim=True).clamp(min=1)
        pictures = -(across * scores.log_softmax(1)).sum(1)[fits.sum(1) > 0].mean()
        texts = -(down * scores.log_softmax(0)).sum(0)[fits.sum(0) > 0].mean()
        return (pictures + texts) / 2


class Pairwise(nn.Module):
    """SigLIP's sigmoid (arXiv:2303.15343): every pair is judged alone, by a learned scale and a learned bias."""

    name = "sigmoid"

    def __init__(self) -> None:
        super().__init__()
        # SigLIP's own beginnings: at first no pair is thought to fit, as nearly none does.
        self.scale = nn.Parameter(torch.tensor(math.log(10.0)))
        self.bias = nn.Parameter(torch.tensor(-10.0))

    def forward(self, cosines: Tensor, fits: Tensor) -> Tensor:
        """Return the loss of cosines (N, M), where `fits` (N, M) is 1 or 0, for each row."""
        scores = self.scale.exp().clamp(max=STEEPEST) * cosines + self.bias
        return -F.logsigmoid((2 * fits - 1) * scores).sum(1).mean()


LOSSES: Mapping[str, type[Contrastive | Pairwise]] = MappingProxyType(
    {one.name: one for one in (Contrastive, Pairwise)}
)
