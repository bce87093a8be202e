"""The infusion programme: patients who compete for chairs and immunoglobulin. Start with `run_capacity`.

    compiled     the programme of a scenario, in months and indices
    job          one replication: every way of running it on the same arrivals and luck, and without limits
    attribution  who fell ill or died of the limits, patient by patient
    measures     waiting, utilisation, supply; outlay: spend by year
    sizing       the fewest chairs and the smallest quota that suffice
    result       means over replications with intervals
    arrivals     starts from a file

The events themselves are played by `sim.engines.programme`.
"""

from sim.capacity.arrivals import Starts, read_starts
from sim.capacity.result import CapacityResult
from sim.capacity.run import run_capacity

__all__ = ["CapacityResult", "Starts", "read_starts", "run_capacity"]
