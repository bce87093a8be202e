"""Sensitivity analysis: what the answer depends on, and where it turns.

Every analysis plays the same patients with the same luck, so differences between its runs are paired.

    tornado             every uncertain quantity at both its bounds
    thresholds          the value at which the best strategy changes, by search
    price_thresholds    the same for a price, exactly, from costs by item
    sweep               a design over any paths; sobol_sweep with Sobol indices
    compare             several scenarios side by side, with weights for model averaging
"""

from sim.sensitivity.changes import Uncertain, changed, uncertain
from sim.sensitivity.comparison import Comparison, ModelAveraging, average, compare
from sim.sensitivity.design import Axis, parse_axes, points
from sim.sensitivity.indices import saltelli, sobol_indices, sobol_sweep
from sim.sensitivity.one_way import Tornado, tornado
from sim.sensitivity.outcome import Outcome
from sim.sensitivity.price import PriceThresholds, best_by_price, price_threshold, price_thresholds
from sim.sensitivity.subgroups import subgroups
from sim.sensitivity.sweeps import Sweep, SweepJob, sweep
from sim.sensitivity.threshold import Switch, Thresholds, find_switches, thresholds

__all__ = [
    "Axis",
    "Comparison",
    "ModelAveraging",
    "Outcome",
    "PriceThresholds",
    "Sweep",
    "SweepJob",
    "Switch",
    "Thresholds",
    "Tornado",
    "Uncertain",
    "average",
    "best_by_price",
    "changed",
    "compare",
    "find_switches",
    "parse_axes",
    "points",
    "price_threshold",
    "price_thresholds",
    "saltelli",
    "sobol_indices",
    "sobol_sweep",
    "subgroups",
    "sweep",
    "thresholds",
    "tornado",
    "uncertain",
]
