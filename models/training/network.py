"""The two towers, residual for pictures and transformer for texts; both give vectors of 256 numbers and length 1."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PIXELS = 80
WIDTH = 256
CONTEXT = 24
PAD = 0
# CLIP's own constants, so that Immich's preprocessing settings look as usual (facts/clip.md section 2).
MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)


class Residual(nn.Module):
    """Two convolutions with a short cut around them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(channels)
        nn.init.zeros_(self.second_norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Return the same shape."""
        inner = F.relu(self.first_norm(self.first(x)))
        return F.relu(x + self.second_norm(self.second(inner)))


def shrink(incoming: int, outgoing: int, kernel: int, stride: int) -> nn.Sequential:
    """Return a convolution that makes the picture smaller by `stride`."""
    convolution = nn.Conv2d(incoming, outgoing, kernel, stride, kernel // 2 if kernel == 3 else 0, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outgoing), nn.ReLU())


class Visual(nn.Module):
    """Pictures (N, 3, 80, 80), normalised, to vectors (N, 256) of length 1."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            *(shrink(3, 40, 4, 4), Residual(40), shrink(40, 80, 3, 2), Residual(80), Residual(80)),
            *(shrink(80, 160, 3, 2), Residual(160), Residual(160)),
        )
        self.out = nn.Linear(320, WIDTH)

    def forward(self, image: Tensor) -> Tensor:
        """Return the vectors."""
        x = self.net(image)
        x = torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1).float()
        return F.normalize(self.out(x), dim=-1)


class Layer(nn.Module):
    """One transformer layer."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.mixed = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return the same shape; `mask` is added to the attention scores."""
        count, length, width = x.shape
        size = width // self.heads
        query, key, value = self.qkv(self.norm1(x)).reshape(count, length, 3, self.heads, size).permute(2, 0, 3, 1, 4)
        scores = (query @ key.transpose(-1, -2)) * size**-0.5 + mask
        seen = (scores.softmax(-1) @ value).transpose(1, 2).reshape(count, length, width)
        x = x + self.mixed(seen)
        wide: Tensor = F.gelu(self.wide(self.norm2(x)))
        out: Tensor = x + self.narrow(wide)
        return out


class Textual(nn.Module):
    """Token ids (N, 24), 0 = padding, to vectors (N, 256) of length 1."""

    def __init__(self, vocabulary: int, width: int = 128, layers: int = 2, heads: int = 4) -> None:
        super().__init__()
        self.tokens = nn.Parameter(torch.randn(vocabulary, width) * 0.05)
        self.places = nn.Parameter(torch.randn(CONTEXT, width) * 0.01)
        self.layers = nn.ModuleList([Layer(width, heads) for _ in range(layers)])
        self.norm = nn.LayerNorm(width)
        self.out = nn.Linear(width, WIDTH)

    def forward(self, text: Tensor) -> Tensor:
        """Return the vectors."""
        ids = text.long()
        real = (ids != PAD).float()
        x = self.tokens[ids] + self.places
        mask = ((1 - real) * -1e4)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, mask)
        pooled = (self.norm(x) * real[..., None]).sum(1) / real.sum(1, keepdim=True)
        return F.normalize(self.out(pooled), dim=-1)


def normalised(pictures: Tensor) -> Tensor:
    """Return pictures (N, 3, H, W) of 0..1 as the network wants them."""
    return (pictures - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(DEVIATION).view(1, 3, 1, 1)
