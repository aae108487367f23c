#!/usr/bin/env python3
"""Text encoders in float64, written from the papers and config.json alone, on padded batches.

  make_fixtures.py      (Debian: python3-torch, python3-numpy)

Writes ../fixtures/text/FAMILY/{config.json,model.safetensors}, a small random checkpoint under the
tensor names of Hugging Face transformers, and ../fixtures/text/FAMILY.npz: a padded batch, the
outputs of four heads, and for each head the gradients of sum(output * upstream).
"""
import json, math, os, struct
import numpy as np
import torch

torch.set_default_dtype(torch.float64)
torch.manual_seed(20)
HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures", "text")
V, H, HEADS, FF, P, LABELS = 23, 12, 3, 20, 16, 3
COMMON = dict(vocab_size=V, hidden_size=H, num_attention_heads=HEADS, intermediate_size=FF,
              num_hidden_layers=2, max_position_embeddings=P, type_vocab_size=2,
              hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1,
              initializer_range=0.02, layer_norm_eps=1e-12, pad_token_id=0, hidden_act="gelu",
              id2label={str(i): f"LABEL_{i}" for i in range(LABELS)})
CONFIGS = {
    "bert": dict(COMMON, model_type="bert", architectures=["BertForMaskedLM"]),
    "roberta": dict(COMMON, model_type="roberta", type_vocab_size=1, pad_token_id=1,
                    layer_norm_eps=1e-5, architectures=["RobertaForMaskedLM"]),
    # Three layers through one group, and narrow embeddings.
    "albert": dict(COMMON, model_type="albert", num_hidden_layers=3, num_hidden_groups=1,
                   inner_group_num=1, embedding_size=7, hidden_act="gelu_new",
                   hidden_dropout_prob=0, attention_probs_dropout_prob=0,
                   classifier_dropout_prob=0.1, architectures=["AlbertForMaskedLM"]),
}


def act(config, x):
    if config["hidden_act"] == "gelu":
        return 0.5 * x * (1 + torch.erf(x / math.sqrt(2)))
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


class Weights(dict):
    """Tensors by name, drawn at the first use, representable in float32."""

    def get(self, name, *shape):
        if name not in self:
            base = 1.0 if "orm.weight" in name else 0.0
            values = base + 0.4 * torch.randn(*shape)
            self[name] = values.float().double().requires_grad_()
        assert tuple(self[name].shape) == shape, name
        return self[name]

    def linear(self, name, x, out):
        return x @ self.get(name + ".weight", out, x.shape[-1]).T + self.get(name + ".bias", out)

    def norm(self, name, x, eps):
        mean = x.mean(-1, keepdim=True)
        var = ((x - mean) ** 2).mean(-1, keepdim=True)
        c = x.shape[-1]
        return (x - mean) / torch.sqrt(var + eps) * self.get(name + ".weight", c) + self.get(name + ".bias", c)


def names(family, i):
    if family == "albert":
        p = "albert.encoder.albert_layer_groups.0.albert_layers.0."
        return dict(q=p + "attention.query", k=p + "attention.key", v=p + "attention.value",
                    o=p + "attention.dense", n1=p + "attention.LayerNorm", f1=p + "ffn",
                    f2=p + "ffn_output", n2=p + "full_layer_layer_norm")
    p = f"{family}.encoder.layer.{i}."
    return dict(q=p + "attention.self.query", k=p + "attention.self.key",
                v=p + "attention.self.value", o=p + "attention.output.dense",
                n1=p + "attention.output.LayerNorm", f1=p + "intermediate.dense",
                f2=p + "output.dense", n2=p + "output.LayerNorm")


def encode(family, c, w, ids, mask, types):
    b, n = ids.shape
    e = c.get("embedding_size", H)
    if family == "roberta":
        real = (ids != c["pad_token_id"]).long()
        positions = torch.cumsum(real, 1) * real + c["pad_token_id"]
    else:
        positions = torch.arange(n).expand(b, n)
    base = family + ".embeddings."
    x = (w.get(base + "word_embeddings.weight", V, e)[ids]
         + w.get(base + "position_embeddings.weight", P, e)[positions]
         + w.get(base + "token_type_embeddings.weight", c["type_vocab_size"], e)[types])
    x = w.norm(base + "LayerNorm", x, c["layer_norm_eps"])
    if family == "albert":
        x = w.linear("albert.encoder.embedding_hidden_mapping_in", x, H)
    d = H // HEADS
    split = lambda y: y.view(b, n, HEADS, d).permute(0, 2, 1, 3)
    reported = []
    for i in range(c["num_hidden_layers"]):
        m = names(family, i)
        q, k, v = (split(w.linear(m[s], x, H)) for s in "qkv")
        reported.append((q, k))
        logits = q @ k.transpose(-1, -2) / math.sqrt(d)
        logits = logits.masked_fill(mask[:, None, None, :] == 0, -math.inf)
        y = (torch.softmax(logits, -1) @ v).permute(0, 2, 1, 3).reshape(b, n, H)
        x = w.norm(m["n1"], x + w.linear(m["o"], y, H), c["layer_norm_eps"])
        h = act(c, w.linear(m["f1"], x, FF))
        x = w.norm(m["n2"], x + w.linear(m["f2"], h, H), c["layer_norm_eps"])
    return x, reported


def pooled(family, w, x):
    name = "albert.pooler" if family == "albert" else family + ".pooler.dense"
    return torch.tanh(w.linear(name, x[:, 0], H))


def classify(family, c, w, x):
    if family == "roberta":
        return w.linear("classifier.out_proj", torch.tanh(w.linear("classifier.dense", x[:, 0], H)), LABELS)
    return w.linear("classifier", pooled(family, w, x), LABELS)


def guess(family, c, w, x):
    e = c.get("embedding_size", H)
    dense, norm, bias = {
        "bert": ("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.bias"),
        "roberta": ("lm_head.dense", "lm_head.layer_norm", "lm_head.bias"),
        "albert": ("predictions.dense", "predictions.LayerNorm", "predictions.bias")}[family]
    h = w.norm(norm, act(c, w.linear(dense, x, e)), c["layer_norm_eps"])
    return h @ w[family + ".embeddings.word_embeddings.weight"].T + w.get(bias, V)


HEADS_OF_MODEL = {
    "classifier": classify,
    "choice": lambda f, c, w, x: pooled(f, w, x) @ w.get("choice.weight", 1, H).T + w.get("choice.bias", 1),
    "span": lambda f, c, w, x: w.linear("qa_outputs", x, 2),
    "guess": guess,
}


def write_safetensors(path, tensors):
    header, offset, chunks = {"__metadata__": {"format": "pt"}}, 0, []
    for name in sorted(tensors):
        data = tensors[name].detach().numpy().astype("<f4")
        header[name] = {"dtype": "F32", "shape": list(data.shape), "data_offsets": [offset, offset + data.nbytes]}
        offset += data.nbytes
        chunks.append(data.tobytes())
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(chunks))


def write(family):
    c, w = CONFIGS[family], Weights()
    b, n = 3, 7
    lengths = [7, 1, 4]
    ids = torch.full((b, n), c["pad_token_id"])
    mask, types = torch.zeros(b, n, dtype=torch.long), torch.zeros(b, n, dtype=torch.long)
    for i, length in enumerate(lengths):
        ids[i, :length] = torch.randint(2, V, (length,))
        mask[i, :length] = 1
        if c["type_vocab_size"] == 2:
            types[i, length // 2:length] = 1
    out = dict(ids=ids.numpy(), mask=mask.numpy(), types=types.numpy(),
               versions=np.array([int(p) for p in (torch.__version__.split("+")[0].split("a")[0] + ".0").split(".")[:3]]))
    for head, f in HEADS_OF_MODEL.items():
        for t in w.values():
            t.grad = None
        x, reported = encode(family, c, w, ids, mask, types)
        y = f(family, c, w, x)
        valid = mask.bool() if y.dim() == 3 else slice(None)
        y = y[valid]
        upstream = torch.randn_like(y)
        (y * upstream).sum().backward()
        out[head + ".out"], out[head + ".upstream"] = y.detach().numpy(), upstream.numpy()
        for name, t in w.items():
            if t.grad is not None:
                out[f"{head}.grad.{name}"] = t.grad.numpy()
    out["hidden"] = x[mask.bool()].detach().numpy()
    for i, (q, k) in enumerate(reported):
        for what, t in (("queries", q), ("keys", k)):
            out[f"{what}.{i}"] = t.permute(0, 2, 1, 3)[mask.bool()].detach().numpy()
    folder = os.path.join(HERE, family)
    os.makedirs(folder, exist_ok=True)
    # Multiple choice has its own one-label classifier in a checkpoint of its own.
    choice = {k.replace("choice.", "classifier."): v for k, v in w.items()
              if k.startswith(family + ".") or k.startswith("choice.")}
    write_safetensors(os.path.join(folder, "model.safetensors"), {k: v for k, v in w.items() if not k.startswith("choice.")})
    os.makedirs(folder + "_choice", exist_ok=True)
    write_safetensors(os.path.join(folder + "_choice", "model.safetensors"), choice)
    for f in (folder, folder + "_choice"):
        with open(os.path.join(f, "config.json"), "w") as file:
            json.dump(c, file, indent=2, sort_keys=True)
            file.write("\n")
    np.savez(os.path.join(HERE, family + ".npz"), **out)


for name in CONFIGS:
    write(name)
