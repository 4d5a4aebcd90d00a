#!/bin/sh
# bench/run.sh [overhead|listing|points|store|searcher|numerics ...]: the figures of bench/README.md; without
# a word those with a target: overhead, listing, points. TRAWL_BUILD names the build folder (build).
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

build trawl trawl-supervisor bench/one bench/points bench/stopwatch
uptime
for word in "$@"; do
    case "$word" in
    overhead | listing | points) python3 "bench/$word.py" ;;
    store | searcher | numerics)
        build "bench/bench_$word"
        (cd "$TRAWL_BUILD" && "bench/bench_$word")
        ;;
    *)
        echo "usage: bench/run.sh [overhead|listing|points|store|searcher|numerics ...]" >&2
        exit 2
        ;;
    esac
done
