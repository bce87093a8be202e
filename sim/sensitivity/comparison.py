"""Several scenarios on the same patients and luck, and what it is worth to know which of them is right.

Structural uncertainty as in Bojke et al. (2009, Value Health 12:739) and Jackson et al. (2011, Med Decis Making
31:662): models get weights, the decision follows the weighted mean net benefit, and its expected loss is the value of
knowing which model is right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sim.cea import incremental_analysis
from sim.errors import Problem, UsageError
from sim.model.parts import Floats
from sim.scenario import Scenario
from sim.sensitivity.played import mean_mcse, net_benefit, patient_values, runner_up, settled
from sim.work import Progress

COMPARED = (
    "cost",
    "qaly",
    "life_years",
    "infections_any",
    "infections_grade_3plus",
    "infection_death",
    "hospital_days",
    "ig_ever",
    "ig_grams",
)
"""Components whose differences between scenarios are given."""
WEIGHTS_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Comparison:
    """Scenarios side by side.

    Attributes:
        names: Names of the scenarios.
        strategies: Names of the strategies, the same in all.
        incremental: scenario, strategy, cost, cost_mcse, qaly, qaly_mcse, comparator, delta_cost, delta_cost_mcse,
            delta_qaly, delta_qaly_mcse, icer, status: one incremental analysis a scenario.
        decisions: scenario, wtp, best, second, margin, margin_mcse.
        differences: scenario, against, strategy, component, mean, mcse: every scenario against the first, paired.
        averaging: The weighted decision, None without weights; see `ModelAveraging`.
        patients: Patients under each strategy.
        seed: Root of the luck.
    """

    names: tuple[str, ...]
    strategies: tuple[str, ...]
    incremental: pd.DataFrame
    decisions: pd.DataFrame
    differences: pd.DataFrame
    averaging: ModelAveraging | None
    patients: int
    seed: int


@dataclass(frozen=True)
class ModelAveraging:
    """A decision over several models with weights.

    Attributes:
        weights: Weight of each model, adding up to 1.
        strategies: strategy, cost, cost_mcse, qaly, qaly_mcse: weighted means.
        decisions: wtp, best, nmb, evpi, evpi_mcse: the strategy of highest weighted mean net benefit, and the
            expected value per patient of knowing which model is right.
        losses: wtp, decided_by, best, expected_loss, expected_loss_mcse, worst_loss, worst_model: what is lost, on
            average over the models and at worst, by taking the best strategy of one model; "average" is that of all.
    """

    weights: tuple[float, ...]
    strategies: pd.DataFrame
    decisions: pd.DataFrame
    losses: pd.DataFrame


def compare(
    scenarios: Mapping[str, Scenario],
    *,
    weights: Sequence[float] | None = None,
    wtps: Sequence[float] | None = None,
    patients: int | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Play several scenarios on the same patients and luck.

    Args:
        scenarios: Name to scenario, two or more, with the same strategies and currency.
        weights: Weight of each, not negative, adding up to 1; None for no averaging.
        wtps: Willingness to pay per QALY; None takes the first scenario's.
        patients: Patients under each strategy; None takes the first scenario's number.
        seed: Root of the luck; None takes the first scenario's.
        progress: Called with scenarios done and scenarios in all.

    Raises:
        UsageError: There are fewer than two, their strategies or currencies differ, or the weights cannot be used.
    """
    names = tuple(scenarios)
    _check(scenarios, weights)
    first = scenarios[names[0]]
    strategies = first.strategy_names
    n, root = settled(first, patients, seed)
    thresholds = tuple(float(wtp) for wtp in wtps or first.analysis.wtp_per_qaly)
    played = {}
    for done, (name, scenario) in enumerate(scenarios.items(), start=1):
        values = patient_values(scenario, n, root, COMPARED)
        played[name] = _in_order(values, scenario.strategy_names, strategies)
        if progress:
            progress(done, len(scenarios))
    return Comparison(
        names=names,
        strategies=strategies,
        incremental=pd.DataFrame(row for name in names for row in _incremental(name, played[name], strategies)),
        decisions=pd.DataFrame(
            {"scenario": name} | _decision(played[name], strategies, wtp) for name in names for wtp in thresholds
        ),
        differences=pd.DataFrame(
            row for name in names[1:] for row in _differences(played, name, names[0], strategies)
        ),
        averaging=average(played, strategies, weights, thresholds) if weights else None,
        patients=n,
        seed=root,
    )


def _check(scenarios: Mapping[str, Scenario], weights: Sequence[float] | None) -> None:
    problems = []
    if len(scenarios) < 2:
        problems.append(Problem("scenarios", str(len(scenarios)), "must be two or more"))
    first_name, first = next(iter(scenarios.items()))
    for name, scenario in scenarios.items():
        missing = [s for s in first.strategy_names if s not in scenario.strategy_names]
        extra = [s for s in scenario.strategy_names if s not in first.strategy_names]
        if missing or extra:
            found = "; ".join(
                f"{word} {', '.join(listed)}" for word, listed in (("without", missing), ("with", extra)) if listed
            )
            common = [s for s in first.strategy_names if s not in missing]
            setting = f"--set 'analysis.strategies={json.dumps(common)}'"
            hint = f" (what they share: {setting})" if len(common) > 1 else ""
            problems.append(Problem(name, found, f"must have the strategies of {first_name}{hint}"))
        if scenario.analysis.currency != first.analysis.currency:
            allowed = f"must be {first.analysis.currency}, the currency of {first_name}"
            problems.append(Problem(f"{name}: analysis.currency", scenario.analysis.currency, allowed))
    if weights is not None:
        found = ", ".join(f"{weight:g}" for weight in weights)
        if len(weights) != len(scenarios):
            problems.append(Problem("--weights", found, f"must be {len(scenarios)} numbers, one for each scenario"))
        elif not all(weight >= 0 for weight in weights) or not abs(sum(weights) - 1) <= WEIGHTS_TOLERANCE:
            problems.append(Problem("--weights", found, "must be from 0 and add up to 1"))
    if problems:
        raise UsageError("these scenarios cannot be compared", problems)


def _in_order(values: dict[str, Floats], own: tuple[str, ...], wanted: tuple[str, ...]) -> dict[str, Floats]:
    order = [own.index(name) for name in wanted]
    return {component: value[order] for component, value in values.items()}


def _incremental(name: str, values: dict[str, Floats], strategies: tuple[str, ...]) -> list[dict[str, object]]:
    (cost, cost_mcse), (qaly, qaly_mcse) = mean_mcse(values["cost"]), mean_mcse(values["qaly"])
    rows = []
    for row in incremental_analysis(strategies, cost, qaly):
        s = strategies.index(row.strategy)
        line: dict[str, object] = {
            "scenario": name,
            "strategy": row.strategy,
            "cost": row.cost,
            "cost_mcse": float(cost_mcse[s]),
            "qaly": row.qaly,
            "qaly_mcse": float(qaly_mcse[s]),
            "comparator": row.comparator,
        }
        for component in ("cost", "qaly"):
            delta: tuple[float | None, float | None] = (None, None)
            if row.comparator is not None:
                each = values[component][s] - values[component][strategies.index(row.comparator)]
                mean, mcse = mean_mcse(each)
                delta = float(mean), float(mcse)
            line |= {f"delta_{component}": delta[0], f"delta_{component}_mcse": delta[1]}
        rows.append({**line, "icer": row.icer, "status": str(row.status)})
    return rows


def _decision(values: dict[str, Floats], strategies: tuple[str, ...], wtp: float) -> dict[str, object]:
    benefit = net_benefit(values, wtp)
    best, second = runner_up(benefit.mean(axis=1))
    margin, mcse = mean_mcse(benefit[best] - benefit[second])
    return {
        "wtp": wtp,
        "best": strategies[best],
        "second": strategies[second],
        "margin": float(margin),
        "margin_mcse": float(mcse),
    }


def _differences(
    played: Mapping[str, dict[str, Floats]], name: str, against: str, strategies: tuple[str, ...]
) -> list[dict[str, object]]:
    rows = []
    for component in COMPARED:
        mean, mcse = mean_mcse(played[name][component] - played[against][component])
        rows += [
            {"scenario": name, "against": against, "strategy": strategy, "component": component, "mean": m, "mcse": e}
            for strategy, m, e in zip(strategies, mean.tolist(), mcse.tolist(), strict=True)
        ]
    return rows


def average(
    played: Mapping[str, dict[str, Floats]],
    strategies: tuple[str, ...],
    weights: Sequence[float],
    wtps: Sequence[float],
) -> ModelAveraging:
    """Decide over several models.

    Standard errors are those of paired patients and take the strategies chosen as given.

    Args:
        played: Model to components of every patient, each (n_strategies, n_patients), `cost` and `qaly` among them.
        strategies: Names of the first axis.
        weights: Weight of each model, adding up to 1.
        wtps: Willingness to pay per QALY.

    Returns:
        Weighted means, decisions with the value of knowing the model, and losses.
    """
    names = list(played)
    mixed = {
        component: _weighted([played[name][component] for name in names], weights) for component in ("cost", "qaly")
    }
    (cost, cost_mcse), (qaly, qaly_mcse) = mean_mcse(mixed["cost"]), mean_mcse(mixed["qaly"])
    table = pd.DataFrame(
        {"strategy": strategies, "cost": cost, "cost_mcse": cost_mcse, "qaly": qaly, "qaly_mcse": qaly_mcse}
    )
    decisions, losses = [], []
    for wtp in wtps:
        benefit = {name: net_benefit(played[name], wtp) for name in names}
        mean = {name: each.mean(axis=1) for name, each in benefit.items()}
        best = {name: int(np.argmax(each)) for name, each in mean.items()}
        overall = net_benefit(mixed, wtp).mean(axis=1)
        chosen = int(np.argmax(overall))
        for model, s in [*best.items(), ("average", chosen)]:
            # What each patient loses under each model by not being treated as that model would have it.
            lost = {name: benefit[name][best[name]] - benefit[name][s] for name in names}
            loss, mcse = mean_mcse(_weighted([*lost.values()], weights))
            worst = max(names, key=lambda name: float(mean[name][best[name]] - mean[name][s]))
            losses.append(
                {
                    "wtp": wtp,
                    "decided_by": model,
                    "best": strategies[s],
                    "expected_loss": float(loss),
                    "expected_loss_mcse": float(mcse),
                    "worst_loss": float(mean[worst][best[worst]] - mean[worst][s]),
                    "worst_model": worst,
                }
            )
        decisions.append(
            {
                "wtp": wtp,
                "best": strategies[chosen],
                "nmb": float(overall[chosen]),
                "evpi": losses[-1]["expected_loss"],
                "evpi_mcse": losses[-1]["expected_loss_mcse"],
            }
        )
    return ModelAveraging(tuple(weights), table, pd.DataFrame(decisions), pd.DataFrame(losses))


def _weighted(values: Sequence[Floats], weights: Sequence[float]) -> Floats:
    """Weighted mean over models of what each has for every patient."""
    total: Floats = sum((w * each for w, each in zip(weights, values, strict=True)), start=np.zeros(1))
    return total
