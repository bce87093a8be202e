"""What every entry of a scenario moves: the declaration that the walk through all entries holds the model to.

A pattern is a path in which {name} stands for one key and ** for several. An output is a component of
`sim.model.accrual`, one with * or {name} in it, or one of `GROUPS`. Written from the rules of the model, not from
what it does.
"""

from __future__ import annotations

from tests.walkthrough.changes import (
    dearer_health,
    move_share,
    only_carriers,
    other_agent,
    other_care,
    other_end,
    other_grade,
    other_group,
    other_kind,
    other_observation,
    other_package,
    other_pair,
    other_regimen,
    other_rule,
    other_spread,
    other_table,
    other_target,
    rename_currency,
    reworded,
    to_others,
    with_m_protein,
    without_last,
)
from tests.walkthrough.entries import put, times
from tests.walkthrough.expectation import Expectation, Scope
from tests.walkthrough.outputs import (
    DEATHS,
    IG_LATER,
    PRODUCT,
    both,
    descriptive,
    of_a_regimen,
    of_a_toxicity,
    only,
    reach,
    true_igg,
)
from tests.walkthrough.programme import of_the_programme
from tests.walkthrough.selections import (
    ASKS_ANTI_CD38,
    ASKS_IGA,
    ASKS_IGG,
    ASKS_IGM,
    ASKS_TESTS,
    CORRELATED,
    EXPOSED,
    GIVE_IG,
    LATER_OR_NEVER,
    LISTING,
    M_PROTEIN,
    NAMED,
    NAMED_WITH_IG,
    ON_AGENT,
    ON_TARGET,
    RECORRELATED,
    REGIMEN,
    RESPONDERS,
    SEROSTATUS,
    STANDARD,
    STRUCK,
    TAKING,
    TESTED,
    TOCILIZUMAB,
    others,
)
from tests.walkthrough.trials import of_the_trials

MARGINAL = "read where the effect is marginal, as is all by which patients of a cohort differ"
FITTED = "read by `igsim calibrate` alone"

DECLARED: dict[str, Expectation] = {
    "format": Expectation(to=put(2), refused=True, note="the only version"),
    "title": descriptive(),
    "description": descriptive(),
    "analysis.country": descriptive(),
    "analysis.perspective": descriptive(),
    "analysis.currency": Expectation(to=rename_currency, note="names the unit of every price; nothing is converted"),
    "analysis.price_year": Expectation(note="descriptive; nothing is inflated"),
    "analysis.horizon_months": reach(
        "MONEY", "HEALTH", "life_years", "alive_at_horizon", "infections_any", to=times(0.8)
    ),
    "analysis.discount_rate_costs_per_year": only(
        "cost",
        "cost:immunoglobulin",
        "cost:ig_administration",
        "cost:ig_adverse_events",
        "cost:igg_tests",
        "cost:antimicrobials",
        "cost:infections_grade_1_2",
        "cost:infections_grade_3plus",
        "cost:step_up_hospital",
        "cost:laboratory",
        "cost:bispecific",
        "cost:end_of_life",
    ),
    "analysis.discount_rate_effects_per_year": only("qaly", "life_years_discounted"),
    "analysis.wtp_per_qaly": Expectation(to=dearer_health, note="read by the decision analysis: moves INMB alone"),
    "analysis.patients": Expectation(note="more patients, beginning with the same"),
    "analysis.seed": reach("HISTORY", "STEP_UP", "CRS", "ICANS", within="preemptive_courses:*"),
    "analysis.strategies": Expectation(to=without_last, note="which are played; the others stay as they were"),
    # ------------------------------------------------------------------ patients
    "patients.weight_kg.{field}": only("ig_grams", *PRODUCT, under=GIVE_IG),
    "patients.weight_kg.distribution": only("ig_grams", *PRODUCT, under=GIVE_IG, to=other_spread),
    "patients.igg_polyclonal_mg_dl.{field}": true_igg(),
    "patients.igg_polyclonal_mg_dl.distribution": true_igg(to=other_spread),
    "patients.iga_mg_dl.{field}": reach(*IG_LATER, under=ASKS_IGA),
    "patients.iga_mg_dl.distribution": reach(*IG_LATER, under=ASKS_IGA, to=other_spread),
    "patients.igm_mg_dl.{field}": reach(*IG_LATER, under=ASKS_IGM),
    "patients.igm_mg_dl.distribution": reach(*IG_LATER, under=ASKS_IGM, to=other_spread),
    "patients.igg_type_proportion": reach(*IG_LATER, "igg_tests", under=ASKS_IGG, among=M_PROTEIN),
    "patients.m_protein_mg_dl.{field}": reach(*IG_LATER, "igg_tests", under=ASKS_IGG, among=M_PROTEIN),
    "patients.m_protein_mg_dl.distribution": reach(*IG_LATER, under=ASKS_IGG, among=M_PROTEIN, to=other_spread),
    "patients.frailty_variance": reach("infections_any", "infections_grade_3plus", "months_on_treatment"),
    "patients.anti_cd38_proportion": both(
        Scope(("cost:laboratory", "transfusions", "ig_ever"), ("HISTORY",), ASKS_ANTI_CD38),
        Scope(("MONEY", "cost:laboratory", "transfusions", "transfusion_delay_days"), under=others(ASKS_ANTI_CD38)),
        among=EXPOSED,
    ),
    "patients.responder_proportion": reach("infections_any", "cost:bispecific", among=RESPONDERS),
    "patients.age_years.{field}": reach(*DEATHS),
    "patients.age_years.distribution": reach(*DEATHS, to=other_spread),
    "patients.male_proportion": reach(*DEATHS),
    "patients.serostatus.{status}": reach("infections_any", under=SEROSTATUS),
    "patients.agents.{agent}": reach(
        "infections_any",
        "STEP_UP",
        "CRS",
        "ICANS",
        to=move_share,
    ),
    "patients.correlations.{n}.value": reach("infections_any", under=CORRELATED, to=times(-1)),
    "patients.correlations.{n}.between": reach("infections_any", under=RECORRELATED, to=with_m_protein),
    # ------------------------------------------------------------------ targets and agents
    "targets.{target}.label": descriptive(),
    "targets.{target}.suppressed_fraction": true_igg(ON_TARGET),
    "targets.{target}.recovery_start_months": true_igg(ON_TARGET, times(3)),
    "targets.{target}.recovered_fraction": true_igg(ON_TARGET, put(0.9)),
    "targets.{target}.therapeutic_antibody_mg_dl": reach(*IG_LATER, under=ASKS_IGG, among=ON_TARGET, to=times(5)),
    "targets.{target}.hazard_periods.1.from_month": Expectation(
        to=put(1.0), refused=True, note="the first begins at 0"
    ),
    "targets.{target}.hazard_periods.2.from_month": reach("infections_any", among=ON_TARGET),
    "targets.{target}.hazard_periods.{n}.multiplier": reach("infections_any", "months_on_treatment", among=ON_TARGET),
    "agents.{agent}.label": descriptive(),
    "agents.{agent}.target": reach("infections_any", "vulnerable_months", to=other_target),
    "agents.{agent}.stop_rate_per_month": reach("months_on_treatment", "HEALTH", "MONEY", among=ON_AGENT),
    "agents.{agent}.drug_cost_per_month": only("MONEY", "cost:bispecific", among=ON_AGENT),
    "agents.{agent}.step_up.1.day": Expectation(to=put(1.0), refused=True, note="the first is on day 0"),
    "agents.{agent}.step_up.{n}.day": only(
        "MONEY",
        "cost:step_up_hospital",
        "step_up_doses",
        "step_up_hospital_days",
        "hospital_days",
        among=ON_AGENT,
        to=times(4),
    ),
    "agents.{agent}.step_up.{n}.dose": Expectation(to=put("1 mg"), note="descriptive: shown, not counted with"),
    "agents.{agent}.step_up.{n}.hospital_hours": only("STEP_UP", among=ON_AGENT),
    "agents.{agent}.crs.grade_1_2": only("MONEY", "HEALTH", "cost:crs_icans", "hospital_days", "crs", among=ON_AGENT),
    "agents.{agent}.crs.grade_3plus": only("CRS", among=ON_AGENT, to=times(0.3)),
    "agents.{agent}.icans.grade_1_2": only(
        "MONEY", "HEALTH", "cost:crs_icans", "hospital_days", "icans", among=ON_AGENT
    ),
    "agents.{agent}.icans.grade_3plus": only("ICANS", among=ON_AGENT, to=times(0.3)),
    # ------------------------------------------------------------------ treatment
    "treatment.death_rate_per_month.on_treatment": reach(
        "life_years", "other_death", "months_on_treatment", to=times(3)
    ),
    "treatment.death_rate_per_month.off_treatment": reach("life_years", "other_death", within="AFTER"),
    "treatment.life_table.file": Expectation(to=reworded, note="names what the table was read from"),
    "treatment.life_table.source": descriptive(),
    "treatment.life_table.annual_probability": reach(*DEATHS, to=other_table),
    "treatment.life_table.hazard_multiplier": reach(*DEATHS),
    "treatment.include_drug_cost": only("MONEY", "cost:bispecific"),
    "treatment.hospital_day_cost": only("MONEY", "cost:step_up_hospital"),
    "treatment.end_of_life_cost": only("MONEY", "cost:end_of_life"),
    "treatment.reduced_frequency.from_month": reach("infections_any", "cost:bispecific", among=RESPONDERS),
    "treatment.reduced_frequency.infection_multiplier": reach("infections_any", among=RESPONDERS),
    "treatment.reduced_frequency.drug_cost_multiplier": only("MONEY", "cost:bispecific", among=RESPONDERS),
    # ------------------------------------------------------------------ starting treatment
    **of_a_toxicity("crs"),
    **of_a_toxicity("icans"),
    "tocilizumab.crs_multiplier.grade_1_2": only(
        "MONEY", "HEALTH", "cost:crs_icans", "hospital_days", "crs", under=TOCILIZUMAB
    ),
    "tocilizumab.crs_multiplier.grade_3plus": only("CRS", under=TOCILIZUMAB),
    "tocilizumab.icans_multiplier.grade_1_2": only(
        "MONEY", "HEALTH", "cost:crs_icans", "hospital_days", "icans", under=TOCILIZUMAB
    ),
    "tocilizumab.icans_multiplier.grade_3plus": only("ICANS", under=TOCILIZUMAB),
    "tocilizumab.cost": only("MONEY", "cost:tocilizumab", under=TOCILIZUMAB),
    "tocilizumab.infection_multiplier": reach("infections_any", under=TOCILIZUMAB),
    "tocilizumab.infection_months": reach("infections_any", under=TOCILIZUMAB),
    # ------------------------------------------------------------------ infections
    "infections.off_treatment_multiplier": reach("infections_any", within="AFTER"),
    "infections.causes.{cause}.label": descriptive(),
    "infections.causes.{cause}.only_in": reach(
        "infections:{cause}:grade_1_2", "infections:{cause}:grade_3plus", to=only_carriers
    ),
    "infections.causes.{cause}.rate_per_month.{target}.{grade}": reach(
        "infections:{cause}:{grade}",
        "infections_any",
    ),
    "infections.causes.{cause}.case_fatality.grade_3plus": reach(
        "infection_death", "life_years", among=STRUCK, to=times(3)
    ),
    "infections.causes.{cause}.stop_probability.grade_3plus": reach("months_on_treatment", among=STRUCK, to=times(3)),
    "infections.causes.{cause}.hold_days.{grade}": only("MONEY", "cost:bispecific", "months_held", among=STRUCK),
    "infections.causes.{cause}.cost.{grade}": only("MONEY", "cost:infections_{grade}", among=STRUCK),
    "infections.causes.{cause}.hospital_days.{grade}": only(
        "hospital_days", "infection_hospital_days", among=STRUCK, note="their cost is that of the infection"
    ),
    "infections.causes.{cause}.utility_decrement.{grade}": only("HEALTH", among=STRUCK),
    "infections.causes.{cause}.duration_days.{grade}": only("HEALTH", among=STRUCK),
    # ------------------------------------------------------------------ immunoglobulin
    **of_a_regimen("immunoglobulin", STANDARD),
    "immunoglobulin.washout_months": reach(
        "ig_months", "infusions", "cost:immunoglobulin", under=GIVE_IG, within="AFTER"
    ),
    "immunoglobulin.effect": reach("infections_any", under=GIVE_IG, to=put("marginal")),
    "immunoglobulin.marginal_follow_up_months": Expectation(to=times(3), note=MARGINAL),
    "immunoglobulin.marginal_antimicrobials": Expectation(to=without_last, note=MARGINAL),
    "immunoglobulin.benefit_below_igg_mg_dl": reach("infections_any", under=GIVE_IG),
    "immunoglobulin.hr.{grade}": reach("infections_{grade}", under=GIVE_IG),
    "immunoglobulin.hr_by_cause.{cause}.{grade}": reach(
        "infections:{cause}:{grade}", under=GIVE_IG, among=STRUCK, to=times(0.2)
    ),
    "immunoglobulin.reaction.probability": only(
        "MONEY", "HEALTH", "cost:ig_adverse_events", "ig_reactions", under=GIVE_IG
    ),
    "immunoglobulin.reaction.cost": only("MONEY", "cost:ig_adverse_events", under=GIVE_IG),
    "immunoglobulin.reaction.utility_decrement": only("HEALTH", under=GIVE_IG),
    "immunoglobulin.reaction.duration_days": only("HEALTH", under=GIVE_IG),
    "immunoglobulin.harms.{harm}.label": descriptive(),
    "immunoglobulin.harms.{harm}.rate_per_month": reach(
        "ig_harms:{harm}", "ig_months", "cost:ig_adverse_events", under=GIVE_IG
    ),
    "immunoglobulin.harms.{harm}.cost": only("MONEY", "cost:ig_adverse_events", under=GIVE_IG),
    "immunoglobulin.harms.{harm}.utility_decrement": only("HEALTH", under=GIVE_IG),
    "immunoglobulin.harms.{harm}.duration_days": only("HEALTH", under=GIVE_IG),
    "immunoglobulin.harms.{harm}.hospital_days": only("hospital_days", under=GIVE_IG),
    "immunoglobulin.dose_adjustment.step_up_factor": reach(
        "ig_grams", "cost:immunoglobulin", under=GIVE_IG, to=put(1.1)
    ),
    "immunoglobulin.dose_adjustment.maximum_factor": reach("ig_grams", "cost:immunoglobulin", under=GIVE_IG),
    "immunoglobulin.dose_adjustment.step_down_after_months": reach("ig_grams", "cost:immunoglobulin", under=GIVE_IG),
    "immunoglobulin.dose_adjustment.step_down_factor": reach("ig_grams", "cost:immunoglobulin", under=GIVE_IG),
    "immunoglobulin.dose_adjustment.stop_after_months": reach("ig_months", "infusions", under=GIVE_IG),
    "immunoglobulin.dose_adjustment.hr_dose_exponent": reach("infections_any", under=GIVE_IG, to=times(3)),
    **of_a_regimen("regimens.{regimen}", REGIMEN),
    # ------------------------------------------------------------------ antimicrobials
    "antimicrobials.{drug}.label": descriptive(),
    "antimicrobials.{drug}.given_to": reach(
        "antimicrobial_months:{drug}", "cost:antimicrobials", under=LISTING, to=to_others
    ),
    "antimicrobials.{drug}.adherence": reach(
        "antimicrobial_months:{drug}", "infections_any", under=LISTING, among=TAKING
    ),
    "antimicrobials.{drug}.start_cost": only("MONEY", "cost:antimicrobials", under=LISTING),
    "antimicrobials.{drug}.cost_per_month": only("MONEY", "cost:antimicrobials", under=LISTING, among=TAKING),
    "antimicrobials.{drug}.months_after_treatment": reach(
        "antimicrobial_months:{drug}", "cost:antimicrobials", under=LISTING, among=TAKING, within="AFTER"
    ),
    "antimicrobials.{drug}.kind": only(
        "MONEY",
        "cost:antimicrobials",
        "viraemias_found:{drug}",
        "preemptive_courses:{drug}",
        under=LISTING,
        among=TAKING,
        to=other_care,
    ),
    "antimicrobials.{drug}.course_cost": only("MONEY", "cost:antimicrobials", under=LISTING, among=TAKING),
    "antimicrobials.{drug}.viraemia.found_per_month.{target}": only(
        "MONEY",
        "cost:antimicrobials",
        "viraemias_found:{drug}",
        "preemptive_courses:{drug}",
        under=LISTING,
        among=TAKING,
    ),
    "antimicrobials.{drug}.viraemia.treated_share": only(
        "MONEY", "cost:antimicrobials", "preemptive_courses:{drug}", under=LISTING, among=TAKING
    ),
    "antimicrobials.{drug}.hr.{cause}.{grade}": reach("infections:{cause}:{grade}", under=LISTING, among=TAKING),
    # ------------------------------------------------------------------ tests and laboratory
    "igg.half_life_days": true_igg(),
    "igg.iga_half_life_days": reach(*IG_LATER, under=ASKS_IGA, to=times(3)),
    "igg.igm_half_life_days": reach(*IG_LATER, under=ASKS_IGM, to=times(3)),
    "igg.assay_cv": reach(*IG_LATER, "igg_tests", under=ASKS_TESTS),
    "igg.m_protein_half_life_days": reach(*IG_LATER, "igg_tests", under=ASKS_IGG, among=M_PROTEIN),
    "igg.low_mg_dl": only("VULNERABLE", under=LATER_OR_NEVER),
    "igg.test_cost": only("MONEY", "cost:igg_tests", under=TESTED),
    "laboratory.phenotyping_cost": only("MONEY", "cost:laboratory", among=EXPOSED),
    "laboratory.transfusions_per_month": only(
        "MONEY", "cost:laboratory", "transfusions", "transfusion_delay_days", among=EXPOSED
    ),
    "laboratory.crossmatch_cost": only("MONEY", "cost:laboratory", among=EXPOSED),
    "laboratory.transfusion_delay_days": only("transfusion_delay_days", among=EXPOSED),
    "laboratory.monitoring_cost_per_month": only("MONEY", "cost:laboratory", among=EXPOSED),
    "utilities.on_treatment": only("HEALTH"),
    "utilities.off_treatment": only("HEALTH"),
    # ------------------------------------------------------------------ strategies
    **of_the_programme(),
    "strategies.{strategy}.label": descriptive(),
    "strategies.{strategy}.start.rule": reach("ig_ever", "MONEY", under=NAMED, to=other_rule),
    "strategies.{strategy}.start.delay_days": reach("ig_months", "infusions", under=NAMED),
    "strategies.{strategy}.start.threshold_mg_dl": reach("ig_ever", under=NAMED),
    "strategies.{strategy}.start.minimum_grade": reach("ig_ever", under=NAMED, to=other_grade),
    "strategies.{strategy}.start.count": reach("ig_ever", under=NAMED),
    "strategies.{strategy}.start.within_months": reach("ig_ever", under=NAMED),
    "strategies.{strategy}.start.conditions.**.kind": reach("ig_months", under=NAMED, to=other_kind),
    "strategies.{strategy}.start.conditions.**.threshold_mg_dl": reach("ig_months", under=NAMED),
    "strategies.{strategy}.start.conditions.**.minimum_grade": reach("ig_months", under=NAMED, to=other_grade),
    "strategies.{strategy}.start.conditions.**.count": reach("ig_months", under=NAMED),
    "strategies.{strategy}.start.conditions.**.within_months": reach("ig_months", under=NAMED, to=times(0.3)),
    "strategies.{strategy}.igg_tests.interval_months": reach("igg_tests", "ig_months", "cost:igg_tests", under=NAMED),
    "strategies.{strategy}.igg_tests.until": only("MONEY", "igg_tests", "cost:igg_tests", under=NAMED, to=other_end),
    "strategies.{strategy}.regimen": reach(
        "ig_grams", "infusions", "infections_any", under=NAMED_WITH_IG, to=other_regimen
    ),
    "strategies.{strategy}.antimicrobials": reach(
        "infections_any", "cost:antimicrobials", under=NAMED, to=other_package
    ),
    "strategies.{strategy}.tocilizumab": Expectation(
        (Scope(("CRS", "ICANS", "cost:tocilizumab", "infections_any"), ("HISTORY",), NAMED),)
    ),
    # ------------------------------------------------------------------ questions asked of the same patients
    "psa.draws": Expectation(note="read by `igsim psa` alone: more draws, beginning with the same"),
    "psa.correlations.{n}.between": Expectation(to=other_pair, note="read by `igsim psa` alone: joint draws"),
    "psa.correlations.{n}.spearman": Expectation(note="read by `igsim psa` alone: joint draws"),
    "psa.correlations.{n}.source": descriptive(),
    "psa.groups.{group}": Expectation(to=other_group, note="read by the value of information alone"),
    "voi.{field}": Expectation(note="read by the value of information alone"),
    "voi.designs.{design}.label": descriptive(),
    "voi.designs.{design}.control": Expectation(to=put("secondary"), note="read by the value of information alone"),
    "voi.designs.{design}.treatment": Expectation(
        to=put("primary_scig"), note="read by the value of information alone"
    ),
    "voi.designs.{design}.{field}": Expectation(note="read by the value of information alone"),
    "subgroups.{subgroup}.label": descriptive(),
    "subgroups.{subgroup}.patients": Expectation(
        to=put("igg_mg_dl<300"), note="whom `igsim psa` and `igsim dsa --price` look at apart"
    ),
    # ------------------------------------------------------------------ published data
    "calibration.free": Expectation(to=put(["patients.frailty*"]), note=FITTED),
    "calibration.draws": Expectation(note=FITTED),
    "calibration.cohorts.{cohort}.label": descriptive(),
    "calibration.cohorts.{cohort}.source": descriptive(),
    "calibration.cohorts.{cohort}.patients": Expectation(note=FITTED),
    "calibration.cohorts.{cohort}.agents.{agent}": Expectation(to=other_agent, note=FITTED),
    "calibration.cohorts.{cohort}.ig_uptake": Expectation(note=FITTED),
    "calibration.cohorts.{cohort}.antimicrobials": Expectation(to=put(["levofloxacin"]), note=FITTED),
    "calibration.cohorts.{cohort}.follow_up.pattern": Expectation(to=put("exponential"), note=FITTED),
    "calibration.cohorts.{cohort}.follow_up.median_months": Expectation(note=FITTED),
    "calibration.targets.{target}.kind": Expectation(
        to=put("hunch"), refused=True, note="each has entries of its own"
    ),
    "calibration.targets.{target}.cohort": Expectation(to=put("nobody"), refused=True, note="the only one here"),
    "calibration.targets.{target}.infections": Expectation(to=put("any"), note=FITTED),
    "calibration.targets.{target}.exits": Expectation(to=put("censored"), note=FITTED),
    "calibration.targets.{target}.months": Expectation(to=put([2.0, 5.0]), note=FITTED),
    "calibration.targets.{target}.observed": Expectation(to=other_observation, note=FITTED),
    "calibration.targets.{target}.at_risk": Expectation(to=put([50, 10]), note=FITTED),
    "calibration.targets.{target}.events": Expectation(note=FITTED),
    "calibration.targets.{target}.patient_months": Expectation(note=FITTED),
    "calibration.targets.{target}.what": Expectation(to=put("well"), refused=True, note="the only one so far"),
    "calibration.targets.{target}.month": Expectation(note=FITTED),
    "calibration.targets.{target}.worth_patients": Expectation(note=FITTED),
    "calibration.targets.{target}.fitted": Expectation(note=FITTED),
    "calibration.targets.{target}.source": descriptive(),
    # ------------------------------------------------------------------ virtual trials
    **of_the_trials(),
}
"""Pattern to what a change of the entry moves, in the scenario in which every entry matters."""
