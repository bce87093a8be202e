"""From drawn values to what each target should show, for many parameter sets at once.

Of a studied cohort: shares of agents, of patients on immunoglobulin from the first dose, antimicrobials for
all. The antimicrobials enter as mean rates: shares of carriers and of the adherent weigh the rates, and what
that spread adds to the frailty is left out. Protection by immunoglobulin is taken as unbroken from its onset to
the end of treatment, which it is where an infusion protects for longer than the interval.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.build import compile_model
from sim.calibrate.curve import cumulative, first_event, still_free
from sim.errors import Problem, UsageError
from sim.model.structure import ClinicalModel
from sim.scenario import IncidenceTarget, ProportionTarget, RateTarget, Scenario, StudiedCohort, quantities

Floats = NDArray[np.float64]
Values = Mapping[str, Floats]
Target = IncidenceTarget | RateTarget | ProportionTarget
GRADES = ("grade_1_2", "grade_3plus")


@dataclass(frozen=True, eq=False)
class Arm:
    """Patients of one target with or without immunoglobulin, at n parameter sets.

    Attributes:
        share: Of the cohort, shape (n,).
        breaks: Months at which hazards change.
        by_cause: Hazards, per month at frailty 1, shape (n_causes, 2, n, n_breaks).
        exit_rates: End of treatment or death without infection, agent by agent, (n_agents, n).
        exit_shares: Of each agent among them, (n_agents,).
    """

    share: Floats
    breaks: tuple[float, ...]
    by_cause: Floats
    exit_rates: Floats
    exit_shares: Floats

    def counted(self, infections: str) -> Floats:
        """Hazard of the infections that count, (n, n_breaks)."""
        which = self.by_cause[:, 1:] if infections == "3plus" else self.by_cause
        return np.asarray(which.sum(axis=(0, 1)), dtype=np.float64)


class Forward:
    """What the targets of a scenario should show at given values of its free quantities.

    Args:
        scenario: A scenario with a calibration.

    Raises:
        UsageError: The scenario has something that the curves leave out.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._base = {path: quantity.value for path, quantity, _ in quantities(scenario)}
        self._causes = tuple(scenario.infections.causes)
        self._known_weights: dict[str, Floats] = {}
        self.model: ClinicalModel = compile_model(scenario)
        ig, problems = scenario.immunoglobulin, []
        if ig.effect != "subject":
            allowed = 'must be "subject": a marginal ratio depends on what is fitted'
            problems.append(Problem("immunoglobulin.effect", ig.effect, allowed))
        if ig.benefit_below_igg_mg_dl is not None:
            allowed = "must be left out: benefit would change with each patient's IgG"
            problems.append(Problem("immunoglobulin.benefit_below_igg_mg_dl", "given", allowed))
        if scenario.treatment.life_table is not None:
            allowed = "must be left out: exits would change with each patient's age"
            problems.append(Problem("treatment.life_table", "given", allowed))
        if problems:
            raise UsageError("the scenario cannot be calibrated", problems)

    def arms(self, name: str, values: Values) -> list[Arm]:
        """The arms of a studied cohort.

        Args:
            name: Of the cohort, in the calibration.
            values: Path to values, each of shape (n,); what is absent has the scenario's value.
        """
        uptake = self._value(f"calibration.cohorts.{name}.ig_uptake", values)
        ratio = np.array([[self._ratio(cause, grade, values) for grade in GRADES] for cause in self._causes])
        return [
            self._arm(name, target, values, taking, on_ig)
            for target in self._targets(name)
            for taking, on_ig in ((1 - uptake, None), (uptake, ratio))
            if np.any(taking > 0)
        ]

    def variance(self, values: Values) -> Floats:
        """Variance of the frailty, (n,)."""
        return self._value("patients.frailty_variance", values)

    def incidence(self, target: IncidenceTarget, values: Values, months: tuple[float, ...] | None = None) -> Floats:
        """Cumulative incidence at the target's months, or others, (n, n_months)."""
        when, v = months or target.months, self.variance(values)
        total = np.zeros((v.size, len(when)))
        for arm in self.arms(target.cohort, values):
            hazard = arm.counted(target.infections)
            if target.exits == "compete":
                curve = first_event(when, arm.breaks, hazard, v, arm.exit_rates, arm.exit_shares)
            else:
                free = still_free(cumulative(np.asarray(when), arm.breaks, hazard), v[:, None])
                curve = arm.exit_shares.sum() * (1 - free)
            total += arm.share[:, None] * curve
        return total

    def rate(self, target: RateTarget, values: Values) -> Floats:
        """Infections per patient-month on treatment, after the onset of immunoglobulin, (n,)."""
        return _mean(self.arms(target.cohort, values), target.infections)

    def on_treatment(self, target: ProportionTarget, values: Values) -> Floats:
        """Proportion alive and on treatment at the target's month, (n,)."""
        v, month = self.variance(values), np.array([target.month])
        ends = np.array([self._ends_treatment(cause, values) for cause in self._causes])[:, :, None]
        total = np.zeros_like(v)
        for arm in self.arms(target.cohort, values):
            removal = (arm.by_cause[:, 1] * ends).sum(axis=0)
            staying = arm.exit_shares @ np.exp(-arm.exit_rates * target.month)
            total += arm.share * staying * still_free(cumulative(month, arm.breaks, removal)[:, 0], v)
        return total

    def totals(self, name: str, values: Values) -> dict[str, Floats]:
        """What the data speak of most directly: rates and exit of a cohort, each (n,)."""
        arms, everybody = self.arms(name, values), np.ones_like(self.variance(values))
        bare = [self._arm(name, target, values, everybody, None) for target in self._targets(name)]
        return {
            "rate of infections without immunoglobulin": _mean(bare, "any"),
            "rate of severe infections without immunoglobulin": _mean(bare, "3plus"),
            "rate of infections as treated": _mean(arms, "any"),
            "rate of leaving treatment without infection": np.asarray(
                sum(arm.exit_shares @ arm.exit_rates for arm in bare), dtype=np.float64
            ),
        }

    def _targets(self, name: str) -> tuple[str, ...]:
        agents = self._cohort(name).agents
        return tuple(dict.fromkeys(self._scenario.agents[agent].target for agent, share in agents.items() if share))

    def _arm(self, name: str, target: str, values: Values, taking: Floats, ratio: Floats | None) -> Arm:
        """Patients of a target; `exit_shares` add up to that target's share of the cohort."""
        agents = {a: s for a, s in self._cohort(name).agents.items() if self._scenario.agents[a].target == target}
        compiled = next(each for each in self.model.targets if each.name == target)
        bare = self._bare(name, target, values)
        onset = self.model.regimens[0].onset_lag
        breaks = tuple(sorted({*compiled.period_starts, *([] if ratio is None else [onset])}))
        pace = [_at(start, compiled.period_starts, compiled.period_multipliers) for start in breaks]
        treated = bare if ratio is None else bare * ratio
        rates = [(bare if start < onset else treated) * factor for start, factor in zip(breaks, pace, strict=True)]
        death = self._value("treatment.death_rate_per_month.on_treatment", values)
        exits = [self._value(f"agents.{agent}.stop_rate_per_month", values) + death for agent in agents]
        return Arm(taking, breaks, np.stack(rates, axis=-1), np.array(exits), np.array(list(agents.values())))

    def _bare(self, name: str, target: str, values: Values) -> Floats:
        """Mean rates among a cohort's patients with their antimicrobials, (n_causes, 2, n)."""
        weights = self._weights(name)
        n = next(iter(values.values())).size
        bare = np.empty((*weights.shape, n))
        for place, cause in enumerate(self._causes):
            for grade in range(len(GRADES)):
                path = f"infections.causes.{cause}.rate_per_month.{target}.{GRADES[grade]}"
                bare[place, grade] = values.get(path, self._base.get(path, 0.0)) * weights[place, grade]
        return bare

    def _weights(self, name: str) -> Floats:
        """What carrying and antimicrobials make of each rate, (n_causes, 2)."""
        if name not in self._known_weights:
            cohort = self._cohort(name)
            self._known_weights[name] = np.array(
                [[self._weight(cause, grade, cohort) for grade in GRADES] for cause in self._causes]
            )
        return self._known_weights[name]

    def _weight(self, cause: str, grade: str, cohort: StudiedCohort) -> float:
        infections, serostatus = self._scenario.infections, self._scenario.patients.serostatus
        carriers = infections.causes[cause].only_in
        left = serostatus[carriers].value if carriers else 1.0
        for name in cohort.antimicrobials:
            drug = self._scenario.antimicrobials[name]
            # Among the carriers whom a cause strikes, all are given what carriers are given.
            everybody = drug.given_to in ("all", carriers)
            given = 1.0 if everybody else serostatus[drug.given_to].value
            ratio = getattr(drug.hr[cause], grade).value if cause in drug.hr else 1.0
            left *= 1 - given * drug.adherence.value * (1 - ratio)
        return left

    def _ratio(self, cause: str, grade: str, values: Values) -> Floats:
        own = f"immunoglobulin.hr_by_cause.{cause}.{grade}"
        return self._value(own if own in self._base else f"immunoglobulin.hr.{grade}", values)

    def _ends_treatment(self, cause: str, values: Values) -> Floats:
        fatality = self._value(f"infections.causes.{cause}.case_fatality.grade_3plus", values)
        return fatality + (1 - fatality) * self._value(
            f"infections.causes.{cause}.stop_probability.grade_3plus", values
        )

    def _value(self, path: str, values: Values) -> Floats:
        if path in values:
            return values[path]
        return np.full(next(iter(values.values())).size, self._base[path])

    def _cohort(self, name: str) -> StudiedCohort:
        calibration = self._scenario.calibration
        if calibration is None:
            raise UsageError("the scenario cannot be calibrated", [Problem("calibration", "", "is missing")])
        return calibration.cohorts[name]


def _at(month: float, starts: tuple[float, ...], multipliers: tuple[float, ...]) -> float:
    return multipliers[int(np.searchsorted(starts, month, side="right")) - 1]


def _mean(arms: list[Arm], infections: str) -> Floats:
    """Mean rate among patients on treatment, immunoglobulin at work."""
    total = sum(arm.share * arm.exit_shares.sum() * arm.counted(infections)[:, -1] for arm in arms)
    return np.asarray(total, dtype=np.float64)
