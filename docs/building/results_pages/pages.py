"""The pages: which questions each answers, from which run folders."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from docs.building.results_pages import across, words, worth
from docs.building.results_pages.markdown import Page
from docs.building.results_pages.plays import Plays
from docs.building.results_pages.settings import Setting, alternatives, indications, settings
from docs.building.results_pages.stamp import stamp
from sim.report.page.folder import RunFolder
from sim.report.page.parts import Grid, listed
from sim.report.page.psa_results import decision_grid, evppi_grids, psa_sentences
from sim.report.page.run_results import benefit_grid, efficiency_grid, incremental_grid, run_sentences
from sim.report.page.voi_results import voi_sections, voi_sentences
from sim.report.text import number
from sim.scenario import standing_words

COMMAND = "make results-pages"
DRIVERS = 15
"""Inputs that are moved under other payers: those that move the decision most at US prices."""
READING = (
    "± is one Monte Carlo standard error; differences between strategies are paired, patient by patient, for all of "
    "them meet the same patients with the same luck. The sentences are made from the numbers and their errors: a "
    "difference is told of only where it exceeds 1.96 of these. They say what follows from the inputs, and recommend "
    "nothing."
)


@dataclass(frozen=True)
class Made:
    """A page and what it rests on."""

    page: Page
    settings: tuple[Setting, ...]


def of_page(name: str) -> tuple[Setting, ...]:
    """The settings that a page rests on."""
    six = settings()
    chosen: Mapping[str, Iterable[Setting]] = {
        "index": six.values(),
        "base-case": [six["bcma-us"]],
        "anti-gprc5d": [six["gprc5d-us"], six["bcma-us"]],
        "payers": six.values(),
        "structure": [*alternatives().values(), indications()],
        "research": six.values(),
    }
    return tuple(chosen[name])


def ending(page: Page, played: Sequence[Setting], plays: Plays, size: str) -> Made:
    """How the numbers were made, and of what."""
    page.heading("How these numbers were made")
    page.prose(
        f"By `{COMMAND}`, which plays the scenarios through the Python interface and writes this page from their run "
        f"folders: {size}. Digest and check tell of which scenario and which model: `make test` says that the page "
        "is stale when either has changed."
    )
    page.lines.append(stamp(played))
    return Made(page, tuple(played))


def _assumed(page: Page, folder: RunFolder) -> None:
    """What the scenario says of itself, and how much of it is assumed."""
    scenario = folder.scenarios[0]
    page.say(" ".join(scenario.description.split()))
    page.prose(
        f"{standing_words(scenario)}; `igsim explain` lists each with its source. What follows is no firmer than "
        "they are."
    )


def base_case(plays: Plays) -> Made:
    """The base case, as the results section of a paper."""
    setting = settings()["bcma-us"]
    page = Page("base-case", "Results: anti-BCMA, United States (base case)")
    _one_setting(page, plays, setting)
    return ending(page, of_page(page.name), plays, _sizes(plays, "run", "psa", "tornado", "search"))


def anti_gprc5d(plays: Plays) -> Made:
    """The other target, and what sets it apart."""
    own, base = settings()["gprc5d-us"], settings()["bcma-us"]
    page = Page("anti-gprc5d", "Results: anti-GPRC5D, United States")
    _one_setting(page, plays, own)
    page.heading("Beside anti-BCMA")
    one, other = plays.run(own), plays.run(base)
    page.points(words.beside(one, other, (own.target, base.target)))
    page.points(
        [
            *(f"{own.target}: {text}" for text in words.ratios(one)),
            *(f"{base.target}: {text}" for text in words.ratios(other)),
        ]
    )
    page.say(
        "The hazard ratio is the same in both scenarios: none for anti-GPRC5D alone was found, so what differs is "
        "how often patients are infected, how their IgG recovers, and how long they are treated."
    )
    return ending(page, of_page(page.name), plays, _sizes(plays, "run", "psa", "tornado", "search"))


def _one_setting(page: Page, plays: Plays, setting: Setting) -> None:
    run, psa, tornado = plays.run(setting), plays.psa(setting), plays.tornado(setting)
    money, wtp = run.currency, max(run.settings["wtp_per_qaly"])
    _assumed(page, run)
    page.say(READING)
    page.heading("Costs and health at base values")
    page.points([*run_sentences(run), *words.ratios(run)])
    page.table(incremental_grid(run))
    page.table(benefit_grid(run))
    page.figure("costs", run.figures.draw("costs_by_item"), f"Cost of each strategy by item, {money} per patient")
    page.heading("Infections, deaths and grams")
    page.points(words.averted(run))
    page.table(efficiency_grid(run))
    page.heading("Under parameter uncertainty")
    page.points([words.agreement(run, psa), *psa_sentences(psa)])
    page.table(decision_grid(psa))
    page.figure(
        "ceac", psa.figures.draw("ceac"), "Probability that each strategy is the best, over willingness to pay"
    )
    page.heading("What drives the decision")
    page.points(
        [*words.drivers(tornado), *words.by_price(plays.price(setting)), *words.by_effect(plays.effect(setting))]
    )
    page.figure("tornado", tornado.figures.draw("tornado"), f"One-way sensitivity at {number(wtp)} {money} per QALY")
    page.say(
        "The bounds of an input are its range or interval in the scenario, so a wide bar tells as much of what is "
        "not known as of what matters."
    )


def payers(plays: Plays) -> Made:
    """Both targets under three payers, each at its own willingness to pay."""
    page = Page("payers", "Results: United States, England and Italy")
    six = settings()
    page.say(
        "Two drug targets, each under three payers at the payer's own prices, discount rates and willingness to pay. "
        "Currencies are not converted. Epidemiology, effects and utilities are those of the base case everywhere but "
        "for mortality in England, where part of the deaths comes from a life table. No scenario of anti-GPRC5D is "
        "shipped for England and Italy: they are made by laying its own tables over the payer's scenario (below)."
    )
    _decisions(page, "The decision", plays, six.values())
    page.heading("Costs per QALY and break-even prices")
    page.table(across.ratios_grid(plays, six.values()))
    for setting in six.values():
        page.heading(setting.title)
        run = plays.run(setting)
        page.points(
            [*words.ratios(run), *words.by_price(plays.price(setting)), *words.by_effect(plays.effect(setting))]
        )
        page.table(incremental_grid(run))
        page.points(
            words.drivers(
                _tornado(plays, setting), "" if setting.at_home else "those that move it most in the United States"
            )
        )
    size = _sizes(plays, "run", "psa", "tornado", "search")
    size += f"; outside the United States the {DRIVERS} inputs that move the decision most there are moved"
    return ending(page, of_page(page.name), plays, size)


def _tornado(plays: Plays, setting: Setting) -> RunFolder:
    """All inputs at US prices; elsewhere those that move the same target's decision most there."""
    six = settings()
    if setting.at_home:
        return plays.tornado(setting)
    at_home = plays.tornado(six[f"{setting.name.split('-')[0]}-us"])
    return plays.tornado(setting, [row["path"] for row in at_home.document["tornado"][:DRIVERS]])


def structure(plays: Plays) -> Made:
    """Other assumptions about the shape of things, one at a time and all at once."""
    page = Page("structure", "Results: other assumptions about structure")
    chosen = alternatives()
    compared = plays.compare(chosen)
    page.say(
        "Every structural choice of the base case (anti-BCMA, United States) is turned the other way: alone, by "
        "laying a table of scenarios/structural-alternatives.toml over it, then all at once; and the published "
        "hazard ratio is read as a cohort's in place of a patient's. All play the same patients with the same luck. "
        "Parameters stand at their base values."
    )
    page.say(READING)
    page.heading("What changes and what does not")
    page.points(words.structures(compared))
    page.figure(
        "benefit", compared.figures.draw("scenario_benefit"), "Net benefit of every strategy in every scenario"
    )
    page.table(across.structure_grid(compared))
    more = plays.run(indications())
    page.heading("More ways to use immunoglobulin")
    page.say(" ".join(more.scenarios[0].description.split()))
    page.points([*run_sentences(more), *words.ratios(more)])
    page.table(incremental_grid(more))
    page.table(efficiency_grid(more))
    return ending(page, of_page(page.name), plays, _sizes(plays, "run", "compare"))


def research(plays: Plays) -> Made:
    """What more evidence is worth, and from how large a trial."""
    page = Page("research", "Results: the value of a trial")
    six = settings()
    folders = {setting.title: plays.voi(setting) for setting in six.values()}
    base = folders[six["bcma-us"].title]
    labels = list(dict.fromkeys(row["label"] for folder in folders.values() for row in folder.document["designs"]))
    page.say(
        f"The trial looked at: {'; '.join(labels)}. Its worth is that of better decisions by payers who take the "
        "strategy of highest expected net benefit, for the patients who come after its report, less what it costs "
        "(ENBS). Evidence that cannot change a decision is worth nothing in this sense, however much it would teach."
    )
    page.say(READING)
    page.heading("Is it worth running")
    draws = {setting.title: plays.psa(setting) for setting in six.values()}
    page.points([*worth.trials(folders), *worth.arms_beside_decisions(folders, draws)])
    other = six["gprc5d-us"]
    page.say(worth.same_population(folders[other.title], base, (other.target, six["bcma-us"].target)))
    page.table(across.population_grid(folders))
    page.figure(
        "evpi", plays.psa(six["bcma-us"]).figures.draw("evpi"), "Value of perfect information per patient, base case"
    )
    page.figure(
        "enbs",
        base.figures.draw("enbs", wtp=max(base.settings["wtp_per_qaly"])),
        "Net benefit of the trial by its size, base case",
    )
    for setting in six.values():
        folder = folders[setting.title]
        page.heading(setting.title)
        page.points([*voi_sentences(folder), *worth.learning(folder)])
        if folder is base:
            perfect, trial = voi_sections(folder)
            grids = [[item for item in part.items if isinstance(item, Grid)] for part in (perfect, trial)]
            # The sentences tell of every threshold; of what is worth learning the table shows the highest alone.
            for shown in (grids[0][0], *evppi_grids(folder, [max(folder.settings["wtp_per_qaly"])]), *grids[1]):
                page.table(shown)
    return ending(page, of_page(page.name), plays, _sizes(plays, "psa"))


def _decisions(page: Page, heading: str, plays: Plays, of: Collection[Setting]) -> None:
    """How to read the numbers, and the decision in every setting."""
    page.say(READING)
    page.heading(heading)
    page.points(across.agreeing(plays, of))
    page.table(across.decisions_grid(plays, of))


def index(plays: Plays) -> Made:
    """All decisions on one page, and where to read on."""
    page = Page("index", "Results")
    page.say(
        "What the shipped scenarios say, as the results section of a paper would: which strategy has the highest net "
        "benefit and how surely, what drives that, and what more evidence would be worth. The numbers are those of "
        "the inputs, most of which are assumptions; no randomised evidence for immunoglobulin exists in the "
        "bispecific era."
    )
    _decisions(page, "Every decision", plays, settings().values())
    page.heading("Where to read on")
    page.lines.append(
        "\n".join(
            f"- [{title}]({name}.md)"
            for name, title in (
                ("base-case", "Anti-BCMA, United States: the base case"),
                ("anti-gprc5d", "Anti-GPRC5D, United States"),
                ("payers", "Both targets in the United States, England and Italy"),
                ("structure", "Other assumptions about structure"),
                ("research", "The value of a trial"),
                ("../limitations", "What the evidence does not show, and which way the choices of the model lean"),
            )
        )
    )
    return ending(page, of_page(page.name), plays, _sizes(plays, "psa"))


def _sizes(plays: Plays, *what: str) -> str:
    """How much was played, in words."""
    n = plays.sizes
    told = {
        "run": f"{n.run:,} patients at base values",
        "psa": f"{n.draws:,} parameter draws of {n.psa:,} patients",
        "tornado": f"{n.tornado:,} patients at each end of an input's range",
        "search": f"{n.search:,} at each hazard ratio",
        "compare": f"{n.compare:,} in each scenario compared",
    }
    return f"{listed([told[name] for name in what])}, under every strategy"


PAGES: Mapping[str, Callable[[Plays], Made]] = {
    "index": index,
    "base-case": base_case,
    "anti-gprc5d": anti_gprc5d,
    "payers": payers,
    "structure": structure,
    "research": research,
}
"""Name of each page to what makes it."""
