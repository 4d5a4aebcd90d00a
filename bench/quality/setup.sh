#!/bin/sh
# bench/quality/setup.sh: the benchmark's own Python environment, in .venv (or QUALITY_VENV).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
venv=${QUALITY_VENV:-$here/.venv}
[ -d "$venv" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --only-binary :all: -r "$here/requirements.txt"
echo "$venv"
