"""Value of information, from anyone's draws: is more evidence worth having, on what, and how much of it.

It knows nothing of the model or the engines: give it net benefits by draw and strategy, and what was drawn.

    evppi(net_benefit, parameters, sets)            perfect information on parameters -> Evppi
    evppi_each(net_benefits, ...)                   the same at several thresholds, in less time
    evsi(net_benefit, parameters, design, sizes)    a two-arm trial, by its size -> Evsi
    enbs(values, TrialPlan(...), ...)               what the trial is worth beyond its cost -> EnbsCurve
    evpi_table, population_table, evppi_table, trial_tables(Evidence(...), wtp)   all of it as tidy tables
    population_evpi, population_factor              from one patient to all to come
    PatientGroups                                   the patients behind the draws, whose luck is part of every error
    correlations(net_benefit, parameters)           which parameters move with the net benefit
    TwoArmBinary, TwoArmCount, TwoArmContinuous     designs; any object with the methods of `Trial` will do
"""

from sim.voi.assessment import (
    BEST_COLUMNS,
    EVPI_COLUMNS,
    EVPPI_COLUMNS,
    EVSI_COLUMNS,
    POPULATION_COLUMNS,
    Evidence,
    PlannedTrial,
    Population,
    evpi_table,
    evppi_table,
    population_table,
    trial_tables,
)
from sim.voi.enbs import Enbs, EnbsCurve, TrialPlan, enbs
from sim.voi.evppi import Evppi, SetEstimates, Sharing, evppi, evppi_each
from sim.voi.evsi import Evsi, evsi
from sim.voi.luck import PatientGroups
from sim.voi.population import population_evpi, population_factor
from sim.voi.screening import correlations
from sim.voi.trials import Trial, TwoArmBinary, TwoArmContinuous, TwoArmCount

__all__ = [
    "BEST_COLUMNS",
    "EVPI_COLUMNS",
    "EVPPI_COLUMNS",
    "EVSI_COLUMNS",
    "POPULATION_COLUMNS",
    "Enbs",
    "EnbsCurve",
    "Evidence",
    "Evppi",
    "Evsi",
    "PatientGroups",
    "PlannedTrial",
    "Population",
    "SetEstimates",
    "Sharing",
    "Trial",
    "TrialPlan",
    "TwoArmBinary",
    "TwoArmContinuous",
    "TwoArmCount",
    "correlations",
    "enbs",
    "evpi_table",
    "evppi",
    "evppi_each",
    "evppi_table",
    "evsi",
    "population_evpi",
    "population_factor",
    "population_table",
    "trial_tables",
]
