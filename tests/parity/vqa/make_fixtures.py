#!/usr/bin/env python3
"""MCAN in float64, written from the paper (arXiv 1906.10770) with torch, on padded batches.

  make_fixtures.py      (Debian: python3-torch, python3-numpy)

Writes ../fixtures/vqa/mcan.npz: parameters under attune's names, [in, out]; padded questions and
images with their masks; soft scores of the answers; logits, loss, and the gradient of the loss by
every parameter, as `grad.NAME`.
"""
import math, os
import numpy as np
import torch

torch.set_default_dtype(torch.float64)
torch.manual_seed(30)
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures", "vqa")
V, A, E, R, C, H, FF, RED, FUSED, LAYERS = 13, 6, 5, 7, 8, 2, 12, 6, 10, 2
EPSILON = 1e-6
WORDS, REGIONS = [4, 2, 5], [3, 6, 2]
parameters = {}


def parameter(name, *shape, base=0.0):
    values = base + 0.4 * torch.randn(*shape)
    parameters[name] = values.float().double().requires_grad_()
    return parameters[name]


def linear(name, rows, columns):
    weight, bias = parameter(name + ".weight", rows, columns), parameter(name + ".bias", columns)
    return lambda x: x @ weight + bias


def norm(name, width):
    gamma = parameter(name + ".gamma", width, base=1.0)
    beta = parameter(name + ".beta", width)
    return lambda x: torch.nn.functional.layer_norm(x, (width,), gamma, beta, EPSILON)


def attention(name):
    query, key, value, output = (linear(f"{name}.{p}", C, C)
                                 for p in ("query", "key", "value", "output"))

    def split(x):
        return x.view(x.shape[0], x.shape[1], H, C // H).transpose(1, 2)

    def forward(x, z, mask):
        scores = split(query(x)) @ split(key(z)).transpose(2, 3) / math.sqrt(C // H)
        scores = scores.masked_fill(~mask[:, None, None, :], -1e9)
        y = torch.softmax(scores, -1) @ split(value(z))
        return output(y.transpose(1, 2).reshape(x.shape))
    return forward


def layer(name, guided):
    own, own_norm = attention(name + ".attention"), norm(name + ".attention_norm", C)
    if guided:
        other, other_norm = attention(name + ".guided"), norm(name + ".guided_norm", C)
    inner, outer = linear(name + ".intermediate", C, FF), linear(name + ".output", FF, C)
    last = norm(name + ".output_norm", C)

    def forward(x, x_mask, z=None, z_mask=None):
        x = own_norm(x + own(x, x, x_mask))
        if guided:
            x = other_norm(x + other(x, z, z_mask))
        return last(x + outer(torch.relu(inner(x))))
    return forward


def reduction(name):
    hidden, score = linear(name + ".hidden", C, RED), linear(name + ".score", RED, 1)
    merge = linear(name + ".merge", C, FUSED)

    def forward(x, mask):
        scores = score(torch.relu(hidden(x))).masked_fill(~mask[:, :, None], -1e9)
        return merge((torch.softmax(scores, 1) * x).sum(1))
    return forward


def lstm(x):
    """torch's own: rows of its weights are attune's columns, its second bias is zero."""
    weights = [parameter("lstm.input.weight", E, 4 * C).t(), parameter("lstm.recurrent", C, 4 * C).t(),
               parameter("lstm.input.bias", 4 * C), torch.zeros(4 * C)]
    start = torch.zeros(1, x.shape[0], C)
    y, _, _ = torch.lstm(x, (start, start), [w.contiguous() for w in weights], True, 1, 0.0, False,
                         False, True)
    return y


def masks(lengths):
    return torch.arange(max(lengths))[None, :] < torch.tensor(lengths)[:, None]


def main():
    word_mask, region_mask = masks(WORDS), masks(REGIONS)
    ids = torch.randint(1, V, word_mask.shape) * word_mask
    regions = torch.randn(*region_mask.shape, R).float().double() * region_mask[:, :, None]
    scores = torch.tensor([[0, 1, 0, 0.5, 0, 0], [0, 0, 0.25, 0, 0, 0], [1, 0, 0, 0, 0, 0.75]])
    y = lstm(parameter("words.weight", V, E)[ids])
    x = linear("regions", R, C)(regions)
    for i in range(LAYERS):
        y = layer(f"encoder.{i}", False)(y, word_mask)
    for i in range(LAYERS):
        x = layer(f"decoder.{i}", True)(x, region_mask, y, word_mask)
    fused = (reduction("question_reduction")(y, word_mask)
             + reduction("image_reduction")(x, region_mask))
    logits = linear("classifier", FUSED, A)(norm("norm", FUSED)(fused))
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, scores, reduction="sum") / len(WORDS)
    loss.backward()
    members = {name: p.detach().numpy() for name, p in parameters.items()}
    members |= {"grad." + name: p.grad.numpy() for name, p in parameters.items()}
    members |= {"ids": ids.numpy(), "word_mask": word_mask.numpy().astype(np.int64),
                "regions": regions.numpy(), "region_mask": region_mask.numpy().astype(np.int64),
                "scores": scores.numpy(), "logits": logits.detach().numpy(),
                "loss": np.array(loss.item()),
                "made_by": np.frombuffer(f"torch {torch.__version__}, numpy {np.__version__}"
                                         .encode(), np.uint8)}
    os.makedirs(HERE, exist_ok=True)
    np.savez_compressed(os.path.join(HERE, "mcan.npz"), **members)


main()
