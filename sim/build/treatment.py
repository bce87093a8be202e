"""What is given against the myeloma, and what its start brings: targets, agents, exits, CRS and ICANS."""

from __future__ import annotations

import numpy as np

from sim.build.numbers import grades, qalys
from sim.model import parts as m
from sim.scenario import Scenario, drugs, life_table


def target_of(name: str, target: drugs.Target) -> m.Target:
    """One target; without recovery it never starts."""
    return m.Target(
        name=name,
        suppressed_fraction=target.suppressed_fraction.value,
        recovery_start=target.recovery_start_months.value if target.recovered_fraction.value > 0 else np.inf,
        recovered_fraction=target.recovered_fraction.value,
        therapeutic_antibody_mg_dl=target.therapeutic_antibody_mg_dl.value,
        period_starts=tuple(period.from_month for period in target.hazard_periods),
        period_multipliers=tuple(period.multiplier.value for period in target.hazard_periods),
    )


def agent_of(name: str, agent: drugs.Agent, targets: list[str], scenario: Scenario) -> m.Agent:
    """One agent; free where the drug is not counted."""
    is_counted = scenario.treatment.include_drug_cost
    return m.Agent(
        name=name,
        target=targets.index(agent.target),
        stop_rate=agent.stop_rate_per_month.value,
        drug_cost_per_month=agent.drug_cost_per_month.value if is_counted else 0.0,
        step_up=tuple(
            m.StepUpDose(dose.day / m.DAYS_PER_MONTH, dose.dose, dose.hospital_hours.value / m.HOURS_PER_DAY)
            for dose in agent.step_up
        ),
        crs=grades(agent.crs) if agent.crs else (0.0, 0.0),
        icans=grades(agent.icans) if agent.icans else (0.0, 0.0),
    )


def treatment_of(treatment: drugs.Treatment) -> m.Treatment:
    """Exits that no strategy causes, and prices that no agent changes."""
    reduced = treatment.reduced_frequency
    return m.Treatment(
        death_rate_on=treatment.death_rate_per_month.on_treatment.value,
        death_rate_off=treatment.death_rate_per_month.off_treatment.value,
        end_of_life_cost=treatment.end_of_life_cost.value,
        hospital_day_cost=treatment.hospital_day_cost.value,
        reduced_from=reduced.from_month.value if reduced else np.inf,
        reduced_infection_multiplier=reduced.infection_multiplier.value if reduced else 1.0,
        reduced_drug_multiplier=reduced.drug_cost_multiplier.value if reduced else 1.0,
        life_table=_life_table(treatment.life_table),
    )


def _life_table(stated: life_table.LifeTable | None) -> m.LifeTable | None:
    if stated is None:
        return None
    _, male, female = np.array(stated.annual_probability).T
    yearly = -np.log1p(-np.stack([female, male]))
    return m.LifeTable(stated.first_age, yearly * stated.hazard_multiplier.value / m.MONTHS_PER_YEAR)


def toxicity_of(toxicity: drugs.AcuteToxicity | None) -> m.Toxicity:
    """CRS or ICANS; nothing where the scenario has none."""
    if toxicity is None:
        return m.Toxicity()
    decrement, days = toxicity.utility_decrement, toxicity.duration_days
    return m.Toxicity(
        cost=grades(toxicity.cost),
        qaly_loss=(
            qalys(decrement.grade_1_2, days.grade_1_2),
            qalys(decrement.grade_3plus, days.grade_3plus),
        ),
        hospital_days=grades(toxicity.hospital_days),
    )


def tocilizumab_of(dose: drugs.Tocilizumab | None) -> m.Tocilizumab:
    """Tocilizumab; without effect where the scenario has none."""
    if dose is None:
        return m.Tocilizumab()
    return m.Tocilizumab(
        crs_multiplier=grades(dose.crs_multiplier),
        icans_multiplier=grades(dose.icans_multiplier),
        cost=dose.cost.value,
        infection_multiplier=dose.infection_multiplier.value,
        infection_months=dose.infection_months.value,
    )
