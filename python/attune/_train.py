"""Training, and the models that come of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _attune
from ._attune import Dataset, Graph, InvalidArgument


def load_dataset(
    name: str, split: str = "", *, data_dir: str | os.PathLike[str] = "", seed: int = 0
) -> Dataset:
    """A data set by the name or the path that `attune train --dataset` takes.

    split is a rule as --split takes it; where it says "all", the seed chooses.
    """
    return _attune._load_dataset(os.fspath(name), split, os.fspath(data_dir), seed)


def load(folder: str | os.PathLike[str]) -> Model:
    """The model of a checkpoint that train(out=...), Model.save() or `attune train --out` wrote."""
    return Model(_attune._load(os.fspath(folder)))


def train(
    dataset: str | os.PathLike[str] | Dataset,
    *,
    out: str | os.PathLike[str] | None = None,
    resume: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    checkpoint_every: int = 100,
    data_dir: str | os.PathLike[str] = "",
    threads: int = 0,
    callback: Callable[[dict[str, Any]], object] | None = None,
    **options: Any,
) -> tuple[Model, dict[str, Any]]:
    """Trains one model as `attune train` does, to the same bits.

    Options are those of the command, with _ for -: model="gatv2", hidden_channels=8, lr=0.005,
    align="ct", align_weight=0.01, seed=1, split="random:3"; flags are True or False, lists
    such as fan_outs=[10, 5] lists; None is the default. `attune train --help` names them all.

    dataset    a Dataset, or a name or path as --dataset takes it
    out        save the run in this folder, every checkpoint_every epochs and at the end
    resume     continue the run saved in this folder
    overwrite  replace the run that out holds
    threads    to compute with; 0: as set_num_threads() says
    callback   called after every epoch with a dict of epoch, train_loss, align_loss, best_epoch,
               seconds and, where there are validation nodes, val_loss and val_accuracy; what it
               raises ends the run

    Returns the model with the parameters of its best epoch, and the result as `--json` has it.
    Other threads run meanwhile; Ctrl-C ends the run after its epoch, saved where there is a folder.
    """
    out, resume = _folders(out, resume, overwrite)
    if checkpoint_every < 1:
        raise InvalidArgument(f"train: checkpoint_every must be at least 1, got {checkpoint_every}")
    own = dataset if isinstance(dataset, Dataset) else None
    name = dataset.name if isinstance(dataset, Dataset) else os.fspath(dataset)
    arguments = [_argument("dataset", name)]
    arguments += [_argument(key, value) for key, value in options.items() if value is not None]
    model, found = _attune._train(
        own, arguments, os.fspath(data_dir), out, resume, checkpoint_every, threads,
        " ".join(["attune.train", *arguments]), callback,
    )
    return Model(model), json.loads(found)


def _folders(
    out: str | os.PathLike[str] | None, resume: str | os.PathLike[str] | None, overwrite: bool
) -> tuple[str, str]:
    into = "" if out is None else os.fspath(out)
    again = "" if resume is None else os.fspath(resume)
    if into and again and into != again:
        raise InvalidArgument("train: resume continues in its own folder: leave out `out`")
    if into and not again and not overwrite and _attune._has_checkpoint(into):
        raise InvalidArgument(
            f"train: out {into}: holds a checkpoint; continue it with resume= or replace it with "
            "overwrite=True"
        )
    return into, again


def _argument(name: str, value: Any) -> str:
    """As on the command line: numbers in the shortest form that gives them back."""
    if isinstance(value, (bool, np.bool_)):
        text = "true" if value else "false"
    elif isinstance(value, (float, np.floating)):
        text = repr(float(value))
    elif isinstance(value, (list, tuple)):
        text = ",".join(map(str, value))
    else:
        text = str(value)
    return f"--{name.replace('_', '-')}={text}"


class Model:
    """A trained classifier of the nodes of a graph. train() and load() make it.

    Methods take a Dataset with the features and classes that the model was trained on; None is the
    one it was trained on, which a model that was loaded does not have.
    """

    def __init__(self, compiled: _attune._Model) -> None:
        self._model = compiled

    def logits(self, dataset: Dataset | None = None) -> npt.NDArray[Any]:
        """float32 [num_nodes, num_classes]."""
        return self._model.logits(dataset)

    def predict(self, dataset: Dataset | None = None) -> npt.NDArray[Any]:
        """The class of every node, the first of equal ones: int64 [num_nodes].

        Where nodes may have several labels, those more likely than not: bool [num_nodes,
        num_classes].
        """
        logits = self.logits(dataset)
        found: npt.NDArray[Any] = logits > 0 if self._model.multi_label else logits.argmax(axis=1)
        return found

    def predict_proba(self, dataset: Dataset | None = None) -> npt.NDArray[Any]:
        """Softmax of the logits, float64 [num_nodes, num_classes]; of several labels the sigmoid."""
        logits = self.logits(dataset).astype(np.float64)
        if self._model.multi_label:
            each: npt.NDArray[np.float64] = 0.5 + 0.5 * np.tanh(0.5 * logits)  # without overflow
            return each
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities: npt.NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
        return probabilities

    def evaluate(self, dataset: Dataset | None = None, *, ece_bins: int = 15) -> dict[str, Any]:
        """Accuracy, F1, calibration and so on of each part of the split, as `attune evaluate`."""
        found: dict[str, Any] = json.loads(self._model.evaluate(dataset, ece_bins))
        return found

    def attention(self, dataset: Dataset | None = None) -> tuple[Graph, list[npt.NDArray[Any]]]:
        """The graph with self-loops and, for each layer, [num_edges, heads] in its order."""
        return self._model.attention(dataset)

    def heads(self, dataset: Dataset | None = None) -> list[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
        """Queries and keys of each layer, as alignment sees them: [num_nodes, heads, channels]."""
        return self._model.heads(dataset)

    @property
    def parameters(self) -> dict[str, npt.NDArray[Any]]:
        """Writable arrays by name: what is written to them, the model has and saves."""
        return self._model.parameters

    @property
    def description(self) -> dict[str, dict[str, Any]]:
        """What the model is made from, what it was trained on, and how."""
        return self._model.description

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Writes a checkpoint, which load() and the command take. Replaces one that is there."""
        self._model.save(os.fspath(folder))

    def __repr__(self) -> str:
        options = self.description["model"]
        return (
            f"attune.Model({options['model']}, {options['layers']} layers, "
            f"{options['in_channels']} features, {options['num_classes']} classes)"
        )
