#!/bin/sh
# `make bench`: every benchmark there is, one after the other on an otherwise idle machine. Programs
# are bench/*.c (listed in meson.build), scripts bench/*.py. What the figures mean: bench/README.md.
set -eu
cd "$(dirname "$0")/.."

programs=$(ninja -C build -t targets all | sed -n 's|^\(bench/bench_[a-z_]*\): .*|\1|p')
ninja -C build $programs

for program in $programs; do
    printf '\n== %s\n\n' "$program"
    "build/$program"
done
for script in bench/*.py; do
    [ -f "$script" ] || continue
    printf '\n== %s\n\n' "$script"
    TRAWL=${TRAWL:-build/trawl} python3 "$script"
done
