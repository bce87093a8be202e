"""What was asked and how it was answered: decision problem, methods, and every input with its source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sim.report.document import inputs
from sim.report.page.folder import RunFolder
from sim.report.page.parts import Grid, Section, grid, listed
from sim.report.text import number
from sim.scenario import Quantity, Scenario, quantities

MARKS = {"assumption": "assumed", "recalled": "recalled"}


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
    compared = [
        (scenario.strategies[name].label, name, scenario.strategies[name].start.rule)
        for name in scenario.strategy_names
    ]
    setting = grid("Setting", ("", ""), rows, left=2)
    strategies = grid(
        "Strategies compared",
        ("strategy", "name in the scenario", "rule that starts immunoglobulin"),
        compared,
        left=3,
    )
    about = " ".join(scenario.description.split())
    return Section("problem", "Decision problem", (about,) if about else (), items=(setting, strategies))


def _share(scenario: Scenario, agent: str) -> float:
    share = scenario.patients.agents.get(agent)
    return share.value if share else 0.0


def methods_section(folder: RunFolder, scenario: Scenario) -> Section:
    """Methods text, filled from the scenario."""
    causes = listed([cause.label for cause in scenario.infections.causes.values()])
    uncertain = sum(quantity.is_uncertain for _, quantity, _ in quantities(scenario))
    effect = (
        "applies to each patient's own rate"
        if scenario.immunoglobulin.effect == "subject"
        else "is read as a cohort's ratio of the first infection and converted to each patient's own under gamma "
        "frailty"
    )
    return Section(
        "methods",
        "Methods",
        (
            "Individual patients are simulated event by event in continuous time, from the first step-up dose to "
            "death or "
            "the horizon. Each has a weight, polyclonal IgG, IgA and IgM, an M-protein, an agent, a serostatus "
            "and a gamma "
            "distributed frailty that multiplies every infection rate. Treatment ends by its own rate, by death, "
            "or by an "
            "infection; death without infection has one rate on treatment and another after it.",
            f"Infections ({causes}) come in two grades as candidates of Poisson processes at the rate without "
            "immunoglobulin. A strategy accepts a candidate if its mark lies under the hazard ratio in force at "
            "that moment "
            "(thinning); severe ones may be fatal, hold treatment or end it. The hazard ratio of immunoglobulin "
            f"{effect}, and holds from the onset lag after the first infusion while the latest infusion is recent "
            "enough.",
            "True IgG falls exponentially towards the level that the suppressed production leaves; the "
            "laboratory measures "
            "it with error and with what it cannot tell apart (M-protein, therapeutic antibody), and a strategy "
            "sees only "
            "what is measured.",
            "Common luck: every random number has an address (seed, decision, patient, occurrence) that does not "
            "contain the "
            "strategy or the parameter draw, so all strategies and draws meet the same patients and the same "
            "luck. An "
            "infection that is averted is the same infection that happens under the other strategy. Differences "
            "are paired "
            "patient by patient, and their Monte Carlo standard errors are those of the paired differences.",
            "Costs and QALYs are discounted continuously. Strategies are ordered by cost; dominated and "
            "extendedly dominated "
            "ones leave the frontier; ICERs run along it, each against the next less costly strategy on it. Net "
            "monetary "
            "benefit is willingness to pay times QALYs minus cost. Limits of an ICER are Fieller's.",
            f"{uncertain} of {len(inputs(scenario))} inputs carry a distribution. A probabilistic analysis draws "
            "them (with "
            "correlations where the scenario states them), plays every draw on the same patients, and separates "
            "patients' "
            "luck from parameter uncertainty by an analysis of variance (O'Hagan, Stevenson and Madan 2007); "
            "acceptability "
            "curves and the expected value of perfect information are given as drawn and with that luck taken "
            "out. The "
            "expected value of partial perfect information is estimated by regression on the draws.",
        ),
    )


def inputs_section(scenario: Scenario) -> Section:
    """Every input with its value, distribution and source; assumptions marked."""
    entries = list(quantities(scenario))
    counts = Counter(_mark(quantity) for _, quantity, _ in entries)
    words = (
        f"{len(entries)} inputs: {counts['assumption']} are assumptions without a direct source, "
        f"{counts['recalled']} were "
        "recalled and not checked against their source, "
        f"{len(entries) - counts['assumption'] - counts['recalled']} have a source. "
        "Assumed and recalled inputs are marked."
    )
    return Section("inputs", "Inputs and their sources", (words,), items=tuple(_tables(entries)))


def _tables(entries: list[tuple[str, Quantity, str]]) -> Iterator[Grid]:
    for part in dict.fromkeys(path.split(".")[0] for path, _, _ in entries):
        own = [entry for entry in entries if entry[0].split(".")[0] == part]
        rows = [
            (
                path.removeprefix(f"{part}."),
                f"{quantity.value:g}",
                unit,
                spread(quantity),
                MARKS.get(_mark(quantity), ""),
                source_of(quantity),
            )
            for path, quantity, unit in own
        ]
        marks = {index: _mark(quantity) for index, (_, quantity, _) in enumerate(own) if _mark(quantity)}
        yield Grid(
            part,
            ("input", "value", "unit", "distribution", "", "source"),
            tuple(rows),
            left=6,
            marks=marks,
            small=True,
        )


def _mark(quantity: Quantity) -> str:
    if quantity.is_assumption:
        return "assumption"
    return "recalled" if quantity.is_recalled else ""


def source_of(quantity: Quantity) -> str:
    """The source, or that there is none."""
    return quantity.source or "no source given"


def spread(quantity: Quantity) -> str:
    """Distribution and what it is fixed by, in words."""
    parts: list[str] = [] if quantity.dist == "fixed" else [quantity.dist]
    if quantity.ci is not None:
        parts.append(f"95 % {quantity.ci[0]:g} to {quantity.ci[1]:g}")
    if quantity.se is not None:
        parts.append(f"SE {quantity.se:g}")
    if quantity.count is not None:
        parts.append(f"worth {quantity.count:g} patients")
    if quantity.draws is not None:
        parts.append(f"draws of {quantity.draws}")
    if quantity.range is not None:
        parts.append(f"range {quantity.range[0]:g} to {quantity.range[1]:g}")
    return ", ".join(parts) or "fixed"
