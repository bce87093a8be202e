"""Decision analysis of costs and QALYs, from the simulator or from anyone's table.

It knows nothing of the model or the engines: give it means, or costs and QALYs by iteration.

    read_psa_table(path, where=..., sheet=...)    CSV, Parquet or Excel -> PsaTable
    read_outside_psa(path, effects=..., ...)      the same with parameters, from one file or from three -> OutsidePsa
    PsaTable(strategies, iterations, cost, qaly)  the one thing the analysis reads
    analyse(table, wtp)                           everything, as tidy frames -> PsaAnalysis
    incremental_analysis(strategies, cost, qaly)  means -> frontier, dominance, ICERs
    paired_difference(table, strategy, ...)       one strategy against one comparator
    ceac, ceaf, expected_nmb, expected_loss, evpi one measure at each threshold
    individualised_care(tables, weights, wtp)     one decision for all against one a subgroup
    fieller(numerator, denominator, ...)          confidence set of an ICER
    net_monetary_benefit and its incremental form any arrays
"""

from sim.cea.frontier import (
    IncrementalRow,
    Status,
    incremental_analysis,
    incremental_net_monetary_benefit,
    net_monetary_benefit,
)
from sim.cea.outside import OutsidePsa, read_outside_psa
from sim.cea.panel import PsaTable
from sim.cea.psa import (
    Estimate,
    Evpi,
    PairedDifference,
    PsaAnalysis,
    analyse,
    ceac,
    ceaf,
    evpi,
    expected_loss,
    expected_nmb,
    paired_difference,
)
from sim.cea.ratio import RatioSet, SetShape, fieller
from sim.cea.subgroups import Individualised, individualised_care, read_subgroups
from sim.cea.tables import read_psa_table

__all__ = [
    "Estimate",
    "Evpi",
    "IncrementalRow",
    "Individualised",
    "OutsidePsa",
    "PairedDifference",
    "PsaAnalysis",
    "PsaTable",
    "RatioSet",
    "SetShape",
    "Status",
    "analyse",
    "ceac",
    "ceaf",
    "evpi",
    "expected_loss",
    "expected_nmb",
    "fieller",
    "incremental_analysis",
    "incremental_net_monetary_benefit",
    "individualised_care",
    "net_monetary_benefit",
    "paired_difference",
    "read_outside_psa",
    "read_psa_table",
    "read_subgroups",
]
