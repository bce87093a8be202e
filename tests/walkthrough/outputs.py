"""Outputs by group, and the usual ways of saying which of them an entry moves."""

from __future__ import annotations

from typing import Any

from tests.walkthrough.changes import other_route, reworded
from tests.walkthrough.entries import Change, times
from tests.walkthrough.expectation import EVERYWHERE, Among, Expectation, Scope, Under
from tests.walkthrough.selections import GIVE_IG, WITHOUT_IG

GROUPS: dict[str, tuple[str, ...]] = {
    "MONEY": ("cost", "cost_undiscounted"),
    "HEALTH": ("qaly", "qaly_undiscounted"),
    "VULNERABLE": ("vulnerable_months", "vulnerable_infections"),
    "INFECTIONS": (
        "infections_any",
        "infection_free_months",
        "serious_infection_free_months",
        "infections_grade_1_2",
        "infections_grade_3plus",
        "infections:*",
        "infection_hospital_days",
        "hospital_days",
        "cost:infections_grade_1_2",
        "cost:infections_grade_3plus",
        "preemptive_courses:*",
        "viraemias_found:*",
        "cost:antimicrobials",
    ),
    "AFTER": (
        "MONEY",
        "HEALTH",
        "INFECTIONS",
        "life_years",
        "life_years_discounted",
        "infection_death",
        "other_death",
        "alive_at_horizon",
        "cost:end_of_life",
        "antimicrobial_months:*",
        "ig_ever",
        "ig_months",
        "infusions",
        "ig_grams",
        "ig_reactions",
        "ig_harms",
        "ig_harms:*",
        "cost:immunoglobulin",
        "cost:ig_administration",
        "cost:ig_adverse_events",
    ),
    "HISTORY": (
        "AFTER",
        "VULNERABLE",
        "months_on_treatment",
        "months_held",
        "cost:bispecific",
        "step_up_doses",
        "step_up_hospital_days",
        "cost:step_up_hospital",
        "transfusions",
        "transfusion_delay_days",
        "cost:laboratory",
        "igg_tests",
        "cost:igg_tests",
    ),
    "CRS": ("MONEY", "HEALTH", "cost:crs_icans", "hospital_days", "crs", "crs_grade_3plus"),
    "ICANS": ("MONEY", "HEALTH", "cost:crs_icans", "hospital_days", "icans", "icans_grade_3plus"),
    "STEP_UP": ("MONEY", "cost:step_up_hospital", "step_up_hospital_days", "hospital_days"),
}

GROUP_WORDS = {
    "MONEY": "total cost",
    "HEALTH": "QALYs",
    "VULNERABLE": "vulnerable window",
    "INFECTIONS": "infections",
    "AFTER": "course of events after the bispecific",
    "HISTORY": "course of events",
    "CRS": "cytokine release syndrome",
    "ICANS": "neurotoxicity",
    "STEP_UP": "stay for step-up dosing",
}


def descriptive() -> Expectation:
    """An entry that the simulation does not read."""
    return Expectation(to=reworded, note="descriptive")


def only(*outputs: str, under: Under = EVERYWHERE, **more: Any) -> Expectation:
    """Moves all of these and nothing else."""
    return Expectation((Scope(outputs, under=under),), **more)


def reach(*outputs: str, under: Under = EVERYWHERE, within: str = "HISTORY", **more: Any) -> Expectation:
    """Moves these, and through the course of events anything of a group."""
    return Expectation((Scope(outputs, (within,), under),), **more)


def both(*scopes: Scope, **more: Any) -> Expectation:
    return Expectation(scopes, **more)


def true_igg(among: Among | None = None, to: Change | None = None) -> Expectation:
    """What moves true polyclonal IgG: the vulnerable window, and what depends on IgG in those that give Ig."""
    more: dict[str, Any] = ({"among": among} if among else {}) | ({"to": to} if to else {})
    return both(
        Scope(("VULNERABLE",), under=WITHOUT_IG),
        Scope(("vulnerable_months", "infections_any", "ig_months"), ("HISTORY",), GIVE_IG),
        note="gives Ig an effect or not (benefit_below_igg_mg_dl), and moves tests",
        **more,
    )


DEATHS = ("life_years", "other_death", "months_on_treatment")
IG_LATER = ("ig_months", "cost:immunoglobulin")
PRODUCT = ("MONEY", "cost:immunoglobulin")


def of_a_regimen(prefix: str, under: Under) -> dict[str, Expectation]:
    """The entries that every regimen has."""
    return {
        f"{prefix}.route": Expectation(
            to=other_route, note="descriptive: what a route means is in the other entries"
        ),
        f"{prefix}.dose_g_per_kg": only(
            "ig_grams",
            *PRODUCT,
            under=under,
            note="no effect on infections: hazard ratios belong to a regimen",
        ),
        f"{prefix}.vial_size_g": only("ig_grams", *PRODUCT, under=under),
        f"{prefix}.interval_days": reach("infusions", "ig_grams", "infections_any", under=under),
        f"{prefix}.price_per_gram": only(*PRODUCT, under=under),
        f"{prefix}.administration_cost": only("MONEY", "cost:ig_administration", under=under),
        f"{prefix}.onset_lag_days": reach("infections_any", under=under, to=times(3)),
        f"{prefix}.protection_days": reach("infections_any", under=under),
        f"{prefix}.infusion_utility_decrement": only("HEALTH", under=under),
        f"{prefix}.adherence": reach("infusions", "ig_grams", "infections_any", under=under),
    }


def of_a_toxicity(kind: str) -> dict[str, Expectation]:
    """What one episode does."""
    return {
        f"{kind}.cost.{{grade}}": only("MONEY", "cost:crs_icans"),
        f"{kind}.utility_decrement.{{grade}}": only("HEALTH"),
        f"{kind}.duration_days.{{grade}}": only("HEALTH"),
        f"{kind}.hospital_days.{{grade}}": only("hospital_days", note="their cost is that of the episode"),
    }
