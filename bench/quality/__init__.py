"""How good are the suggestions: trawl's methods and their peers on the same tasks (README.md)."""
