"""What entries move where no infection changes the chance of another: one cause, one grade, no life or treatment."""

from __future__ import annotations

from typing import Any

from tests.walkthrough.changes import only_carriers
from tests.walkthrough.entries import times
from tests.walkthrough.expectation import EVERYWHERE, Expectation, Scope
from tests.walkthrough.selections import (
    GIVE_IG,
    LISTING,
    ON_TARGET,
    REGIMEN,
    RESPONDERS,
    STANDARD,
    STRUCK,
    STRUCK_ON_TARGET,
    TAKING,
    TOCILIZUMAB,
)

_ILL = (
    "MONEY",
    "HEALTH",
    "infections_any",
    "infection_free_months",
    "serious_infection_free_months",
    "infection_hospital_days",
    "hospital_days",
    "months_held",
    "cost:bispecific",
    "cost:antimicrobials",
    "preemptive_courses:*",
    "viraemias_found:*",
)
_BOTH_GRADES = (
    "infections_grade_1_2",
    "infections_grade_3plus",
    "cost:infections_grade_1_2",
    "cost:infections_grade_3plus",
)


def _ill(must: str, *may: str, **more: Any) -> Expectation:
    under = more.pop("under", EVERYWHERE)
    return Expectation((Scope((must, "infections_any", "MONEY", "HEALTH"), (*_ILL, *may), under),), **more)


_ALL_CAUSES = ("infections:*", *_BOTH_GRADES)
_ONE_CAUSE = ("infections:{cause}:*", *_BOTH_GRADES)
_ONE_GRADE = ("infections_{grade}", "cost:infections_{grade}")

WITHOUT_FEEDBACK: dict[str, Expectation] = {
    "patients.frailty_variance": _ill("infections:*", *_ALL_CAUSES, "vulnerable_infections"),
    "patients.serostatus.cmv": _ill(
        "infections:cmv:*", "antimicrobial_months:cmv_pcr", "infections:cmv:*", *_BOTH_GRADES, "vulnerable_infections"
    ),
    "patients.responder_proportion": _ill("infections:*", *_ALL_CAUSES, "vulnerable_infections", among=RESPONDERS),
    "targets.{target}.hazard_periods.{n}.multiplier": _ill(
        "infections:*", *_ALL_CAUSES, "vulnerable_infections", among=ON_TARGET
    ),
    "treatment.reduced_frequency.infection_multiplier": _ill(
        "infections:*", *_ALL_CAUSES, "vulnerable_infections", among=RESPONDERS
    ),
    "tocilizumab.infection_multiplier": _ill("infections:*", *_ALL_CAUSES, under=TOCILIZUMAB),
    "tocilizumab.infection_months": _ill("infections:*", *_ALL_CAUSES, under=TOCILIZUMAB),
    "infections.off_treatment_multiplier": Expectation(
        (
            Scope(
                ("infections_any", "MONEY", "HEALTH"),
                (
                    *_ALL_CAUSES,
                    "infection_free_months",
                    "serious_infection_free_months",
                    "infection_hospital_days",
                    "hospital_days",
                    "cost:antimicrobials",
                    "preemptive_courses:*",
                    "viraemias_found:*",
                ),
            ),
        ),
        note="after the bispecific has ended nothing is held and no window is open",
    ),
    "infections.causes.{cause}.only_in": _ill(
        "infections:{cause}:*", *_ONE_CAUSE, "vulnerable_infections", to=only_carriers
    ),
    "infections.causes.{cause}.rate_per_month.{target}.{grade}": _ill(
        "infections:{cause}:{grade}", *_ONE_CAUSE, "vulnerable_infections", among=STRUCK_ON_TARGET
    ),
    "immunoglobulin.onset_lag_days": _ill("infections:*", *_ALL_CAUSES, under=STANDARD, to=times(3)),
    "immunoglobulin.protection_days": _ill("infections:*", *_ALL_CAUSES, under=STANDARD),
    "immunoglobulin.benefit_below_igg_mg_dl": _ill("infections:*", *_ALL_CAUSES, under=GIVE_IG),
    "immunoglobulin.hr.{grade}": _ill("infections:*:{grade}", *_ONE_GRADE, under=GIVE_IG),
    "immunoglobulin.hr_by_cause.{cause}.{grade}": _ill(
        "infections:{cause}:{grade}", *_ONE_GRADE, under=GIVE_IG, among=STRUCK
    ),
    "regimens.{regimen}.onset_lag_days": _ill("infections:*", *_ALL_CAUSES, under=REGIMEN, to=times(3)),
    "regimens.{regimen}.protection_days": _ill("infections:*", *_ALL_CAUSES, under=REGIMEN),
    "antimicrobials.{drug}.hr.{cause}.{grade}": _ill(
        "infections:{cause}:{grade}", *_ONE_GRADE, "vulnerable_infections", under=LISTING, among=TAKING
    ),
}
"""The same where no infection can change the chance of another: one cause, one grade, nobody's life or treatment."""
