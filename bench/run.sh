#!/bin/sh
# bench/run.sh [overhead|listing|points|simulate|store|searcher|numerics ...]: the figures of bench/README.md; without
# a word overhead, listing, points. bench/run.sh speed [OPTION ...]: suggestions beside other optimisers'.
# bench/run.sh allocation WORD ...: how training is shared out (bench/allocation/).
# bench/run.sh claim [fashion] [OPTION ...]: developing by hand against searching (bench/claim/).
# TRAWL_BUILD names the build folder (build).
set -eu

cd "$(dirname "$0")/.."
TRAWL_BUILD=${TRAWL_BUILD:-build}
export TRAWL_BUILD PYTHONDONTWRITEBYTECODE=1

[ $# -gt 0 ] || set -- overhead listing points

build() {
    said=$(ninja -C "$TRAWL_BUILD" "$@" 2>&1) || {
        echo "$said" >&2
        exit 1
    }
}

if [ "$1" = speed ]; then
    shift
    build bench/speed
    PEERS_PYTHON=$(sh bench/setup.sh) PYTHONPATH=bench exec python3 -m speed "$@"
fi

if [ "$1" = allocation ] || [ "$1" = claim ]; then
    package=$1
    shift
    build trawl
    PYTHONPATH=bench exec "$(sh bench/setup.sh)" -W ignore -m "$package" "$@"
fi

build trawl trawl-supervisor bench/one bench/points bench/stopwatch
uptime
for word in "$@"; do
    case "$word" in
    overhead | listing | points | simulate) python3 "bench/$word.py" ;;
    store | searcher | numerics)
        build "bench/bench_$word"
        (cd "$TRAWL_BUILD" && "bench/bench_$word")
        ;;
    *)
        echo "usage: bench/run.sh [overhead|listing|points|simulate|store|searcher|numerics ...]" >&2
        echo "       bench/run.sh speed [--help]" >&2
        echo "       bench/run.sh allocation workload|curves" >&2
        echo "       bench/run.sh claim [fashion] [--help]" >&2
        exit 2
        ;;
    esac
done
