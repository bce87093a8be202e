"""What was asked and how it was answered: decision problem, methods, and every input with its source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sim.build.strategies import strategy_of
from sim.explain import words as start_in_words
from sim.report.page.folder import RunFolder
from sim.report.page.parts import Grid, Section, grid, listed
from sim.report.text import number
from sim.scenario import Quantity, Scenario, input_names, quantities, standing_words

MARKS = {"assumption": "assumed", "recalled": "recalled", "no source": "no source"}
PARTS = {
    "analysis": "Decision problem",
    "patients": "Patients",
    "targets": "Targets of the bispecifics",
    "agents": "Bispecific antibodies",
    "treatment": "Course of treatment",
    "crs": "Cytokine release syndrome (CRS)",
    "icans": "Neurotoxicity (ICANS)",
    "tocilizumab": "Tocilizumab",
    "infections": "Infections",
    "immunoglobulin": "Immunoglobulin",
    "regimens": "Other regimens of immunoglobulin",
    "antimicrobials": "Antimicrobials",
    "igg": "Immunoglobulins in serum and their measurement",
    "laboratory": "Laboratory work",
    "utilities": "Utilities",
    "strategies": "Strategies",
    "voi": "Value of research",
    "calibration": "Calibration",
    "programme": "Infusion programme",
}
"""Parts of a scenario in words."""


def problem_section(folder: RunFolder, scenario: Scenario) -> Section:
    """The decision problem, as the scenario states it."""
    a = scenario.analysis
    drug = "counted" if scenario.treatment.include_drug_cost else "not counted"
    rows = [
        ("country", a.country),
        ("perspective", a.perspective),
        ("time horizon", f"{a.horizon_months.value:g} months from the first dose"),
        (
            "discounting",
            f"costs {a.discount_rate_costs_per_year.value:.2%}, health "
            f"{a.discount_rate_effects_per_year.value:.2%} a year, "
            "continuously: (1 + rate) to the power of minus years",
        ),
        ("currency and price year", f"{a.currency} of {a.price_year}"),
        ("willingness to pay per QALY", listed([f"{number(wtp)} {a.currency}" for wtp in a.wtp_per_qaly])),
        (
            "outcomes",
            "costs, life-years, QALYs, infections by cause and grade, deaths, hospital days, immunoglobulin",
        ),
        ("cost of the bispecific", drug),
        (
            "agents",
            listed(
                [
                    f"{agent.label} ({_share(scenario, name):.0%})"
                    for name, agent in scenario.agents.items()
                    if _share(scenario, name)
                ]
            ),
        ),
    ]
    compared = [(scenario.strategies[name].label, name, _ordered(scenario, name)) for name in scenario.strategy_names]
    setting = grid("Setting", ("", ""), rows, left=2)
    strategies = grid(
        "Strategies compared",
        ("strategy", "name in the scenario", "immunoglobulin is ordered"),
        compared,
        left=3,
    )
    about = " ".join(scenario.description.split())
    items: tuple[Grid, ...] = (setting, strategies)
    if len(folder.scenarios) > 1:
        items = (_compared(folder), *items)
        about = f"Setting, strategies and this text are those of the first scenario. {about}"
    return Section("problem", "Decision problem", (about,) if about else (), items=items)


def _ordered(scenario: Scenario, name: str) -> str:
    """When a strategy orders immunoglobulin, and when it is first infused."""
    start = start_in_words(strategy_of(name, scenario).start)
    delay = getattr(scenario.strategies[name].start, "delay_days", None)
    return f"{start}; first infusion {delay.value:g} days later" if delay is not None and delay.value else start


def _compared(folder: RunFolder) -> Grid:
    """Scenarios that are set side by side, under the names that tables give them."""
    names = dict.fromkeys(str(row["scenario"]) for row in folder.document["incremental"])
    rows = [
        (name, one.title, f"{one.analysis.country}, {one.analysis.perspective}")
        for name, one in zip(names, folder.scenarios, strict=True)
    ]
    return grid("Scenarios compared", ("name", "title", "setting"), rows, left=3)


def _share(scenario: Scenario, agent: str) -> float:
    share = scenario.patients.agents.get(agent)
    return share.value if share else 0.0


def inputs_section(scenario: Scenario) -> Section:
    """Every input with its value, distribution and source; assumptions marked."""
    entries, names = list(quantities(scenario)), input_names(scenario)
    words = f"{standing_words(scenario)}. They are marked."
    return Section("inputs", "Inputs and their sources", (words,), items=tuple(_tables(entries, names)))


def _tables(entries: list[tuple[str, Quantity, str]], names: Mapping[str, str]) -> Iterator[Grid]:
    for part in dict.fromkeys(path.split(".")[0] for path, _, _ in entries):
        own = [entry for entry in entries if entry[0].split(".")[0] == part]
        rows = [
            (
                names[path],
                plain_number(quantity.value),
                unit,
                spread(quantity),
                MARKS.get(quantity.standing, ""),
                source_of(quantity),
            )
            for path, quantity, unit in own
        ]
        marks = {
            index: quantity.standing.replace(" ", "-")
            for index, (_, quantity, _) in enumerate(own)
            if quantity.standing in MARKS
        }
        yield Grid(
            PARTS.get(part, part),
            ("input", "value", "unit", "distribution", "", "source"),
            tuple(rows),
            left=6,
            marks=marks,
            paths=tuple(path for path, _, _ in own),
            small=True,
        )


def plain_number(value: float) -> str:
    """A number with all its digits, thousands apart: 2,000,000, not 2e+06."""
    return f"{value:,.12g}"


def source_of(quantity: Quantity) -> str:
    """The source, or that there is none."""
    return quantity.source or "no source given"


def spread(quantity: Quantity) -> str:
    """Distribution and what it is fixed by, in words."""
    parts: list[str] = [] if quantity.dist == "fixed" else [quantity.dist]
    if quantity.ci is not None:
        parts.append(f"95 % {plain_number(quantity.ci[0])} to {plain_number(quantity.ci[1])}")
    if quantity.se is not None:
        parts.append(f"SE {plain_number(quantity.se)}")
    if quantity.count is not None:
        parts.append(f"worth {quantity.count:g} patients")
    if quantity.draws is not None:
        parts.append(f"draws of {quantity.draws}")
    if quantity.range is not None:
        parts.append(f"range {plain_number(quantity.range[0])} to {plain_number(quantity.range[1])}")
    return ", ".join(parts) or "fixed"
