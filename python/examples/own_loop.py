"""A training loop in numpy around one layer of attune: its gradients, and those of aligned heads.

    PYTHONPATH=build/release/python python3 python/examples/own_loop.py
"""

import numpy as np

import attune

dataset = attune.load_dataset("citation-like:400")
graph = dataset.graph.with_self_loops()
labels = dataset.labels
layer = attune.GATv2Conv(dataset.num_features, dataset.num_classes, heads=4, concat=False)
distance = attune.Distance("mmd", *layer.heads(dataset.features, graph))
velocity = {name: np.zeros_like(array) for name, array in layer.parameters.items()}

for step in range(1, 61):
    record = layer.record(dataset.features, graph, training=True, step=step, heads=True)
    logits = record.output - record.output.max(axis=1, keepdims=True)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    grad = np.zeros_like(record.output)
    grad[dataset.train] = probabilities[dataset.train]
    grad[dataset.train, labels[dataset.train]] -= 1
    grad /= len(dataset.train)
    apart, _, align = distance(record.queries, record.keys, gradients=True)
    gradients = record.backward(
        grad, grad_queries=0.01 * align["queries"], grad_keys=0.01 * align["keys"]
    )
    for name, array in layer.parameters.items():
        velocity[name] = 0.9 * velocity[name] + gradients[name]
        array -= 3 * velocity[name]
    if step % 20 == 0:
        predicted = layer(dataset.features, graph).argmax(axis=1)
        accuracy = (predicted == labels)[dataset.test].mean()
        print(f"step {step}: test accuracy {accuracy:.3f}, MMD of queries and keys {apart:.3f}")
