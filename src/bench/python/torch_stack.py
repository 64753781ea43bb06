"""Infinity's generation in plain PyTorch, for a comparison of speed: same shapes, same products, random weights.

One line of JSON in, one out: {"layers", "width", "heads", "dtype", "sides", "batch"} draws one batch of images and
answers {"seconds", "cpuSeconds", "peakRssMiB"}. The model is made at the first line; later lines draw with it.
Every block: adaptive layer norm, one product for query, key and value, cosine attention with rotary embedding over
the cache of all earlier maps, cross attention to the text, feed-forward with tanh GELU; guidance by a second row.
"""

import json
import os
import resource
import sys
import time

import torch
import torch.nn.functional as F

TEXT_TOKENS, BITS, GUIDANCE = 20, 32, 3.0


class Block(torch.nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.modulation = torch.nn.Parameter(torch.randn(1, 1, 6, width) / width**0.5)
        self.temperature = torch.nn.Parameter(torch.full((1, heads, 1, 1), 4.0).log())
        self.qkv = torch.nn.Linear(width, 3 * width)
        self.proj = torch.nn.Linear(width, width)
        self.norm = torch.nn.LayerNorm(width, eps=1e-6)
        self.cross_q = torch.nn.Linear(width, width)
        self.cross_kv = torch.nn.Linear(width, 2 * width)
        self.cross_proj = torch.nn.Linear(width, width)
        self.fc1 = torch.nn.Linear(width, 4 * width)
        self.fc2 = torch.nn.Linear(4 * width, width)

    def split(self, x):  # [B,L,C] -> [B,H,L,D]
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def linear(self, layer, x):
        return layer(x.to(layer.weight.dtype))

    def text(self, text):  # keys and values of the text, once an image
        return [self.split(x) for x in self.linear(self.cross_kv, text).chunk(2, -1)]

    def forward(self, x, shared, rotary, cache, text):
        g1, g2, s1, s2, b1, b2 = (shared + self.modulation).unbind(2)
        y = F.layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + s1) + b1
        q, k, v = self.linear(self.qkv, y).chunk(3, -1)
        q, k, v = self.split(q), self.split(k), self.split(v)
        q = F.normalize(q.float(), dim=-1) * self.temperature.exp()
        q, k = rotate(q, rotary), rotate(F.normalize(k.float(), dim=-1), rotary)
        q, k = q.to(v.dtype), k.to(v.dtype)
        cache[0] = k if cache[0] is None else torch.cat((cache[0], k), 2)
        cache[1] = v if cache[1] is None else torch.cat((cache[1], v), 2)
        o = F.scaled_dot_product_attention(q, cache[0], cache[1], scale=1.0)
        x = x + self.linear(self.proj, o.transpose(1, 2).flatten(2)) * g1
        o = F.scaled_dot_product_attention(self.split(self.linear(self.cross_q, self.norm(x))), *text)
        x = x + self.linear(self.cross_proj, o.transpose(1, 2).flatten(2))
        y = F.layer_norm(x, x.shape[-1:], eps=1e-6) * (1 + s2) + b2
        return x + self.linear(self.fc2, F.gelu(self.linear(self.fc1, y), approximate="tanh")) * g2


def rotate(x, rotary):  # [B,H,L,D] by [L,D/2], over interleaved pairs
    y = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(y * rotary).flatten(-2)


class Stack(torch.nn.Module):
    def __init__(self, layers, width, heads, dtype, sides):
        super().__init__()
        torch.manual_seed(1)
        self.sides = sides
        self.blocks = torch.nn.ModuleList(Block(width, heads) for _ in range(layers))
        if dtype == "bf16":
            for block in self.blocks:
                for layer in block.children():
                    if layer is not block.norm:
                        layer.to(torch.bfloat16)
        self.word = torch.nn.Linear(BITS, width)
        self.level = torch.nn.Embedding(len(sides), width)
        self.shared = torch.nn.Linear(width, 6 * width)
        self.head = torch.nn.Linear(width, 2 * BITS)
        half = width // heads // 2
        self.rotary = []
        for side in sides:
            at = torch.arange(side * side)
            place = torch.stack((at // side, at % side), -1) * (64 / side)
            speed = 10000 ** (-torch.arange(0, half, 2) / half)
            self.rotary.append(torch.polar(torch.ones(side * side, half), (place[:, :, None] * speed).flatten(1)[:, :half]))

    @torch.inference_mode()
    def draw(self, batch):
        width = self.word.out_features
        condition = torch.randn(2 * batch, width)
        text = [b.text(torch.randn(2 * batch, TEXT_TOKENS, width)) for b in self.blocks]
        shared = self.shared(F.silu(condition)).view(2 * batch, 1, 6, width)
        caches = [[None, None] for _ in self.blocks]
        last = self.sides[-1]
        total = torch.zeros(batch, BITS, last, last)
        x = condition[:, None]
        for scale, side in enumerate(self.sides):
            x = x + self.level.weight[scale]
            for block, cache, known in zip(self.blocks, caches, text):
                x = block(x, shared, self.rotary[scale], cache, known)
            logits = self.head(F.layer_norm(x, x.shape[-1:], eps=1e-6))
            yes, no = logits.chunk(2)
            bits = (no + GUIDANCE * (yes - no)).unflatten(-1, (BITS, 2)).argmax(-1)
            codes = (bits * 2.0 - 1).transpose(1, 2).unflatten(-1, (side, side)) / BITS**0.5
            total += F.interpolate(codes, (last, last), mode="bilinear")
            if scale + 1 < len(self.sides):
                follow = F.interpolate(total, (self.sides[scale + 1],) * 2, mode="area")
                x = self.word(follow.flatten(2).transpose(1, 2)).repeat(2, 1, 1)


def main():
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    stack = None
    for line in sys.stdin:
        asked = json.loads(line)
        if stack is None:
            stack = Stack(*(asked[k] for k in ("layers", "width", "heads", "dtype", "sides"))).eval()
        begun, used = time.perf_counter(), time.process_time()
        stack.draw(asked["batch"])
        answer = {
            "seconds": time.perf_counter() - begun,
            "cpuSeconds": time.process_time() - used,
            "peakRssMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "torch": torch.__version__,
        }
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
