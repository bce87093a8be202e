"""The 28 items of CHEERS 2022 (Husereau, Value Health 2022;25:3), filled from scenario and run where they can be.

The statement's items are named in our words; its full text says what each asks. What only the authors know is marked
as theirs to write.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sim.report.document import assumptions, inputs
from sim.report.page.folder import RunFolder
from sim.report.page.parts import Section, grid, listed
from sim.scenario import Scenario

AUTHOR = "for the authors to write"


@dataclass(frozen=True)
class Facts:
    """What items are filled from."""

    scenario: Scenario
    kinds: tuple[str, ...]
    assumed: int
    total: int
    subgroups: int

    def has(self, *kinds: str) -> bool:
        """Whether an analysis of one of these kinds is in the report."""
        return any(kind in self.kinds for kind in kinds)


Filler = Callable[[Facts], str]


def _author(what: str) -> Filler:
    return lambda facts: f"{AUTHOR}: {what}"


def _population(f: Facts) -> str:
    agents = listed(
        [f.scenario.agents[name].label for name, share in f.scenario.patients.agents.items() if share.value]
    )
    return (
        f"Patients starting {agents}; distributions of weight, immunoglobulins, M-protein, frailty and serostatus "
        "are under "
        f"Inputs (patients). {AUTHOR.capitalize()}: age, sex and how patients are selected, where the scenario "
        "does not say."
    )


def _outcomes(f: Facts) -> str:
    return (
        "QALYs and costs; infections by cause and grade, deaths of infection, hospital days, grams of immunoglobulin."
    )


def _valuation(f: Facts) -> str:
    u = f.scenario.utilities
    return (
        f"Utilities {u.on_treatment.value:g} on treatment and {u.off_treatment.value:g} after it, less losses by "
        "infections and "
        f"toxicities; sources under Inputs (utilities, infections). {AUTHOR.capitalize()}: whose preferences they "
        "are."
    )


def _uncertainty(f: Facts) -> str:
    done = [words for kind, words in _ANALYSES.items() if f.has(kind)]
    return (
        f"Methods say how; in this report: {listed(done)}."
        if done
        else f"No analysis of uncertainty is in this report; {AUTHOR}."
    )


_ANALYSES = {
    "run": "Monte Carlo error of every mean and difference",
    "psa": "a probabilistic analysis with acceptability curves and value of information",
    "tornado": "one-way sensitivity",
    "two-way": "two-way sensitivity",
    "threshold": "thresholds of an input",
    "price": "break-even prices",
    "sweep": "a sweep over inputs",
    "compare": "alternative scenarios",
    "voi": "value of information",
    "calibrate": "a joint posterior of the quantities fitted to published data",
    "capacity": "intervals over replications of a programme",
}


def _heterogeneity(f: Facts) -> str:
    if f.has("psa") and f.subgroups:
        return f"{f.subgroups} subgroups, the decision in each and the value of deciding apart, under Subgroups."
    return (
        "Patients differ in frailty, weight, immunoglobulins and serostatus; no subgroup was analysed. "
        f"{AUTHOR.capitalize()}."
    )


def _main(f: Facts) -> str:
    if f.has("run", "psa"):
        return (
            "Costs, QALYs, incremental results and undiscounted outcomes are under Base case and Parameter "
            "uncertainty."
        )
    return f"This report holds no base case; {AUTHOR}."


def _time(f: Facts) -> str:
    return (
        f"{f.scenario.analysis.horizon_months.value:g} months. Source: "
        f"{f.scenario.analysis.horizon_months.source or 'none given'}."
    )


def _discount(f: Facts) -> str:
    a = f.scenario.analysis
    costs, health = a.discount_rate_costs_per_year, a.discount_rate_effects_per_year
    return (
        f"Costs {costs.value:.2%}, health {health.value:.2%} a year. Sources: {costs.source or 'none given'}; "
        f"{health.source or 'none given'}."
    )


def _setting(f: Facts) -> str:
    return (
        f"{f.scenario.analysis.country}. {AUTHOR.capitalize()}: location and setting of care, where they bear on the "
        "results."
    )


def _comparators(f: Facts) -> str:
    names = listed([f.scenario.strategies[name].label for name in f.scenario.strategy_names])
    return f"{names}. {AUTHOR.capitalize()}: why these and not others."


def _perspective(f: Facts) -> str:
    return f"{f.scenario.analysis.perspective}. {AUTHOR.capitalize()}: why it was chosen."


def _currency(f: Facts) -> str:
    a = f.scenario.analysis
    return (
        f"{a.currency} of {a.price_year}. {AUTHOR.capitalize()}: conversion, where a price came from another year or "
        "country."
    )


def _assumptions(f: Facts) -> str:
    return (
        f"Methods describe extrapolation, discounting and estimators; {f.assumed} of {f.total} inputs are assumed, "
        "recalled or without a source, and are marked under Inputs."
    )


def _parameters(f: Facts) -> str:
    return (
        f"All {f.total} inputs with value, unit, distribution or range, and source, under Inputs; assumptions are "
        "marked."
    )


def _effect(f: Facts) -> str:
    if f.has("psa", "tornado", "two-way", "threshold", "price", "sweep", "compare", "voi", "calibrate"):
        return "Under Decision uncertainty, Value of information and the sensitivity analyses of this report."
    return (
        f"Only Monte Carlo error is shown: parameters stood at their base values. {AUTHOR.capitalize()}, or add "
        "igsim "
        "psa and dsa."
    )


ITEMS: Sequence[tuple[str, str, Filler]] = (
    (
        "Title",
        "title",
        lambda f: f"“{f.scenario.title}”. {AUTHOR.capitalize()}: a title that names it an economic evaluation.",
    ),
    ("Abstract", "abstract", _author("a structured abstract; the summary above gives the results to draw on")),
    ("Introduction", "background and objectives", _author("context, question and relevance for decisions")),
    ("Methods", "health economic analysis plan", _author("whether there was a plan, and where it is")),
    ("Methods", "study population", _population),
    ("Methods", "setting and location", _setting),
    ("Methods", "comparators", _comparators),
    ("Methods", "perspective", _perspective),
    ("Methods", "time horizon", _time),
    ("Methods", "discount rate", _discount),
    ("Methods", "selection of outcomes", _outcomes),
    (
        "Methods",
        "measurement of outcomes",
        lambda f: (
            "Counted in the simulation event by event; rates, grades and their sources under Inputs (infections)."
        ),
    ),
    ("Methods", "valuation of outcomes", _valuation),
    (
        "Methods",
        "resources and costs",
        lambda f: (
            "Costs by item, with unit prices and sources under Inputs; quantities are counted in the simulation."
        ),
    ),
    ("Methods", "currency, price date, conversion", _currency),
    (
        "Methods",
        "rationale and description of the model",
        lambda f: f"Methods, and docs/model.md of igsim, which is open. {AUTHOR.capitalize()}: why this structure.",
    ),
    ("Methods", "analytics and assumptions", _assumptions),
    ("Methods", "heterogeneity", _heterogeneity),
    ("Methods", "distributional effects", _author("no equity weights are part of the model")),
    ("Methods", "uncertainty", _uncertainty),
    ("Methods", "engagement with patients and others affected", _author("whom the study was discussed with")),
    ("Results", "study parameters", _parameters),
    ("Results", "summary of main results", _main),
    ("Results", "effect of uncertainty", _effect),
    ("Results", "effect of engagement", _author("what it changed")),
    (
        "Discussion",
        "findings, limitations, generalisability, current knowledge",
        lambda f: (
            f"What the scenario leaves out is said under Decision problem. {AUTHOR.capitalize()}: the discussion."
        ),
    ),
    ("Other", "source of funding", _author("who paid, and their part")),
    ("Other", "conflicts of interest", _author("of each author")),
)


def cheers_section(folders: Sequence[RunFolder], scenario: Scenario) -> Section:
    """The checklist as a table."""
    facts = Facts(
        scenario=scenario,
        kinds=tuple(folder.kind for folder in folders),
        assumed=len(assumptions(scenario)),
        total=len(inputs(scenario)),
        subgroups=len(scenario.subgroups),
    )
    rows = []
    for place, (part, topic, fill) in enumerate(ITEMS, start=1):
        text = fill(facts)
        rows.append((str(place), part, topic, status_of(text), text))
    filled = sum(row[3] == "filled" for row in rows)
    partly = sum(row[3] == "partly" for row in rows)
    words = (
        f"Of the {len(ITEMS)} items {filled} are filled from the scenario and the run, {partly} partly, and "
        f"{len(ITEMS) - filled - partly} are the authors' to write. The checklist is that of CHEERS 2022 "
        "(Husereau, Value "
        "Health 2022;25:3); items are named in our words."
    )
    shown = grid("CHEERS 2022", ("item", "part", "topic", "", "reported"), rows, left=5, small=True)
    return Section("cheers", "Reporting checklist", (words,), items=(shown,))


def status_of(text: str) -> str:
    """Whether an item is filled, partly filled, or the authors'."""
    if text.startswith(AUTHOR):
        return "authors"
    return "partly" if AUTHOR in text or AUTHOR.capitalize() in text else "filled"


__all__ = ["ITEMS", "cheers_section", "status_of"]
