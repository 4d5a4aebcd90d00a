#!/bin/sh
# "Trains" down the bowl (a - 3)^2 + (b + 1)^2: each step goes a part of the way. A step is a report.
a=0 b=0
for arg; do
    case $arg in --a=*) a=${arg#*=} ;; --b=*) b=${arg#*=} ;; --noise) noise=1 ;; esac
done
for step in $(seq "${TRAWL_STEPS:-5}"); do
    loss=$(awk "BEGIN { print ($a - 3)^2 + ($b + 1)^2 + ${noise:-0} / $step + 5 / $step }")
    if [ -n "$TRAWL_TRIAL" ] && command -v trawl >/dev/null; then
        trawl report --step "$step" loss="$loss" >/dev/null || exit 0  # told to stop or to pause
    else
        echo "step=$step loss=$loss"  # without any tool: the line itself is the report
    fi
done
