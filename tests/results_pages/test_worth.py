"""What is said of the value of more evidence is true of the numbers, and of no more than they show."""

from __future__ import annotations

import dataclasses
from typing import Any

import sim
from docs.building.results_pages import worth
from sim.report.page.folder import RunFolder
from sim.scenario import shipped_scenarios
from tests.results_pages.made_up import folder


def studied(size: float | None, enbs: float, error: float, worth: float) -> Any:
    best = {"wtp": 1e5, "design": "t", "n_per_arm": size, "enbs": enbs, "enbs_se": error}
    by_wtp = [{"wtp": 1e5, "population_evpi": worth, "population_evpi_se": 1e4}]
    designs = [{"name": "t", "label": "A trial", "fixed_cost": 1e6, "cost_per_patient": 10.0}]
    return folder({"best_sizes": [best], "by_wtp": by_wtp, "designs": designs})


def test_whether_a_trial_is_worth_running():
    never = " ".join(worth.trials({"US": studied(None, -1e6, 10.0, 1e5)}))
    assert "In none of 1 decisions is the trial worth its cost beyond noise, whatever its size." in never
    assert "Not even perfect information for all patients concerned would be worth the fixed cost" in never
    assert "US at 100,000 per QALY" in never
    pays = " ".join(worth.trials({"US": studied(200, 5e6, 1e5, 9e6), "UK": studied(None, -1e6, 10.0, 2e6)}))
    assert "Of 2 decisions the trial is worth its cost, beyond noise, in 1: US at 100,000 (200 per arm, ENBS" in pays
    assert "Not even perfect" not in pays
    doubt = " ".join(worth.trials({"US": studied(200, 5e4, 1e5, 9e6)}))
    assert "In none of 1 decisions" in doubt
    assert "Noise could make it worthless, where its best size has a value above 0: US at 100,000." in doubt


def learnt(name: str, value: float, error: float, less: str = "", wtp: float = 5e4) -> Any:
    return {"wtp": wtp, "name": name, "evppi": value, "standard_error": error, "less_than_member": less}


def test_only_values_clear_of_their_errors_are_worth_learning():
    rows = [learnt("a", 100.0, 10.0), learnt("b", 30.0, 20.0), learnt("c", 200.0, 10.0, less="a")]
    (sentence,) = worth.learning(folder({"evppi": rows}))
    assert sentence == "Most worth learning at 50,000 per QALY, USD per patient: a (100.0 ± 10.0)."
    unclear = [learnt("b", 30.0, 20.0), learnt("b", 30.0, 20.0, wtp=1e5)]
    (sentence,) = worth.learning(folder({"evppi": unclear}))
    assert "No parameter or group alone" in sentence
    assert sentence.endswith("at 50,000 and 100,000 USD per QALY.")


def with_leads(*pairs: tuple[str, str]) -> RunFolder:
    rows = [{"wtp": 1e5 * place, "best": best, "next": second} for place, (best, second) in enumerate(pairs, start=1)]
    return dataclasses.replace(folder({"leads": rows}), scenarios=(sim.load(shipped_scenarios()["base-case"]),))


def test_the_arms_of_the_trial_beside_the_decisions():
    """The base case's trial randomises between primary and preemptive."""
    between, other = ("preemptive", "primary"), ("none", "secondary")
    for pairs, said in (
        ([other, other], "in none of 2 decisions are these the two strategies of highest expected net benefit."),
        ([between, between], "in all 2 decisions these are the two strategies of highest expected net benefit."),
        ([between, other], "these are not the two strategies of highest expected net benefit in US at 200,000."),
    ):
        draws = with_leads(*pairs)
        (sentence,) = worth.arms_beside_decisions({"US": draws}, {"US": draws})
        assert sentence.startswith("The trial randomises between Preemptive and Primary; ")
        assert sentence.endswith(said)


def test_a_population_taken_over_is_said_to_be_so():
    ours, base = with_leads(), with_leads()
    assert "keep the number of patients of those of B" in worth.same_population(ours, base, ("G", "B"))
    fewer = sim.load(shipped_scenarios()["base-case"], overrides={"voi.patients_per_year": 900})
    own = dataclasses.replace(ours, scenarios=(fewer,))
    assert worth.same_population(own, base, ("G", "B")) == ""
