#!/bin/sh
# `make demo`: searches the space of this folder, then shows what was found and where to look on.
# May be run again: each run is another search in the same store, and all of them count as evidence.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
trawl=$root/build/trawl

[ -x "$trawl" ] || { echo "demo.sh: there is no $trawl; run make demo" >&2; exit 1; }
cd "$here"
mkdir -p -m 700 .trawl # a store of its own, whatever lies further up
PYTHONPATH=$root/python${PYTHONPATH:+:$PYTHONPATH}
export PYTHONPATH

say() {
    printf '\n== %s\n\n' "$1"
}

say "30 configurations of a classifier of clothes, two at a time (about five minutes)"
status=0
"$trawl" run || status=$?
[ "$status" -eq 0 ] || exit "$status"

say "trawl best"
"$trawl" best

cat <<END

== Look further (in examples/fashion, with PYTHONPATH=../../python)

   ../../build/trawl show              the search: method, baseline, best
   ../../build/trawl trials            every trial, with its configuration
   ../../build/trawl metrics ID        a trial's curve (ID as in trials: 1.7)
   ../../build/trawl logs ID           what it printed
   ../../build/trawl export --csv      everything, for your own tools
   ../../build/trawl run --set search.trials=60     search on

   The program runs by hand as well: /usr/bin/python3 train.py --model=mlp --shift
   What it can be made of stands in trawl.yaml; man -l ../../docs/trawl.1 tells the rest.
END
