#!/bin/sh
# bench/setup.sh [--again]: prints the Python of the benchmarks' own environment, in .venv (or
# QUALITY_VENV), and makes it where there is none; --again adds what is missing.
#
# Optuna and what the tasks are made of have to install; a peer that doesn't is left out with a note.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
venv=${QUALITY_VENV:-$here/.venv}
if [ -x "$venv/bin/python" ] && [ "${1-}" != --again ]; then
    echo "$venv/bin/python"
    exit
fi

install() {
    "$venv/bin/pip" install --quiet --only-binary :all: "$@" >&2
}

new=
if [ ! -x "$venv/bin/python" ]; then
    "$here/../tools/need" peers >&2
    python3 -m venv "$venv"
    new=1
fi
install -r "$here/requirements.txt" || {
    [ -z "$new" ] || rm -r "$venv"
    exit 1
}
# Source distributions are all there is of these two; they are Python alone.
install --no-binary smac,pynisher -r "$here/requirements-smac.txt" ||
    echo "bench/setup.sh: without SMAC" >&2
install --no-deps -r "$here/requirements-hebo.txt" ||
    echo "bench/setup.sh: without HEBO" >&2
echo "$venv/bin/python"
