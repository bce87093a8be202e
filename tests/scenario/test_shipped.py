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


def test_the_twelve_scenarios_are_there() -> None:
    of_the_base = {"base-case", "gprc5d-us", "bcma-uk-nice", "bcma-italy"}
    assert set(SHIPPED) == of_the_base | {
        "indication-based",
        "structural-alternatives",
        "marginal-effect",
        "programme-shortage",
        "tutorial",
        "calibration",
        "calibrated",
        "trials",
    }


def test_a_shipped_scenario_is_strictly_valid_and_raises_no_question(shipped: Scenario) -> None:
    assert warnings(shipped) == ()


def test_every_shipped_number_has_a_source(shipped: Scenario) -> None:
    assert all(len(quantity.source) > 10 for _, quantity, _ in quantities(shipped))


def test_every_money_quantity_is_in_the_currency_of_the_analysis(shipped: Scenario) -> None:
    units = {path: unit for path, _, unit in quantities(shipped) if re.match(r"[A-Z]{3}\b", unit)}
    # Counted by hand. Tutorial: drug, hospital day, end of life, 2 x 2 infections, gram, infusion, test. Others:
    # 4 drugs, hospital day, end of life, 2 x 2 toxicities, tocilizumab, 8 x 2 infections, gram, infusion, reaction,
    # 4 harms, gram and infusion under the skin, 4 x 2 antimicrobials, a course, test, 3 of the laboratory,
    # 2 of the trial.
    assert len(units) == (10 if shipped.title == "Tutorial" else 51)
    assert {unit[:3] for unit in units.values()} == {shipped.analysis.currency}


def test_the_tutorial_stands_alone_and_its_numbers_say_that_they_are_made_up() -> None:
    tutorial = load(SHIPPED["tutorial"], strict=True)
    assert len(tutorial.files) == 1
    sources = {path: quantity.source for path, quantity, _ in quantities(tutorial)}
    assert sources.pop("targets.BCMA.hazard_periods.1.multiplier") == "assumption: constant hazard"
    assert set(sources.values()) == {"assumption: teaching value"}


def test_the_base_case_compares_the_four_policies_in_order() -> None:
    assert load(SHIPPED["base-case"]).strategy_names == ("none", "primary", "preemptive", "secondary")


def test_the_base_case_holds_the_headline_effect_with_its_bound() -> None:
    # 158-patient cohort: HR 0.38; with p = 0.01, SE <= |ln 0.38| / 2.576 = 0.376, so exp(ln 0.38 +- 1.96 x 0.376).
    hr = load(SHIPPED["base-case"]).immunoglobulin.hr.grade_3plus
    se = abs(math.log(0.38)) / 2.5758
    assert (hr.value, hr.dist) == (0.38, "lognormal")
    assert hr.ci == pytest.approx((0.38 * math.exp(-1.96 * se), 0.38 * math.exp(1.96 * se)), abs=0.005)


MILD, SEVERE = "grade_1_2", "grade_3plus"


def with_package(scenario: Scenario, target: str, grade: str) -> dict[str, float]:
    """Work out the rate of each cause among all patients, under the antimicrobials of the first strategy."""
    package = scenario.strategies[scenario.strategy_names[0]].antimicrobials
    exposed = {name: share.value for name, share in scenario.patients.serostatus.items()} | {"": 1.0}
    rates = {}
    for name, cause in scenario.infections.causes.items():
        rates[name] = getattr(cause.rate_per_month[target], grade).value * exposed[cause.only_in]
        for antimicrobial in (scenario.antimicrobials[element] for element in package):
            if name in antimicrobial.hr:
                assert antimicrobial.given_to in ("all", cause.only_in)
                left = getattr(antimicrobial.hr[name], grade).value
                rates[name] *= 1 - antimicrobial.adherence.value * (1 - left)
    return rates


def consequence(scenario: Scenario, target: str, field: str) -> float:
    """Average a probability that severe infections carry over the causes, as often as they come."""
    rates, causes = with_package(scenario, target, SEVERE), scenario.infections.causes
    total = sum(rates[name] * getattr(causes[name], field).grade_3plus.value for name in rates)
    return total / sum(rates.values())


def mean_survival_months(scenario: Scenario, agent: str, severe_under_care: float) -> tuple[float, float]:
    """Work out exit rate and mean survival of the derivation in the scenario's comments, frailty left aside."""
    treatment, target = scenario.treatment, scenario.agents[agent].target
    fatality = consequence(scenario, target, "case_fatality")
    stop = (1 - fatality) * consequence(scenario, target, "stop_probability")
    death_on = treatment.death_rate_per_month.on_treatment.value + severe_under_care * fatality
    leaving = scenario.agents[agent].stop_rate_per_month.value + death_on + severe_under_care * stop
    after = sum(with_package(scenario, target, SEVERE).values()) * scenario.infections.off_treatment_multiplier.value
    death_off = treatment.death_rate_per_month.off_treatment.value + after * fatality
    return leaving, 1 / leaving + (1 - death_on / leaving) / death_off


@pytest.mark.parametrize(("target", "mild", "severe"), [("BCMA", 0.147, 0.060), ("GPRC5D", 0.086, 0.018)])
def test_causes_add_up_to_the_published_totals_under_the_antimicrobial_package(
    target: str, mild: float, severe: float
) -> None:
    base = load(SHIPPED["base-case"])
    assert sum(with_package(base, target, MILD).values()) == pytest.approx(mild, rel=0.005)
    assert sum(with_package(base, target, SEVERE).values()) == pytest.approx(severe, rel=0.005)


@pytest.mark.parametrize("target", ["BCMA", "GPRC5D"])
@pytest.mark.parametrize("grade", [MILD, SEVERE])
def test_causes_have_the_published_shares(target: str, grade: str) -> None:
    # 168-patient cohort: 53 % bacterial, 42 % viral, 5 % fungal of 181 infections; one in fifty is set aside.
    rates = with_package(load(SHIPPED["base-case"]), target, grade)
    total = sum(rates.values())
    assert (rates["bacterial"] + rates["other"]) / total == pytest.approx(0.53, abs=0.01)
    viral = ("respiratory_viral", "cmv", "herpes", "hbv")
    assert sum(rates[name] for name in viral) / total == pytest.approx(0.42, abs=0.01)
    assert (rates["fungal"] + rates["pneumocystis"]) / total == pytest.approx(0.05, abs=0.005)


def test_opportunistic_infections_are_as_frequent_as_reported() -> None:
    base = load(SHIPPED["base-case"])
    mild, severe = (with_package(base, "BCMA", grade) for grade in (MILD, SEVERE))
    # Herpes on aciclovir: 2 % in a course of 9.6 months. CMV under PCR: 4 with symptoms of 177 in about six months.
    assert 9.6 * (mild["herpes"] + severe["herpes"]) == pytest.approx(0.02, rel=0.05)
    assert 6 * (mild["cmv"] + severe["cmv"]) == pytest.approx(4 / 177, rel=0.3)
    # Pneumocystis: 7 of 165 in 9.6 months each, half of them on prophylaxis, which leaves 0.1 + 0.9 x 0.15.
    unprotected = base.infections.causes["pneumocystis"].rate_per_month["BCMA"].grade_3plus.value
    assert unprotected * (0.5 + 0.5 * 0.235) * 9.6 == pytest.approx(7 / 165, rel=0.03)
    # Hepatitis B: 8 % of those exposed within two years, without prophylaxis.
    hbv = base.infections.causes["hbv"].rate_per_month["BCMA"]
    assert 1 - math.exp(-24 * (hbv.grade_1_2.value + hbv.grade_3plus.value)) == pytest.approx(0.08, abs=0.002)


@pytest.mark.parametrize("target", ["BCMA", "GPRC5D"])
def test_one_severe_infection_in_ten_is_fatal(target: str) -> None:
    assert consequence(load(SHIPPED["base-case"]), target, "case_fatality") == pytest.approx(0.10, abs=0.003)


@pytest.mark.parametrize(
    ("target", "grade", "log_se"), [("BCMA", MILD, 0.15), ("BCMA", SEVERE, 0.30), ("GPRC5D", MILD, 0.34)]
)
def test_independent_causes_together_are_as_uncertain_as_their_total(target: str, grade: str, log_se: float) -> None:
    base = load(SHIPPED["base-case"])
    total = sum(with_package(base, target, grade).values())
    variance = 0.0
    for name in ("bacterial", "respiratory_viral"):
        rate = getattr(base.infections.causes[name].rate_per_month[target], grade)
        variance += (rate.value / total * math.log(rate.ci[1] / rate.ci[0]) / 3.92) ** 2
    assert math.sqrt(variance) == pytest.approx(log_se, rel=0.04)


def test_base_case_rates_add_up_to_the_exit_and_survival_they_were_derived_from() -> None:
    # Evidence: exit 0.104 and all-cause death 0.035 per month; 80 % of the cohort had immunoglobulin at HR 0.38.
    base = load(SHIPPED["base-case"])
    leaving, survival = mean_survival_months(base, "teclistamab", 0.060 * (0.2 + 0.8 * 0.38))
    assert leaving == pytest.approx(0.104, rel=0.01)
    assert survival == pytest.approx(1 / 0.035, rel=0.01)
    stops = [
        base.agents[name].stop_rate_per_month.value * share.value for name, share in base.patients.agents.items()
    ]
    assert sum(stops) == pytest.approx(0.088)


def test_talquetamab_rates_add_up_to_the_exit_and_survival_they_were_derived_from() -> None:
    # Evidence: exit 0.092 and all-cause death 0.020 per month; 8 % of the trial had immunoglobulin.
    talquetamab = load(SHIPPED["gprc5d-us"])
    assert {name for name, share in talquetamab.patients.agents.items() if share.value} == {"talquetamab"}
    leaving, survival = mean_survival_months(talquetamab, "talquetamab", 0.018 * (1 - 0.08 * 0.62))
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
    mild, severe = (
        sum(with_package(load(SHIPPED["gprc5d-us"]), "GPRC5D", grade).values()) for grade in (MILD, SEVERE)
    )
    as_treated = mild + severe * (1 - 0.8 * 0.62)
    assert first_infection_incidence(as_treated, 0.6, 0.092, 5) == pytest.approx(0.281, abs=0.003)


def test_base_case_infection_rates_return_the_incidence_the_evidence_table_gives() -> None:
    # Evidence 4.3: 36.0 % at 3 and 55.8 % at 12 months without immunoglobulin;
    # severe 45.0 % at 12 months if nobody leaves.
    base = load(SHIPPED["base-case"])
    theta = base.patients.frailty_variance.value
    mild, severe = (sum(with_package(base, "BCMA", grade).values()) for grade in (MILD, SEVERE))
    total = mild + severe
    assert first_infection_incidence(total, theta, 0.104, 3) == pytest.approx(0.360, abs=0.001)
    assert first_infection_incidence(total, theta, 0.104, 12) == pytest.approx(0.558, abs=0.001)
    assert first_infection_incidence(severe, theta, 0, 12) == pytest.approx(0.450, abs=0.001)


def test_distributions_of_the_base_case_are_those_of_the_evidence_table() -> None:
    base = load(SHIPPED["base-case"])
    cause = base.infections.causes["bacterial"]
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
    for table in SHIPPED[name].parent.glob("*.csv"):
        (tmp_path / table.name).write_bytes(table.read_bytes())
    file = tmp_path / "country.toml"
    forgotten = r"^(test_cost|antiviral\.start_cost|harms\.renal_injury\.cost) = .*$"
    file.write_text(re.sub(forgotten, "", SHIPPED[name].read_text(), flags=re.M))
    with pytest.raises(ScenarioError) as caught:
        load(file)
    assert [(problem.place, problem.file) for problem in caught.value.problems] == [
        ("antimicrobials.antiviral.start_cost.unit", str(tmp_path / "base-case.toml")),
        ("igg.test_cost.unit", str(tmp_path / "base-case.toml")),
        ("immunoglobulin.harms.renal_injury.cost.unit", str(tmp_path / "base-case.toml")),
    ]


def test_country_scenarios_state_only_what_differs_from_the_base_case() -> None:
    base = load(SHIPPED["base-case"])
    epidemiology = ("patients", "targets", "utilities", "strategies")
    for name in ("bcma-uk-nice", "bcma-italy"):
        country = load(SHIPPED[name])
        stated = tomllib.loads(SHIPPED[name].read_text())
        if name == "bcma-uk-nice":
            # Age, sex and a life table, and so deaths of the disease apart from those of the general population.
            assert set(stated.pop("patients")) == {"age_years", "male_proportion"}
        assert not set(stated) & set(epidemiology)
        values = {path: quantity.value for path, quantity, _ in quantities(country)}
        same = {path: quantity.value for path, quantity, unit in quantities(base) if not unit.startswith("USD")}
        of_the_country = {path for path in same if path.startswith(("analysis.", "voi."))}
        if name == "bcma-uk-nice":
            of_the_country |= {path for path in same if path.startswith("treatment.death_rate_per_month.")}
        assert {path: values[path] for path in same.keys() - of_the_country} == {
            path: same[path] for path in same.keys() - of_the_country
        }


def test_every_base_case_strategy_has_the_same_antimicrobial_package() -> None:
    base = load(SHIPPED["base-case"])
    packages = {strategy.antimicrobials for strategy in base.strategies.values()}
    assert packages == {("antiviral", "pneumocystis_prophylaxis", "hbv_prophylaxis", "cmv_pcr")}
    assert set(base.antimicrobials) == set(*packages)


def test_the_marginal_scenario_differs_from_the_base_case_in_the_reading_of_the_hazard_ratio_alone() -> None:
    base, read = load(SHIPPED["base-case"]), load(SHIPPED["marginal-effect"])
    assert (base.immunoglobulin.effect, read.immunoglobulin.effect) == ("subject", "marginal")
    assert read.immunoglobulin.hr == base.immunoglobulin.hr
    for part in ("analysis", "patients", "targets", "agents", "treatment", "infections", "strategies", "utilities"):
        assert getattr(read, part) == getattr(base, part)


def test_structural_alternatives_turn_every_other_switch() -> None:
    base, turned = load(SHIPPED["base-case"]), load(SHIPPED["structural-alternatives"])
    assert turned.strategies == base.strategies
    assert turned.patients.frailty_variance.value == 0 < base.patients.frailty_variance.value
    assert len(turned.targets["BCMA"].hazard_periods) > len(base.targets["BCMA"].hazard_periods) == 1
    assert base.immunoglobulin.benefit_below_igg_mg_dl is None
    assert turned.immunoglobulin.benefit_below_igg_mg_dl is not None
    assert base.treatment.reduced_frequency is None
    assert turned.treatment.reduced_frequency is not None
    assert (base.treatment.include_drug_cost, turned.treatment.include_drug_cost) == (False, True)
    assert turned.immunoglobulin.adherence.value < base.immunoglobulin.adherence.value == 1
    assert len(turned.patients.correlations) == 3
