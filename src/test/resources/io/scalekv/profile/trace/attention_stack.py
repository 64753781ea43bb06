"""Small next-scale transformer for tests of the recorder: cached self-attention, cross-attention, guidance."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.functional import scaled_dot_product_attention as slow_attn

MAPS = [(1, 1), (2, 2), (3, 2), (4, 4)]
WIDTH, HEADS = 16, 2


def flash_attn_func(q, k, v, dropout_p=0.0, softmax_scale=None, causal=False, window_size=(-1, -1)):
    """Stands for flash attention: [B, L, H, D] in and out, computed in bfloat16."""
    q, k, v = (x.transpose(1, 2).bfloat16() for x in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v, scale=softmax_scale).transpose(1, 2)


def memory_efficient_attention(query, key, value, attn_bias=None, p=0.0, scale=None):
    """Stands for xformers: [B, L, H, D] in and out."""
    return slow_attn(*(x.transpose(1, 2) for x in (query, key, value)), scale=scale).transpose(1, 2)


class SelfAttention(nn.Module):
    """`way` chooses how attention is computed, and how it goes wrong."""

    def __init__(self, way):
        super().__init__()
        self.qkv, self.proj, self.way = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH), way
        self.cache = {}

    def forward(self, x, branch):
        b, n, _ = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        if self.way == "raises":
            raise RAISED
        old = self.cache.get(branch)
        if old:
            old = [x[-b:] if self.way == "uncond-first" else x[:b] for x in old]
            if self.way == "cut" and old[0].shape[2] > 4:
                old = [x[:, :, 1:] for x in old]
            if self.way == "quantised":
                old = [(x * 20).round() / 20 for x in old]
            k, v = (torch.cat(pair, 2) for pair in zip(old, (k, v)))
        self.cache[branch] = k, v
        way, scale = self.way, 0.7
        if way in ("flash", "xformers"):
            q, k, v = (x.transpose(1, 2) for x in (q, k, v))
            if way == "flash":
                out = flash_attn_func(q, k, v, 0.0, scale).to(x.dtype)
            else:
                out = memory_efficient_attention(q, k, v, scale=scale)
            out = out.transpose(1, 2)
        elif way == "imported":
            from flash_attn import flash_attn_func as own
            out = own(*(x.transpose(1, 2) for x in (q, k, v)), softmax_scale=scale).transpose(1, 2).to(x.dtype)
        elif way == "hand":
            out = torch.softmax(scale * q @ k.transpose(2, 3), -1) @ v
        elif way == "window":
            out = WINDOW(q, k, v, scale)
        elif way == "mask":
            out = slow_attn(q, k, v, attn_mask=torch.ones(n, k.shape[2]).tril() - 1, scale=scale)
        elif way == "zero mask":
            out = slow_attn(q, k, v, torch.zeros(n, k.shape[2]), scale=scale)
        elif way == "causal":
            out = slow_attn(q, k, v, is_causal=True, scale=scale)
        elif way == "twice":
            out = slow_attn(q, k, v, scale=scale) + slow_attn(q, k, v, scale=scale)
        else:
            out = slow_attn(query=q, key=k, value=v, scale=scale)
        return self.proj(out.transpose(1, 2).reshape(b, n, -1))


class FSDPSelfAttention(SelfAttention):
    pass


def slow_attn_window(query, key, value, scale):
    weight = scale * query @ key.transpose(2, 3)
    return torch.softmax(weight.tril(key.shape[2] - query.shape[2] - 1), -1) @ value


class Stack(nn.Module):
    """Draws numbers by sampling, so that a random number more or less would change the result."""

    def __init__(self, way="slow", layers=3, kind=SelfAttention):
        super().__init__()
        torch.manual_seed(7)
        self.attention = nn.ModuleList(kind(way) for _ in range(layers))
        self.text = nn.Linear(WIDTH, WIDTH)
        self.classes = nn.Embedding(10, WIDTH)
        for p in self.parameters():
            nn.init.normal_(p, std=0.6)

    def layer(self, x, attention, branch):
        x = x + attention(F.layer_norm(x, (WIDTH,)), branch)
        text = self.text(x).unsqueeze(1)
        return x + F.scaled_dot_product_attention(text, text, text)[:, 0]  # cross-attention: not recorded

    @torch.no_grad()
    def draw(self, labels, guidance="rows", guided_maps=len(MAPS), seed=0):
        torch.manual_seed(seed)
        for a in self.attention:
            a.cache = {}
        cond, none = self.classes(torch.tensor(labels)), self.classes(torch.zeros(len(labels), dtype=torch.long))
        drawn = []
        for s, (h, w) in enumerate(MAPS):
            noise = torch.randn(1, h * w, WIDTH)
            two = guidance != "none" and s < guided_maps
            pair = {"rows-uncond-first": (none, cond)}.get(guidance, (cond, none)) if two else (cond,)
            passes = list(pair) if guidance == "passes" else [torch.cat(pair)]
            outs = []
            for branch, start in enumerate(passes):
                x = start[:, None] + noise
                for a in self.attention:
                    x = self.layer(x, a, branch)
                outs.append(x)
            drawn.append(torch.cat(outs) * (1 + torch.rand(1)))
        return torch.cat([d.flatten() for d in drawn])


RAISED = ValueError("the layer failed")
WINDOW = slow_attn_window
slow_attn_window.__name__ = "slow_attn"
