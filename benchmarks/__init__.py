"""How fast igsim is, next to other programs on the same work: `python -m benchmarks`."""
