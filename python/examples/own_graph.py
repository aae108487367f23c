"""Trains a graph of one's own with and without aligned heads, saves it, and looks into the model.

    PYTHONPATH=build/release/python python3 python/examples/own_graph.py
"""

import numpy as np

import attune


def communities(num_nodes=600, num_words=60, classes=4, seed=0):
    """Nodes of a class are joined more often, and use its words more often."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, num_nodes)
    same = labels[:, None] == labels[None, :]
    joined = random.random((num_nodes, num_nodes)) < np.where(same, 0.012, 0.002)
    edge_index = np.array(np.nonzero(np.triu(joined, 1)))
    typical = np.arange(num_words) % classes == labels[:, None]
    words = random.random((num_nodes, num_words)) < np.where(typical, 0.12, 0.06)
    return edge_index, words, labels


edge_index, words, labels = communities()
dataset = attune.Dataset(edge_index, words, labels, name="communities")
print(dataset)

for align in ("none", "ct"):
    model, result = attune.train(dataset, align=align, seed=1, patience=50)
    run = result["runs"][0]
    print(f"align {align}: test accuracy {run['test_accuracy']:.3f}, best epoch {run['best_epoch']}"
          f", MMD of queries and keys {run['mmd']:.3f}")

model.save("communities")
again = attune.load("communities")
assert (again.predict(dataset) == model.predict()).all()

graph, layers = model.attention()
src, dst = graph.edge_index()
same = labels[src] == labels[dst]
others = src != dst
alpha = layers[0].mean(axis=1)
print(f"attention to a neighbour of one's own class {alpha[same & others].mean():.3f}, "
      f"of another {alpha[~same].mean():.3f}")
