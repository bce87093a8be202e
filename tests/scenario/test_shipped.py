"""The scenarios that come with igsim: strictly valid, sourced, and saying what the evidence says."""

from __future__ import annotations

import math
import re
import tomllib
from pathlib import Path

import pytest

from sim.errors import ScenarioError
from sim.scenario import Normal, Scenario, load, quantities, shipped_scenarios, warnings

SHIPPED = shipped_scenarios()


@pytest.fixture(scope="module", params=sorted(SHIPPED))
def shipped(request: pytest.FixtureRequest) -> Scenario:
    return load(SHIPPED[request.param], strict=True)


def test_the_five_scenarios_are_there() -> None:
    assert set(SHIPPED) == {"base-case", "gprc5d-us", "bcma-uk-nice", "bcma-italy", "tutorial"}


def test_a_shipped_scenario_is_strictly_valid_and_raises_no_question(shipped: Scenario) -> None:
    assert warnings(shipped) == ()


def test_every_shipped_number_has_a_source(shipped: Scenario) -> None:
    assert all(len(quantity.source) > 10 for _, quantity, _ in quantities(shipped))


def test_every_money_quantity_is_in_the_currency_of_the_analysis(shipped: Scenario) -> None:
    units = {path: unit for path, _, unit in quantities(shipped) if re.match(r"[A-Z]{3}\b", unit)}
    assert len(units) == 7
    assert {unit[:3] for unit in units.values()} == {shipped.analysis.currency}


def test_the_tutorial_stands_alone_and_its_numbers_say_that_they_are_made_up() -> None:
    tutorial = load(SHIPPED["tutorial"], strict=True)
    assert len(tutorial.files) == 1
    assert all(q.source == "assumption: teaching value" for _, q, _ in quantities(tutorial))


def test_the_base_case_compares_the_four_policies_in_order() -> None:
    assert load(SHIPPED["base-case"]).strategy_names == ("none", "primary", "preemptive", "secondary")


def test_the_base_case_holds_the_headline_effect_with_its_bound() -> None:
    # 158-patient cohort: HR 0.38; with p = 0.01, SE <= |ln 0.38| / 2.576 = 0.376, so exp(ln 0.38 +- 1.96 x 0.376).
    hr = load(SHIPPED["base-case"]).immunoglobulin.hr.grade_3plus
    se = abs(math.log(0.38)) / 2.5758
    assert (hr.value, hr.dist) == (0.38, "lognormal")
    assert hr.ci == pytest.approx((0.38 * math.exp(-1.96 * se), 0.38 * math.exp(1.96 * se)), abs=0.005)


def mean_survival_months(scenario: Scenario, severe_under_care: float) -> tuple[float, float]:
    """Work out exit rate and mean survival of the derivation in the scenario's comments, frailty left aside."""
    treatment, cause = scenario.treatment, scenario.infections.causes["any"]
    fatality = cause.case_fatality.grade_3plus.value
    stop = (1 - fatality) * cause.stop_probability.grade_3plus.value
    death_on = treatment.death_rate_per_month.on_treatment.value + severe_under_care * fatality
    leaving = treatment.stop_rate_per_month.value + death_on + severe_under_care * stop
    after = cause.rate_per_month.grade_3plus.value * scenario.infections.off_treatment_multiplier.value
    death_off = treatment.death_rate_per_month.off_treatment.value + after * fatality
    return leaving, 1 / leaving + (1 - death_on / leaving) / death_off


def test_base_case_rates_add_up_to_the_exit_and_survival_they_were_derived_from() -> None:
    # Evidence: exit 0.104 and all-cause death 0.035 per month; 80 % of the cohort had immunoglobulin at HR 0.38.
    leaving, survival = mean_survival_months(load(SHIPPED["base-case"]), 0.060 * (0.2 + 0.8 * 0.38))
    assert leaving == pytest.approx(0.104, rel=0.01)
    assert survival == pytest.approx(1 / 0.035, rel=0.01)


def test_talquetamab_rates_add_up_to_the_exit_and_survival_they_were_derived_from() -> None:
    # Evidence: exit 0.092 and all-cause death 0.020 per month; 8 % of the trial had immunoglobulin.
    leaving, survival = mean_survival_months(load(SHIPPED["gprc5d-us"]), 0.018 * (1 - 0.08 * 0.62))
    assert leaving == pytest.approx(0.092, rel=0.01)
    assert survival == pytest.approx(1 / 0.020, rel=0.01)


def first_infection_incidence(rate: float, frailty_variance: float, exit_rate: float, months: float) -> float:
    """Integrate the cumulative incidence of a first infection under gamma frailty and a competing exit."""
    steps = 20_000
    width = months / steps
    total = 0.0
    for step in range(steps):
        t = (step + 0.5) * width
        hazard = rate * (1 + frailty_variance * rate * t) ** (-1 / frailty_variance - 1)
        total += hazard * math.exp(-exit_rate * t) * width
    return total


def test_talquetamab_infection_rates_return_the_published_five_month_incidence() -> None:
    # Haematologica cohort: 28.1 % at 5 months, with 80 % on immunoglobulin that prevents 62 % of severe infections.
    rates = load(SHIPPED["gprc5d-us"]).infections.causes["any"].rate_per_month
    as_treated = rates.grade_1_2.value + rates.grade_3plus.value * (1 - 0.8 * 0.62)
    assert first_infection_incidence(as_treated, 0.6, 0.092, 5) == pytest.approx(0.281, abs=0.003)


def test_base_case_infection_rates_return_the_incidence_the_evidence_table_gives() -> None:
    # Evidence 4.3: 36.0 % at 3 and 55.8 % at 12 months without immunoglobulin;
    # severe 45.0 % at 12 months if nobody leaves.
    base = load(SHIPPED["base-case"])
    rates, theta = base.infections.causes["any"].rate_per_month, base.patients.frailty_variance.value
    total = rates.grade_1_2.value + rates.grade_3plus.value
    assert first_infection_incidence(total, theta, 0.104, 3) == pytest.approx(0.360, abs=0.001)
    assert first_infection_incidence(total, theta, 0.104, 12) == pytest.approx(0.558, abs=0.001)
    assert first_infection_incidence(rates.grade_3plus.value, theta, 0, 12) == pytest.approx(0.450, abs=0.001)


def test_distributions_of_the_base_case_are_those_of_the_evidence_table() -> None:
    base = load(SHIPPED["base-case"])
    cause = base.infections.causes["any"]
    # Evidence: beta(12, 108), beta(158, 56), beta(23, 82); gamma with mean 100 and SE 12.
    for quantity, alpha, beta in [
        (cause.case_fatality.grade_3plus, 12, 108),
        (base.utilities.on_treatment, 158, 56),
        (cause.utility_decrement.grade_3plus, 23, 82),
    ]:
        mean = alpha / (alpha + beta)
        assert quantity.value == pytest.approx(mean, abs=0.002)
        assert quantity.se == pytest.approx(math.sqrt(mean * (1 - mean) / (alpha + beta + 1)), abs=0.001)
    assert (base.immunoglobulin.price_per_gram.value, base.immunoglobulin.price_per_gram.se) == (100, 12)
    assert isinstance(base.patients.weight_kg, Normal)
    assert (base.patients.weight_kg.mean.value, base.patients.weight_kg.sd.value) == (75, 16)


@pytest.mark.parametrize("name", ["bcma-uk-nice", "bcma-italy"])
def test_a_country_that_forgets_a_price_is_refused_for_each_price_forgotten(tmp_path: Path, name: str) -> None:
    (tmp_path / "base-case.toml").write_bytes(SHIPPED["base-case"].read_bytes())
    file = tmp_path / "country.toml"
    file.write_text(re.sub(r"^(price_per_gram|test_cost) = .*$", "", SHIPPED[name].read_text(), flags=re.M))
    with pytest.raises(ScenarioError) as caught:
        load(file)
    assert [(problem.place, problem.file) for problem in caught.value.problems] == [
        ("igg.test_cost.unit", str(tmp_path / "base-case.toml")),
        ("immunoglobulin.price_per_gram.unit", str(tmp_path / "base-case.toml")),
    ]


def test_country_scenarios_state_only_what_differs_from_the_base_case() -> None:
    epidemiology = ("patients", "utilities", "strategies")
    base = load(SHIPPED["base-case"])
    for name in ("bcma-uk-nice", "bcma-italy"):
        assert not set(tomllib.loads(SHIPPED[name].read_text())) & set(epidemiology)
        assert load(SHIPPED[name]).patients == base.patients
