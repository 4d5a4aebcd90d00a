"""Surrogates of YAHPO Gym: LCBench, and XGBoost with its conditional parameters."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .space import Configuration, Parameter, Space

if TYPE_CHECKING:
    import onnxruntime

XGBOOST_INPUTS = (
    "nrounds", "eta", "gamma", "lambda", "alpha", "subsample", "max_depth", "min_child_weight",
    "colsample_bytree", "colsample_bylevel", "rate_drop", "skip_drop",
)  # fmt: skip
LCBENCH_INPUTS = (
    "batch_size", "learning_rate", "momentum", "weight_decay", "num_layers", "max_units", "max_dropout",
)  # fmt: skip
LAST_EPOCH = 52
FULL_SIZE, REPLICATES = 1.0, 10.0  # the fidelities trainsize and repl
TREES = ("gbtree", "dart")


def lcbench_space() -> Space:
    return Space(
        [
            Parameter("batch_size", "logint", 16, 512),
            Parameter("learning_rate", "loguniform", 1e-4, 1e-1),
            Parameter("momentum", "uniform", 0.1, 0.99),
            Parameter("weight_decay", "uniform", 1e-5, 1e-1),
            Parameter("num_layers", "int", 1, 5),
            Parameter("max_units", "logint", 64, 1024),
            Parameter("max_dropout", "uniform", 0.0, 1.0),
        ]
    )


def xgboost_space(dart: bool) -> Space:
    boosters = ("gblinear", "gbtree", "dart") if dart else ("gblinear", "gbtree")
    trees = tuple(word for word in TREES if word in boosters)

    def tree(name: str, kind: str, low: float, high: float) -> Parameter:
        return Parameter(name, kind, low, high, parent="booster", values=trees)

    parameters = [
        Parameter("booster", "choice", options=boosters),
        Parameter("impute", "choice", options=("impute.mean", "impute.median", "impute.hist")),
        Parameter("nrounds", "logint", 7, 2981),
        Parameter("lambda", "loguniform", 0.00091188196, 1096.63315),
        Parameter("alpha", "loguniform", 0.00091188196, 1096.63315),
        Parameter("subsample", "uniform", 0.1, 1.0),
        tree("eta", "loguniform", 0.00091188196, 1.0),
        tree("gamma", "loguniform", 4.54e-5, 7.389),
        tree("max_depth", "int", 1, 15),
        tree("min_child_weight", "loguniform", 2.7182818, 148.41315),
        tree("colsample_bytree", "uniform", 0.01, 1.0),
        tree("colsample_bylevel", "uniform", 0.01, 1.0),
    ]
    if dart:
        parameters += [
            Parameter("rate_drop", "uniform", 0.0, 1.0, parent="booster", values=("dart",)),
            Parameter("skip_drop", "uniform", 0.0, 1.0, parent="booster", values=("dart",)),
        ]
    return Space(parameters)


@functools.cache
def _session(path: Path) -> onnxruntime.InferenceSession:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


@functools.cache
def _codes(folder: Path, name: str) -> dict[str, dict[str, int]]:
    return json.loads((folder / f"{name}.encoding.json").read_text())


class Surrogate:
    """A network's prediction for one data set; higher is better."""

    name: str
    column: int

    def __init__(self, folder: Path, task: str) -> None:
        self.path = folder / f"{self.name}.onnx"
        self.codes = _codes(folder, self.name)
        self.task = task

    def encode(self, configuration: Configuration) -> tuple[list[int], list[float]]:
        raise NotImplementedError

    def batch(self, configurations: list[Configuration]) -> np.ndarray:
        encoded = [self.encode(configuration) for configuration in configurations]
        inputs = {
            "x_cat": np.array([row[0] for row in encoded], np.int32),
            "x_cont": np.array([row[1] for row in encoded], np.float32),
        }
        return _session(self.path).run(None, inputs)[0][:, self.column].astype(float)


class Lcbench(Surrogate):
    """Validation accuracy in % after 52 epochs."""

    name = "lcbench"
    column = 1

    def encode(self, configuration: Configuration) -> tuple[list[int], list[float]]:
        numbers = [float(LAST_EPOCH)] + [float(configuration[name]) for name in LCBENCH_INPUTS]
        return [self.codes["OpenML_task_id"][self.task]], numbers


class Xgboost(Surrogate):
    """Accuracy at full training size; what is inactive is 0, as the network was trained."""

    name = "rbv2_xgboost"
    column = 0

    def encode(self, configuration: Configuration) -> tuple[list[int], list[float]]:
        codes = [
            self.codes["task_id"][self.task],
            self.codes["booster"][str(configuration["booster"])],
            self.codes["num.impute.selected.cpo"][str(configuration["impute"])],
        ]
        numbers = [float(configuration.get(name, 0)) for name in XGBOOST_INPUTS]
        return codes, numbers + [FULL_SIZE, REPLICATES]
