"""A played scenario and what follows from it for the decision."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sim.cea import IncrementalRow, Status, fieller, incremental_analysis
from sim.cohort import Cohort
from sim.outcomes import Outcomes
from sim.parameters import unread, values_at
from sim.runs.detect import PROBED_AT, Finding, identical, kept, odd_units, silent
from sim.runs.job import EngineName
from sim.scenario import Scenario, quantities
from sim.scenario.calibration import NUISANCE

if TYPE_CHECKING:
    from sim.figures import FigureSet


PROBED_FROM = 20_000
"""Patients from which a run also tries whether each uncertain quantity is read and moves something: two seconds."""


@dataclass(frozen=True)
class RunResult:
    """A played scenario and what follows from it for the decision.

    Attributes:
        scenario: What was played.
        outcomes: Means and standard errors.
        patients: Patients under each strategy.
        seed: Root of the luck.
        engine: Which engine played.
        cohort: The real patients; None if all were drawn.
        target_mcse: The standard error asked for; None if the number of patients was.
    """

    scenario: Scenario
    outcomes: Outcomes
    patients: int
    seed: int
    engine: EngineName
    cohort: Cohort | None = None
    target_mcse: float | None = None

    @cached_property
    def incremental(self) -> tuple[IncrementalRow, ...]:
        """Full incremental analysis, by rising cost."""
        outcomes = self.outcomes
        return incremental_analysis(outcomes.strategies, outcomes.mean("cost"), outcomes.mean("qaly"))

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What looks right and is not, see `sim.runs.detect`.

        Whether each uncertain quantity is read and moves something is tried from `PROBED_FROM` patients on.
        Cost items that do not add up are not among it: `Outcomes` refuses them with a `SimulationError`.
        """
        names, outcomes = self.outcomes.strategies, self.outcomes
        probe = self.patients >= PROBED_FROM
        uncertain = {
            path: quantity
            for path, quantity, _ in quantities(self.scenario)
            if quantity.is_uncertain and not path.startswith((NUISANCE, "voi."))
        }
        return (
            *silent(
                self.scenario,
                tuple(uncertain),
                unread(self.scenario) if probe else (),
                lambda path: values_at(self.scenario, path, uncertain[path], PROBED_AT),
                self.seed,
                self.cohort.join if self.cohort else lambda model: model,
                probe=probe,
            ),
            *kept(self.scenario),
            *(odd_units(self.cohort) if self.cohort else ()),
            *identical(names, np.stack([outcomes.mean("cost"), outcomes.mean("qaly")]), "the patients' means give"),
        )

    @cached_property
    def figures(self) -> FigureSet:
        """Figures of this run, e.g. `figures.ce_plane(wtp=50_000)`; `figures.names` lists them."""
        # Plotly is loaded by the first who asks for a figure.
        from sim.figures import FigureSet, Setting
        from sim.runs.look import scenario_look

        return FigureSet(
            {
                "outcomes": self.outcomes.frame(),
                "incremental": self.table(),
                "increments": self.increments(),
                "cumulative_incidence": self.outcomes.incidence_frame(),
            },
            Setting.of(scenario_look(self.scenario), self.scenario.analysis.wtp_per_qaly),
        )

    def increments(self) -> pd.DataFrame:
        """Every strategy against every other.

        Columns: strategy, comparator, delta_cost, delta_cost_mcse, delta_qaly, delta_qaly_mcse and covariance, that
        of the two mean differences.
        """
        outcomes, names = self.outcomes, self.outcomes.strategies
        rows = []
        for s, c in permutations(range(len(names)), 2):
            delta_cost, cost_mcse = outcomes.difference("cost", s, c)
            delta_qaly, qaly_mcse = outcomes.difference("qaly", s, c)
            rows.append((names[s], names[c], delta_cost, cost_mcse, delta_qaly, qaly_mcse, outcomes.covariance(s, c)))
        deltas = ["delta_cost", "delta_cost_mcse", "delta_qaly", "delta_qaly_mcse"]
        return pd.DataFrame(rows, columns=["strategy", "comparator", *deltas, "covariance"])

    def table(self) -> pd.DataFrame:
        """The incremental table, one row a strategy by rising cost, with Monte Carlo standard errors.

        Deltas and INMB are against the row's comparator (see `sim.cea.IncrementalRow`); their standard errors are
        those of the paired differences. `icer_low` and `icer_high` are Fieller's 95 % limits of the ICER's Monte
        Carlo error, read as `icer_shape` says (`sim.cea.SetShape`). INMB columns are named `inmb_<wtp>`.
        """
        outcomes, names = self.outcomes, self.outcomes.strategies
        rows = []
        for row in self.incremental:
            s = names.index(row.strategy)
            c = s if row.comparator is None else names.index(row.comparator)
            line: dict[str, object] = {
                "strategy": row.strategy,
                "label": self.scenario.strategies[row.strategy].label,
                "cost": row.cost,
                "cost_mcse": outcomes.mcse("cost")[s],
                "qaly": row.qaly,
                "qaly_mcse": outcomes.mcse("qaly")[s],
                "comparator": row.comparator,
                "delta_cost": row.delta_cost,
                "delta_cost_mcse": None if row.comparator is None else outcomes.difference("cost", s, c)[1],
                "delta_qaly": row.delta_qaly,
                "delta_qaly_mcse": None if row.comparator is None else outcomes.difference("qaly", s, c)[1],
                "icer": row.icer,
                **self._icer_limits(row, s, c),
                "status": str(row.status),
            }
            for wtp in self.scenario.analysis.wtp_per_qaly:
                inmb, mcse = outcomes.inmb(wtp, s, c)
                line |= {f"inmb_{wtp:g}": inmb, f"inmb_{wtp:g}_mcse": mcse}
            rows.append(line)
        return pd.DataFrame(rows)

    def _icer_limits(self, row: IncrementalRow, s: int, c: int) -> dict[str, object]:
        if row.icer is None:
            return {"icer_low": None, "icer_high": None, "icer_shape": None}
        (delta_cost, se_cost), (delta_qaly, se_qaly) = (self.outcomes.difference(k, s, c) for k in ("cost", "qaly"))
        limits = fieller(
            delta_cost,
            delta_qaly,
            variance_numerator=se_cost**2,
            variance_denominator=se_qaly**2,
            covariance=self.outcomes.covariance(s, c),
        )
        return {"icer_low": limits.low, "icer_high": limits.high, "icer_shape": limits.shape.value}

    def common_luck(self) -> pd.DataFrame:
        """What playing the same luck under every strategy gains, for every outcome.

        Columns: component, strategy, comparator (the cheapest undominated strategy), sd_paired (standard deviation
        of one patient's difference), sd_independent (what it would be with luck of its own in each arm), ratio of
        the two (blank where nothing varies). Independent arms need 1 / ratio squared times the patients for the same
        precision.
        """
        outcomes, names = self.outcomes, self.outcomes.strategies
        reference = next(row.strategy for row in self.incremental if row.status is Status.REFERENCE)
        c, root_n = names.index(reference), math.sqrt(self.patients)
        rows = []
        for component in outcomes.components:
            alone = outcomes.mcse(component) * root_n
            for s, name in enumerate(names):
                if s != c:
                    paired = outcomes.difference(component, s, c)[1] * root_n
                    independent = math.hypot(alone[s], alone[c])
                    ratio = paired / independent if independent > 0 else np.nan
                    rows.append((component, name, reference, paired, independent, ratio))
        columns = ["component", "strategy", "comparator", "sd_paired", "sd_independent", "ratio"]
        return pd.DataFrame(rows, columns=columns)

    def efficiency(self) -> pd.DataFrame:
        """What averting takes: every other strategy against the cheapest undominated one.

        Number needed to treat is patients under the strategy for one serious infection averted; the cost per serious
        infection averted is the ratio of mean differences; both are blank where nothing is averted. Grams per
        patient-year are mean grams over mean life-years.
        """
        outcomes, names = self.outcomes, self.outcomes.strategies
        reference = next(row.strategy for row in self.incremental if row.status is Status.REFERENCE)
        c = names.index(reference)
        rows = []
        for s, name in enumerate(names):
            if s == c:
                continue
            serious, serious_mcse = outcomes.difference("infections_grade_3plus", s, c)
            deaths, deaths_mcse = outcomes.difference("infection_death", s, c)
            delta_cost, _ = outcomes.difference("cost", s, c)
            averts = serious < 0
            years = float(outcomes.mean("life_years")[s])
            rows.append(
                {
                    "strategy": name,
                    "comparator": reference,
                    "serious_averted": -serious,
                    "serious_averted_mcse": serious_mcse,
                    "number_needed_to_treat": -1 / serious if averts else np.nan,
                    "cost_per_serious_averted": -delta_cost / serious if averts else np.nan,
                    "deaths_averted": -deaths,
                    "deaths_averted_mcse": deaths_mcse,
                    "grams_per_patient_year": float(outcomes.mean("ig_grams")[s]) / years if years > 0 else np.nan,
                }
            )
        return pd.DataFrame(rows)
