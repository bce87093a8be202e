"""Two engines for one model: `numpy_engine` is fast, `simpy_engine` is readable; their logs are equal."""
