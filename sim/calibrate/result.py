"""Calibrating a scenario: sampling, then tables of what was learnt, what was met, and what was not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.calibrate.fit import Posterior, best_within_reach, predictive_p
from sim.calibrate.forward import Forward
from sim.calibrate.likelihood import Evidence, evidence_of
from sim.calibrate.predict import replicated, simulated_curve
from sim.calibrate.prior import prior_of
from sim.calibrate.sample import Progress, Sample, sample
from sim.errors import Problem, UsageError
from sim.scenario import IncidenceTarget, ProportionTarget, RateTarget, Scenario, quantities
from sim.scenario.calibration import NUISANCE
from sim.scenario.quantity import DIMENSIONLESS
from sim.work import Runner, run_batches

Floats = NDArray[np.float64]

LIMITS = (0.025, 0.5, 0.975)
LEARNT, HARDLY = 0.5, 0.1
"""Share of the prior variance taken away: above the first a parameter is identified, below the second it is not."""

SIMULATED_DRAWS = 200
SIMULATED_PATIENTS = 20_000
CURVE_POINTS = 25


@dataclass(frozen=True, eq=False)
class CalibrationResult:
    """A calibrated scenario.

    Attributes:
        scenario: What was calibrated.
        seed: Of everything random.
        sample: Posterior draws in scores, with diagnostics.
        parameters: Prior and posterior of each free quantity, and of sums of them that data speak of.
        targets: Each observation beside the fit.
        summary: Each target: posterior predictive p, the best that is possible.
        curves: Posterior bands of the curves, month by month.
        check: Exact curves beside simulated ones.
        posterior: Draws, one column a path.
    """

    scenario: Scenario
    seed: int
    sample: Sample
    parameters: pd.DataFrame
    targets: pd.DataFrame
    summary: pd.DataFrame
    curves: pd.DataFrame
    check: pd.DataFrame
    posterior: pd.DataFrame

    @property
    def has_converged(self) -> bool:
        """Whether sampling met its stopping rule."""
        return self.sample.has_converged

    def model_posterior(self) -> pd.DataFrame:
        """The draws of the model's own quantities, to five digits: the table that `dist = "empirical"` reads."""
        own = self.posterior[[path for path in self.posterior.columns if not path.startswith(NUISANCE)]]
        return own.map(lambda value: float(f"{value:.5g}"))

    def as_entries(self, file: str) -> str:
        """Entries for a scenario that takes its free quantities from these draws, each at its posterior mean."""
        units = {path: quantity.unit for path, quantity, _ in quantities(self.scenario)}
        lines = []
        for path, column in self.model_posterior().items():
            unit = f', unit = "{units[str(path)]}"' if units[str(path)] not in DIMENSIONLESS else ""
            source = f"assumption: posterior of {Path(self.scenario.files[0]).name}" if self.scenario.files else ""
            lines.append(
                f'{path} = {{ value = {column.mean():.4g}{unit}, dist = "empirical", draws = "{file}", '
                f'source = "{source}" }}'
            )
        return "\n".join(lines) + "\n"


def calibrate(
    scenario: Scenario,
    seed: int | None = None,
    progress: Progress | None = None,
    runner: Runner = run_batches,
) -> CalibrationResult:
    """Fit a scenario to its targets.

    Args:
        scenario: A scenario with a table [calibration].
        seed: Of starts, proposals and simulated studies; None takes the scenario's.
        progress: Called with rounds of sampling done and rounds at most.
        runner: How simulated studies are worked off; the chains themselves are one process's.

    Raises:
        UsageError: There is nothing to fit, or something that cannot be.
    """
    root = scenario.analysis.seed if seed is None else seed
    if root < 0:
        raise UsageError("this calibration cannot be started", [Problem("seed", str(root), "must be 0 or more")])
    posterior = posterior_of(scenario)
    drawn = sample(posterior.log_density, len(posterior.prior.paths), root, progress)
    assert scenario.calibration is not None
    u = drawn.draws(scenario.calibration.draws)
    values = posterior.prior.values(u)
    before = posterior.prior.values(np.random.default_rng(root).standard_normal((len(u), u.shape[1])))
    summary, targets = _met(scenario, posterior, values, root, runner)
    return CalibrationResult(
        scenario=scenario,
        seed=root,
        sample=drawn,
        parameters=pd.concat(
            [_parameters(posterior, drawn, before, values), _sums(posterior, before, values)], ignore_index=True
        ),
        targets=targets,
        summary=summary,
        curves=_curves(posterior, values),
        check=_check(scenario, posterior, values, root),
        posterior=pd.DataFrame(values),
    )


def posterior_of(scenario: Scenario) -> Posterior:
    """The posterior density of a scenario with a table [calibration].

    Raises:
        UsageError: There is none, or it cannot be fitted.
    """
    if scenario.calibration is None:
        problem = Problem("calibration", "", "is missing; it says what is fitted to what")
        raise UsageError("the scenario cannot be calibrated", [problem])
    forward = Forward(scenario)
    return Posterior(forward, prior_of(scenario, scenario.calibration), evidence_of(forward, scenario.calibration))


def verdict(contraction: float) -> str:
    """What the data say of a parameter, from the share of its prior variance that they take away."""
    if contraction >= LEARNT:
        return "identified"
    return "weakly identified" if contraction >= HARDLY else "not identified: the prior again"


def _limits(values: Floats) -> list[float]:
    return [float(limit) for limit in np.quantile(values, LIMITS)]


def _parameters(
    posterior: Posterior, drawn: Sample, before: dict[str, Floats], values: dict[str, Floats]
) -> pd.DataFrame:
    prior = posterior.prior
    scores = drawn.chains.reshape(-1, len(prior.paths)) @ prior.factor.T
    rows = []
    for place, path in enumerate(prior.paths):
        contraction = 1 - float(scores[:, place].var())
        rows.append(
            {
                "parameter": path,
                "unit": prior.units[place],
                **_named("prior", before[path]),
                **_named("posterior", values[path]),
                "contraction": contraction,
                "verdict": verdict(contraction),
                "r_hat": drawn.r_hat[place],
                "ess_bulk": drawn.ess_bulk[place],
                "ess_tail": drawn.ess_tail[place],
            }
        )
    return pd.DataFrame(rows)


def _named(what: str, values: Floats) -> dict[str, float]:
    low, median, high = _limits(values)
    return {f"{what}_low": low, f"{what}_median": median, f"{what}_high": high}


def _sums(posterior: Posterior, before: dict[str, Floats], values: dict[str, Floats]) -> pd.DataFrame:
    """Rates and exits of each cohort that is fitted: what data identify where its parts are not."""
    rows = []
    for name in dict.fromkeys(each.target.cohort for each in posterior.fitted):
        early, late = (posterior.forward.totals(name, draws) for draws in (before, values))
        for words in early:
            spread = float(np.log(early[words]).var())
            contraction = 1 - float(np.log(late[words]).var()) / spread if spread > 0 else 0.0
            rows.append(
                {
                    "parameter": f"{name}: {words}",
                    "unit": "per month",
                    **_named("prior", early[words]),
                    **_named("posterior", late[words]),
                    "contraction": contraction,
                    "verdict": verdict(contraction),
                }
            )
    return pd.DataFrame(rows)


def _places(each: Evidence) -> tuple[float, ...]:
    match each.target:
        case IncidenceTarget():
            return each.target.months
        case ProportionTarget():
            return (each.target.month,)
    return (np.nan,)


def _met(
    scenario: Scenario, posterior: Posterior, values: dict[str, Floats], seed: int, runner: Runner
) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows, summaries = [], []
    variance = posterior.forward.variance(values)
    for number, each in enumerate(posterior.evidence):
        expected = each.expected(posterior.forward, values)
        rng = np.random.default_rng([seed, number])
        seen = each.replicate(expected, variance, rng)
        best, deviance = best_within_reach(posterior, each, seed)
        simulated, p = _simulated_p(scenario, posterior, each, values, seed, runner)
        low, high = each.interval()
        for place, month in enumerate(_places(each)):
            fit = _limits(expected[:, place])
            predicted = _limits(seen[:, place] if simulated is None else simulated[:, place])
            rows.append(
                {
                    "target": each.name,
                    "kind": each.target.kind,
                    "month": month,
                    "fitted": each.target.fitted,
                    "observed": each.observed[place],
                    "observed_low": low[place],
                    "observed_high": high[place],
                    "fit_low": fit[0],
                    "fit": fit[1],
                    "fit_high": fit[2],
                    "predicted_low": predicted[0],
                    "predicted_high": predicted[2],
                    "best_possible": best[place],
                    "draws_within_a_point": float(np.mean(np.abs(expected[:, place] - each.observed[place]) <= 0.01)),
                    "worth_patients": each.worth[place],
                }
            )
        near = np.all(np.abs(expected - each.observed) <= 0.01, axis=1)
        if isinstance(each.target, RateTarget):
            near = np.abs(expected[:, 0] / each.observed[0] - 1) <= 0.02
        summaries.append(
            {
                "target": each.name,
                "cohort": each.target.cohort,
                "fitted": each.target.fitted,
                "predictive_p": predictive_p(each, expected, variance, seen) if p is None else p,
                "best_deviance": deviance,
                "best_largest_miss": float(np.abs(best - each.observed).max()),
                "draws_that_meet_it": float(near.mean()),
                "source": each.target.source,
            }
        )
    return pd.DataFrame(summaries), pd.DataFrame(rows)


def _simulated_p(
    scenario: Scenario, posterior: Posterior, each: Evidence, values: dict[str, Floats], seed: int, runner: Runner
) -> tuple[Floats | None, float | None]:
    """Simulated studies and the predictive p against them; None for what is no curve."""
    if not isinstance(each.target, IncidenceTarget):
        return None, None
    chosen = np.linspace(0, len(next(iter(values.values()))) - 1, SIMULATED_DRAWS).round().astype(np.int64)
    few = {path: column[chosen] for path, column in values.items()}
    simulated = replicated(scenario, each.name, few, seed, runner)
    expected = each.expected(posterior.forward, few)
    return simulated, predictive_p(each, expected, posterior.forward.variance(few), simulated)


def _curves(posterior: Posterior, values: dict[str, Floats]) -> pd.DataFrame:
    frames = []
    for each in posterior.evidence:
        if isinstance(each.target, IncidenceTarget):
            months = tuple(float(m) for m in np.linspace(0, 1.2 * each.target.months[-1], CURVE_POINTS)[1:])
            curve = posterior.forward.incidence(each.target, values, months)
            low, median, high = np.quantile(curve, LIMITS, axis=0)
            frames.append(
                pd.DataFrame({"target": each.name, "months": months, "low": low, "median": median, "high": high})
            )
    columns = ["target", "months", "low", "median", "high"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def _check(scenario: Scenario, posterior: Posterior, values: dict[str, Floats], seed: int) -> pd.DataFrame:
    """Exact curves at the posterior median beside the simulation of many patients there."""
    middle = {path: float(np.median(column)) for path, column in values.items()}
    rows = []
    for each in posterior.evidence:
        if not isinstance(each.target, IncidenceTarget):
            continue
        compete = each.target.model_copy(update={"exits": "compete"})
        exact = posterior.forward.incidence(compete, {path: np.array([v]) for path, v in middle.items()})[0]
        simulated, error = simulated_curve(scenario, each.target, middle, seed, SIMULATED_PATIENTS)
        for place, month in enumerate(each.target.months):
            z = (simulated[place] - exact[place]) / error[place]
            rows.append((each.name, month, exact[place], simulated[place], error[place], z))
    return pd.DataFrame(rows, columns=["target", "month", "exact", "simulated", "mcse", "z"])
