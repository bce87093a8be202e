"""`igsim cea`, `validate`, `schema`, `init`, `trace`, `verify`, and the command itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim.scenario import load
from tests.cli.conftest import BASE_CASE, REPOSITORY, TUTORIAL, Igsim

COMMANDS = (
    "run", "explain", "trace", "psa", "plot", "dsa", "sweep", "compare", "voi", "cea", "calibrate", "trial",
    "capacity", "report", "dashboard", "validate", "schema", "init", "verify",
)  # fmt: skip

# Toy table of six strategies from the dampack documentation, with both kinds of dominance.
TOY = """case,strategy,cost,effect
toy,E,55000,5
toy,D,35000,4
toy,C,25000,3
toy,B,10000,2
toy,A,12000,1.5
toy,UC,5000,1
other,B,1,1
other,A,2,1
"""

FIVE_FAULTS = """
extends = "base-case.toml"
format = 1

[analysis]
horizon_months = { value = -12, unit = "months", source = "a" }

[infections.causes.bacterial]
case_fatality.grade_3plus = { value = 1.2, source = "b" }

[immunoglobulin]
price_per_gramm = { value = 100, unit = "USD per gram", source = "c" }
administration_cost = { value = 300, unit = "EUR per infusion", source = "d" }

[strategies.late]
label = "Late"
[strategies.late.start]
rule = "igg_below"
threshold_mg_dl = { value = 400, unit = "mg/dL", source = "e" }
delay_days = { value = 7, unit = "days", source = "f" }
"""


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_every_command_explains_itself_with_an_example(igsim: Igsim, command: tuple[str, ...]) -> None:
    said = igsim(*command, "--help")
    assert said.status == 0
    assert "igsim " + " ".join(command) in said.out
    assert ("Example:" if command else "Start with:") in said.out
    # Square brackets are markup to what sets the help, and were once swallowed.
    assert ("--scheduler" in said.out) == ("igsim[cluster]" in said.out)


def test_the_version_is_printed(igsim: Igsim) -> None:
    assert igsim("--version").out.startswith("igsim 0.")


def test_cea_prints_the_incremental_table_of_means(igsim: Igsim, tmp_path: Path) -> None:
    (tmp_path / "toy.csv").write_text(TOY)
    document = igsim("cea", "toy.csv", "--where", "case=toy", "--format", "json").document
    rows = {row["strategy"]: (row["status"], row["icer"]) for row in document["incremental"]}
    assert rows == {
        "UC": ("reference", None),
        "B": ("on frontier", 5000.0),
        "A": ("dominated", None),
        "C": ("extendedly dominated", None),
        "D": ("on frontier", 12500.0),
        "E": ("on frontier", 20000.0),
    }
    said = igsim("cea", "toy.csv", "--where", "case=toy")
    assert "12,500.00" in said.out
    assert "extendedly dominated" in said.out


def test_cea_gives_ceac_ceaf_and_evpi_of_a_psa_table(igsim: Igsim, tmp_path: Path) -> None:
    """Four iterations worked by hand at a threshold of 1,000: b is worth +400, -200, +100, -200 against a."""
    (tmp_path / "psa.csv").write_text(
        "strategy,iteration,cost,qaly\n"
        "a,1,0,0\na,2,0,0\na,3,0,0\na,4,0,0\n"
        "b,1,100,0.5\nb,2,300,0.1\nb,3,100,0.2\nb,4,400,0.2\n"
    )
    document = igsim("cea", "psa.csv", "--wtp", 1000, "--format", "json").document
    (at,) = document["by_wtp"]
    assert at["optimal"] == "b"  # mean benefit 25
    assert at["ceaf"] == 0.5
    assert at["evpi"] == pytest.approx(500 / 4 - 25)
    assert [row["ceac"] for row in document["by_wtp_strategy"]] == [0.5, 0.5]
    said = igsim("cea", "psa.csv", "--wtp", "0:2000:3")
    assert said.status == 0
    assert "CEAC" in said.out
    assert "100.00" in said.out


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["toy.csv"], "--where case=toy"),
        (["absent.csv"], "absent.csv"),
        (["toy.csv", "--wtp", "-5"], "-5"),
        (["toy.csv", "--wtp", "cheap"], "cheap"),
        (["toy.csv", "--wtp", "0:10:1:2"], "START:STOP:N"),
        (["toy.csv", "--where", "case"], "COLUMN=VALUE"),
    ],
)
def test_cea_refuses_what_it_cannot_use(igsim: Igsim, tmp_path: Path, arguments: list[str], word: str) -> None:
    (tmp_path / "toy.csv").write_text(TOY)
    said = igsim("cea", *arguments)
    assert (said.status, said.out) == (2, "")
    assert word in said.err


def test_validate_names_all_five_faults_of_a_file_at_once(igsim: Igsim, tmp_path: Path) -> None:
    (tmp_path / "base-case.toml").write_text(BASE_CASE.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "five.toml").write_text(FIVE_FAULTS)
    said = igsim("validate", "five.toml")
    assert said.status == 2
    for place, found in {
        "analysis.horizon_months": "found -12",
        "infections.causes.bacterial.case_fatality.grade_3plus": "found 1.2",
        "immunoglobulin.price_per_gramm": 'did you mean "price_per_gram"',
        "immunoglobulin.administration_cost": '"EUR per infusion"',
        "strategies.late": "igg_tests",
    }.items():
        (line,) = [line for line in said.err.splitlines() if f" {place}" in line]
        assert found in line
        assert "five.toml" in line
    document = igsim("validate", "five.toml", "--format", "json").document
    assert document["valid"] is False
    assert len(document["problems"]) == 5


def test_validate_lists_every_input_with_its_source(igsim: Igsim) -> None:
    said = igsim("validate", BASE_CASE, "--strict")
    assert (said.status, said.out.count(": valid. ")) == (0, 1)
    assert "immunoglobulin.price_per_gram" not in said.out
    whole = igsim("validate", BASE_CASE, "--inputs").out.splitlines()
    assert sum(line.startswith(" immunoglobulin.price_per_gram ") for line in whole) == 1
    assert " ".join(whole).count(": valid. ") == 2
    document = igsim("validate", BASE_CASE, "--format", "json").document
    assert document["valid"] is True
    assert all(entry["source"] for entry in document["inputs"])


def test_schema_is_a_json_schema(igsim: Igsim) -> None:
    document = igsim("schema").document
    assert document["$schema"].startswith("https://json-schema.org/")
    assert "immunoglobulin" in json.dumps(document)


def test_init_writes_a_scenario_that_runs_and_overwrites_nothing(igsim: Igsim, tmp_path: Path) -> None:
    said = igsim("init", "mine.toml", "--from", "bcma-uk-nice")
    assert said.status == 0
    assert igsim("validate", "mine.toml").status == 0
    assert igsim("run", "mine.toml", "--patients", 50, "--no-save").status == 0
    before = (tmp_path / "mine.toml").read_bytes()
    again = igsim("init", "mine.toml")
    assert again.status == 2
    assert "mine.toml" in again.err
    assert (tmp_path / "mine.toml").read_bytes() == before
    assert igsim("init", "other.toml", "--from", "nowhere").status == 2


def test_trace_says_which_infection_was_averted_and_by_what(igsim: Igsim) -> None:
    # Patient 5 of the tutorial falls ill under none and secondary and is protected under primary.
    said = igsim("trace", TUTORIAL, "--patient", 5)
    assert said.status == 0
    assert "Where the strategies part" in said.out
    words = " ".join(said.out.split())
    assert "happens under none, secondary; averted by immunoglobulin (HR 0.4, last infusion month" in words
    assert "under primary." in words
    document = igsim("trace", TUTORIAL, "--patient", 5, "--format", "json").document
    assert [strategy["name"] for strategy in document["strategies"]] == ["none", "primary", "secondary"]
    for strategy in document["strategies"]:
        infections = [event for event in strategy["events"] if event["event"] == "infection"]
        assert strategy["totals"]["infections_any"] == len(infections)
        assert strategy["events"][-1]["event"] in {"infection_death", "other_death", "horizon"}
    assert igsim("trace", TUTORIAL, "--patient", -1).status == 2


def test_explain_shows_who_which_hazards_which_rules_and_every_source(igsim: Igsim) -> None:
    path = REPOSITORY / "scenarios" / "indication-based.toml"
    said = igsim("explain", path)
    assert said.status == 0
    words = " ".join(said.out.split())
    for expected in (
        "Who, at the first dose",
        "elranatamab",
        "respiratory_viral",
        "(measured IgG is under 400 mg/dL and (an infection of grade ≥ 3 came within the last 12 months",
        "the patient had an anti-CD38 antibody and measured IgA is under 70 mg/dL and measured IgM is under 40 mg/dL",
        "SCIG, 0.1 g/kg every 0.23 months",
        "gamma frailty of variance 0.6",
        "BCMA constant; GPRC5D constant",
        "x 0.75 after 12 months without one; ended after 24 months without one; hazard ratio hr ^ (dose ^ 0.5)",
        "Each number and its source",
    ):
        assert expected in words
    document = igsim("explain", path, "--format", "json").document
    (bacterial,) = [
        row
        for row in document["hazards"]
        if (row["target"], row["cause"], row["grade"]) == ("BCMA", "bacterial", "grade_3plus")
    ]
    scenario = load(path)
    rate = scenario.infections.causes["bacterial"].rate_per_month["BCMA"].grade_3plus.value
    assert (bacterial["rate_per_month"], bacterial["hr_immunoglobulin"]) == (rate, 0.38)
    assert {entry["input"] for entry in document["inputs"]} >= {"immunoglobulin.price_per_gram", "igg.low_mg_dl"}
    agents = {row["agent"]: row for row in document["agents"]}
    assert agents["elranatamab"]["step_up"] == (
        "day 0: 12 mg (48 h in hospital), day 3: 32 mg (24 h in hospital), day 7: 76 mg"
    )
    assert {name: row["step_up_hospital_days"] for name, row in agents.items()} == {
        "teclistamab": 6, "elranatamab": 3, "linvoseltamab": 2, "talquetamab": 7,
    }  # fmt: skip
    drugs = {row["antimicrobial"]: row for row in document["antimicrobials"]}
    pcr = scenario.antimicrobials["cmv_pcr"]
    assert pcr.viraemia is not None
    assert drugs["cmv_pcr"]["given_to"] == "positive for cmv"
    assert drugs["cmv_pcr"]["share_of_them_who_take_it"] == pcr.adherence.value
    assert drugs["cmv_pcr"]["viraemias_found_per_month_BCMA"] == pcr.viraemia.found_per_month["BCMA"].value
    assert drugs["antiviral"]["given_to"] == "everybody"
    assert drugs["antiviral"]["share_of_these_treated"] == 0
    assert drugs["antiviral"]["course_cost"] is None
    assert agents["teclistamab"]["drug_cost_per_month"] is None  # not counted here
    marginal = igsim(
        "explain",
        path,
        "--set",
        'immunoglobulin.effect="marginal"',
        "--set",
        "immunoglobulin.marginal_follow_up_months=6",
        "--format",
        "json",
    ).document
    ratios = {row["hr_immunoglobulin"] for row in marginal["hazards"] if row["grade"] == "grade_3plus"}
    assert max(ratios) < 0.38  # further from 1 than the cohort's ratio
    shaped = {row["choice"]: row["here"] for row in marginal["choices"]}
    assert shaped["hazard ratios of immunoglobulin"].startswith("those of a cohort followed for 6 months")


def test_explain_says_which_structural_choices_were_turned(igsim: Igsim) -> None:
    document = igsim(
        "explain", REPOSITORY / "scenarios" / "structural-alternatives.toml", "--format", "json"
    ).document
    shaped = {row["choice"]: row["here"] for row in document["choices"]}
    assert shaped == {
        "risk among patients": "the same for all; correlated: igg_polyclonal_mg_dl and iga_mg_dl 0.5, "
        "igg_polyclonal_mg_dl and igm_mg_dl 0.4, iga_mg_dl and igm_mg_dl 0.4",
        "infection rates by time on treatment": "BCMA x 1.1 from month 0, x 0.59 from month 2; "
        "GPRC5D x 1.78 from month 0, x 0.16 from month 2",
        "infection rates after the bispecific": "x 0.5",
        "responders": "dosed less often from month 6: infection rates x 0.85, drug cost x 0.63",
        "hazard ratios of immunoglobulin": "those of each patient, as stated",
        "immunoglobulin works": "only while true polyclonal IgG is < 400 mg/dL",
        "protection, standard regimen": "from 7 days after the first infusion, for 35 days after each; "
        "85 % of infusions are given",
        "protection, scig": "from 14 days after the first infusion, for 14 days after each; "
        "100 % of infusions are given",
        "immunoglobulin after the bispecific": "window of 1 more months",
        "dose of immunoglobulin": "fixed",
        "price of the bispecific": "counted",
    }
    agents = {row["agent"]: row for row in document["agents"]}
    assert agents["teclistamab"]["drug_cost_per_month"] == 39_500


def test_verify_passes_and_prints_what_it_compared(igsim: Igsim) -> None:
    said = igsim("verify", TUTORIAL, "--patients", 5000)
    assert said.status == 0, said.out
    assert "all passed" in said.out
    assert "FAILED" not in said.out
    document = igsim("verify", TUTORIAL, "--patients", 5000, "--format", "json").document
    assert document["passed"] is True
    compared = {check["claim"]: check["compared"] for check in document["scenarios"][0]["checks"]}
    for words in ("event by event", "exact values of the Markov chain", "would notice a wrong model", "exactly once"):
        assert any(words in claim for claim in compared)
    assert all(compared.values())


def test_shipped_scenarios_are_found_by_name() -> None:
    from sim.scenario import shipped_scenarios

    found = shipped_scenarios()
    assert set(found) == {
        "base-case",
        "gprc5d-us",
        "bcma-uk-nice",
        "bcma-italy",
        "calibrated",
        "calibration",
        "indication-based",
        "structural-alternatives",
        "marginal-effect",
        "programme-shortage",
        "trials",
        "tutorial",
    }
    assert found["tutorial"].read_bytes() == (REPOSITORY / "scenarios" / "tutorial.toml").read_bytes()
    assert load(found["base-case"], strict=True).strategy_names == ("none", "primary", "preemptive", "secondary")


def test_costs_and_effects_of_two_files(igsim, tmp_path):
    """As SAVI, BCEA, dampack and voi keep them: the answer of one table of both."""
    (tmp_path / "costs.csv").write_text("A,B\n10,20\n12,25\n")
    (tmp_path / "effects.csv").write_text("A,B\n1,1.5\n1,1.2\n")
    (tmp_path / "both.csv").write_text("cost_A,cost_B,qaly_A,qaly_B\n10,20,1,1.5\n12,25,1,1.2\n")
    two = igsim("cea", "costs.csv", "--effects", "effects.csv", "--wtp", "30", "--format", "json").document
    one = igsim("cea", "both.csv", "--wtp", "30", "--format", "json").document
    assert two["incremental"] == one["incremental"]
    assert two["by_wtp"] == one["by_wtp"]
    refused = igsim("cea", "costs.csv", "--effects", "effects.csv", "--where", "A=10")
    assert (refused.status, refused.out) == (2, "")
    assert "--where" in refused.err
