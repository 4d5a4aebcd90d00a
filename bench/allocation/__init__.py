"""How training is shared out: the benchmarks of README.md."""
