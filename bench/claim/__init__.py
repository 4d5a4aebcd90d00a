"""Developing a model by hand against searching: the benchmark of README.md."""
