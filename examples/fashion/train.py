#!/usr/bin/python3
"""Train a classifier of Fashion-MNIST with scikit-learn, one pass over the data a step.

Runs by hand as it stands: python3 train.py --model=mlp --steps=3
Under trawl it reports each step, stops when it is told to, and goes on from its checkpoint.
"""

import argparse
import gzip
import os
import sys
import time

import joblib
import numpy as np
from sklearn.decomposition import PCA
from sklearn.linear_model import SGDClassifier
from sklearn.neural_network import MLPClassifier

try:
    import trawl
except ImportError:  # the lines it prints are enough for trawl to go by
    trawl = None

DATA = os.environ.get("FASHION_MNIST", "/usr/share/datasets/fashion-mnist")
CHUNK = 2000  # images looked at at once
# The first images of the training file, always the same.
TRAIN = int(os.environ.get("FASHION_IMAGES") or 16000) // CHUNK * CHUNK
VALIDATE = 4000
SIDE = 28


def arguments():
    p = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    add = p.add_argument
    add("--steps", type=int, default=int(os.environ.get("TRAWL_STEPS") or 9),
        help="passes over the data")
    add("--model", choices=["linear", "mlp"], default="linear")
    add("--features", default="pixels", help="comma-separated: pixels, blocks, edges")
    add("--scale", choices=["none", "minmax", "standard"], default="minmax")
    add("--pca", action="store_true", help="project onto the main components")
    add("--pca.components", type=int, default=50)
    add("--shift", action="store_true", help="move the images by up to a pixel in each pass")
    add("--linear.loss", choices=["log_loss", "hinge", "modified_huber"], default="log_loss")
    add("--linear.penalty", choices=["l2", "l1", "elasticnet"], default="l2")
    add("--linear.l1_ratio", type=float, default=0.15)
    add("--linear.alpha", type=float, default=1e-4)
    add("--linear.schedule", choices=["optimal", "constant", "invscaling"], default="optimal")
    add("--linear.lr", type=float, default=0.01)
    add("--linear.average", action="store_true")
    add("--mlp.hidden", type=int, default=64, help="units of each hidden layer")
    add("--mlp.layers", type=int, default=1)
    add("--mlp.activation", choices=["relu", "tanh"], default="relu")
    add("--mlp.solver", choices=["adam", "sgd"], default="adam")
    add("--mlp.lr", type=float, default=1e-3)
    add("--mlp.alpha", type=float, default=1e-4)
    add("--mlp.batch_size", type=int, default=128)
    return vars(p.parse_args())


# Data -------------------------------------------------------------------------------------------

def read_idx(name, n):
    """The first n items of an IDX file (images or labels), gzipped as Debian ships it."""
    path = os.path.join(DATA, name)
    try:
        with gzip.open(path) as f:
            rank = f.read(4)[3]
            shape = np.frombuffer(f.read(4 * rank), ">u4")
            item = int(np.prod(shape[1:], dtype=int))
            return np.frombuffer(f.read(n * item), np.uint8).reshape(n, *shape[1:])
    except FileNotFoundError:
        sys.exit(f"{path} is not there: apt-get install dataset-fashion-mnist, or set FASHION_MNIST")


def shifted(images, rng):
    """Each image moved by -1, 0 or 1 pixels in both directions."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    out = np.empty_like(images)
    moves = rng.integers(0, 3, (len(images), 2))
    for dy in range(3):
        for dx in range(3):
            at = (moves[:, 0] == dy) & (moves[:, 1] == dx)
            out[at] = padded[at, dy:dy + SIDE, dx:dx + SIDE]
    return out


# Features ---------------------------------------------------------------------------------------

def blocks(x):
    """Means of 2 x 2 pixels."""
    return x.reshape(-1, 14, 2, 14, 2).mean((2, 4)).reshape(len(x), -1)


def edges(x, cells=7, bins=8):
    """How much edge of each direction there is in each cell: a histogram of oriented gradients."""
    gy, gx = np.gradient(x, axis=(1, 2))
    strength = np.hypot(gx, gy)
    direction = np.floor((np.arctan2(gy, gx) + np.pi) * (bins / (2 * np.pi))).astype(np.int8) % bins
    size = SIDE // cells
    out = np.empty((len(x), bins, cells, cells), np.float32)
    for b in range(bins):
        part = np.where(direction == b, strength, 0)
        out[:, b] = part.reshape(-1, cells, size, cells, size).sum((2, 4))
    return out.reshape(len(x), -1)


KINDS = {"pixels": lambda x: x.reshape(len(x), -1), "blocks": blocks, "edges": edges}


class Features:
    """What the model sees of an image. Fitted on the training images alone."""

    def __init__(self, args, images):
        self.kinds = [k for k in args["features"].split(",") if k]
        unknown = set(self.kinds) - set(KINDS)
        if unknown or not self.kinds:
            sys.exit(f"--features: {', '.join(unknown) or 'none given'}; there are {', '.join(KINDS)}")
        self.pca = None
        self.offset, self.factor = np.float32(0), np.float32(1)
        raw = self.raw(images)
        if args["scale"] == "minmax":
            self.offset = raw.min(0)
            self.factor = 1 / np.maximum(raw.max(0) - self.offset, 1e-6)
        elif args["scale"] == "standard":
            self.offset = raw.mean(0)
            self.factor = 1 / np.maximum(raw.std(0), 1e-6)
        if args["pca"]:
            k = min(args["pca.components"], raw.shape[1])
            self.pca = PCA(k, svd_solver="randomized", random_state=0)
            self.pca.fit((raw[:4000] - self.offset) * self.factor)

    def raw(self, images):
        parts = [images[i:i + CHUNK].astype(np.float32) for i in range(0, len(images), CHUNK)]
        return np.concatenate([np.hstack([KINDS[k](x) for k in self.kinds]) for x in parts])

    def __call__(self, images):
        x = self.raw(images)
        x -= self.offset
        x *= self.factor
        return self.pca.transform(x) if self.pca else x


# Model ------------------------------------------------------------------------------------------

def make_model(args, seed):
    if args["model"] == "linear":
        return SGDClassifier(
            loss=args["linear.loss"], penalty=args["linear.penalty"], alpha=args["linear.alpha"],
            l1_ratio=args["linear.l1_ratio"], learning_rate=args["linear.schedule"],
            eta0=args["linear.lr"], average=args["linear.average"], random_state=seed)
    return MLPClassifier(
        hidden_layer_sizes=[args["mlp.hidden"]] * args["mlp.layers"], solver=args["mlp.solver"],
        activation=args["mlp.activation"], learning_rate_init=args["mlp.lr"],
        alpha=args["mlp.alpha"], batch_size=args["mlp.batch_size"], random_state=seed)


def load(folder):
    path = folder and os.path.join(folder, "model.joblib")
    return joblib.load(path) if path and os.path.exists(path) else None


def save(folder, state):
    """Whole or not at all: a trial may be killed at any instant."""
    if folder:
        path = os.path.join(folder, "model.joblib")
        joblib.dump(state, path + ".new")
        os.replace(path + ".new", path)


def report(step, metrics):
    print(f"step={step} " + " ".join(f"{k}={v:.4f}" for k, v in metrics.items()), flush=True)
    return trawl.report(step=step, **metrics) if trawl and "TRAWL_TRIAL" in os.environ else True


def main():
    args = arguments()
    seed = int(os.environ.get("TRAWL_SEED") or 0)
    folder = os.environ.get("TRAWL_CHECKPOINT")
    images = read_idx("train-images-idx3-ubyte.gz", TRAIN + VALIDATE)
    labels = read_idx("train-labels-idx1-ubyte.gz", TRAIN + VALIDATE)
    train, y = images[:TRAIN], labels[:TRAIN]
    features = Features(args, train)
    valid, y_valid = features(images[TRAIN:]), labels[TRAIN:]
    seen = None if args["shift"] else features(train)

    step, model = load(folder) or (0, make_model(args, seed))
    if step:
        print(f"going on from the checkpoint of step {step}", flush=True)
    while step < args["steps"]:
        step += 1
        started = time.monotonic()
        rng = np.random.default_rng([seed, step])  # the same after a resume
        try:
            for part in np.split(rng.permutation(TRAIN), TRAIN // CHUNK):
                x = features(shifted(train[part], rng)) if args["shift"] else seen[part]
                model.partial_fit(x, y[part], classes=np.arange(10))
        except ValueError as e:  # how scikit-learn says that the weights are no longer numbers
            print(f"the training diverged: {e}", flush=True)
            report(step, {"val_accuracy": float("nan")})
            return
        metrics = {"val_accuracy": model.score(valid, y_valid), "seconds": time.monotonic() - started}
        if step == args["steps"]:  # the only look at the test images; no decision stands on it
            test = features(read_idx("t10k-images-idx3-ubyte.gz", 10000))
            metrics["test_accuracy"] = model.score(test, read_idx("t10k-labels-idx1-ubyte.gz", 10000))
        save(folder, (step, model))
        if not report(step, metrics):
            break


if __name__ == "__main__":
    main()
