"""sh bench/run.sh allocation WORD ...: see README.md."""

import sys

from . import curves, workload

WORDS = {"workload": workload.main, "curves": curves.main}

if len(sys.argv) < 2 or sys.argv[1] not in WORDS:
    sys.exit(f"usage: sh bench/run.sh allocation {'|'.join(WORDS)} ...")
WORDS[sys.argv[1]](sys.argv[2:])
