"""Methods text: the model that all analyses share, and what each analysis of this report did with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sim.report.page.folder import RunFolder
from sim.report.page.parts import Section, listed
from sim.report.text import number
from sim.scenario import Scenario, quantities


def methods_section(folders: Sequence[RunFolder], scenario: Scenario | None) -> Section:
    """How the numbers came about.

    Args:
        folders: What is reported, the main one first.
        scenario: The main one's scenario; None where no model of ours was played.

    Returns:
        The model, where one was played, the decision analysis, and what each folder's analysis did.
    """
    own = dict.fromkeys(_ANALYSES[folder.kind](folder) for folder in folders)
    decides = any(folder.kind not in _NO_DECISION for folder in folders)
    return Section(
        "methods",
        "Methods",
        (*(_model(scenario) if scenario else ()), *((_DECISION,) if decides else ()), *own),
    )


def _model(scenario: Scenario) -> tuple[str, ...]:
    causes = listed([cause.label for cause in scenario.infections.causes.values()])
    effect = (
        "applies to each patient's own rate"
        if scenario.immunoglobulin.effect == "subject"
        else "is read as a cohort's ratio of the first infection and converted to each patient's own under gamma "
        "frailty"
    )
    return (
        "Individual patients are simulated event by event in continuous time, from the first step-up dose to "
        "death or "
        "the horizon. Each has a weight, polyclonal IgG, IgA and IgM, an M-protein, an agent, a serostatus and a "
        "gamma "
        "distributed frailty that multiplies every infection rate. Treatment ends by its own rate, by death, or "
        "by an "
        "infection; death without infection has one rate on treatment and another after it.",
        f"Infections ({causes}) come in two grades as candidates of Poisson processes at the rate without "
        "immunoglobulin. A strategy accepts a candidate if its mark lies under the hazard ratio in force at that "
        "moment (thinning); severe ones may be fatal, hold treatment or end it. The hazard ratio of immunoglobulin "
        f"{effect}, and holds from the onset lag after the first infusion while the latest infusion is recent "
        "enough.",
        "True IgG falls exponentially towards the level that the suppressed production leaves; the laboratory "
        "measures "
        "it with error and with what it cannot tell apart (M-protein, therapeutic antibody), and a strategy sees "
        "only "
        "what is measured.",
        "Common luck: every random number has an address (seed, decision, patient, occurrence) that does not contain "
        "the strategy or the value of a parameter, so all strategies meet the same patients and the same luck. An "
        "infection that is averted is the same infection that happens under the other strategy. Differences are "
        "paired patient by patient, and their Monte Carlo standard errors are those of the paired differences.",
    )


_DECISION = (
    "Costs and QALYs are discounted continuously. Strategies are ordered by cost; dominated and extendedly "
    "dominated ones leave the "
    "frontier; ICERs run along it, each against the next less costly strategy on it. Net monetary benefit is "
    "willingness to pay times QALYs minus cost."
)
_NO_DECISION = frozenset({"calibrate", "trial", "capacity", "cea", "voi"})


def _run(folder: RunFolder) -> str:
    whom = "patients of a cohort" if folder.settings.get("cohort") else "patients"
    return (
        f"This run played {number(folder.settings['patients'])} {whom} under every strategy, at the base-case values "
        "of all inputs. Limits of an ICER are Fieller's. Its "
        "uncertainty is Monte Carlo error alone."
    )


def _psa(folder: RunFolder) -> str:
    scenario, asked = folder.scenario, folder.settings
    inputs = list(quantities(scenario)) if scenario else []
    luck = "the same patients" if asked.get("shared_luck", True) else "patients of its own"
    return (
        f"The probabilistic analysis drew the {asked['parameters']} of {len(inputs)} inputs that carry a "
        "distribution "
        f"{asked['draws']:,} times (with correlations where the scenario states them), and played every draw on "
        f"{luck}, {number(asked['patients'])} of them. Patients' luck was separated from parameter uncertainty by an "
        "analysis of variance (O'Hagan, Stevenson and Madan 2007); acceptability curves and the expected value of "
        "perfect information are given as drawn and with that luck taken out. The expected value of partial perfect "
        "information was estimated by regression on the draws (Strong, Oakley and Brennan 2014). Limits of an ICER "
        "are Fieller's."
    )


def _tornado(folder: RunFolder) -> str:
    return (
        f"One-way sensitivity: each of the {len(folder.document['tornado'])} uncertain inputs was set to both "
        "ends of "
        "its range (the range that the scenario states, else its 95 % interval, else the 2.5 and 97.5 % quantiles of "
        f"its distribution), all others stayed as they are, and the same {number(folder.settings['patients'])} "
        "patients were played anew with the same luck."
    )


def _two_way(folder: RunFolder) -> str:
    x, y = folder.figures.look.rows(folder.settings["paths"])
    return (
        f"Two-way sensitivity: {x}, and {y}, were set to every pair of values of a grid, and at each the same "
        f"{number(folder.settings['patients'])} patients were played under every strategy with the same luck."
    )


def _threshold(folder: RunFolder) -> str:
    return (
        f"Threshold: {folder.input(folder.settings['path'])} was moved over an interval on the same "
        f"{number(folder.settings['patients'])} patients and luck. Where the best strategy of two neighbouring "
        "values "
        "differs, the place between them was found by Brent's method; its standard error is that of the paired net "
        "benefit there over the size of its slope (delta method)."
    )


def _price(folder: RunFolder) -> str:
    return (
        f"Break-even price: {folder.input(folder.settings['path'])} only multiplies one item of cost, so that net "
        "benefit is a straight line in it and the price at which two strategies are worth the same is a ratio of "
        f"means over the same {number(folder.settings['patients'])} patients; that it does was tried out on their "
        "luck. Intervals are Fieller's, by Monte Carlo error."
    )


_DESIGNS = {"grid": "every combination", "lhs": "a Latin hypercube", "sobol": "a Sobol sequence"}


def _sweep(folder: RunFolder) -> str:
    asked = folder.settings
    over = "; ".join(folder.figures.look.rows(asked["paths"]))
    return (
        f"Sweep: {asked['points']:,} points ({_DESIGNS.get(asked['design'], asked['design'])}) over {over}. At each "
        f"the same {number(asked['patients'])} patients were played under every strategy with the same luck."
    )


def _compare(folder: RunFolder) -> str:
    return (
        f"Comparison: {len(folder.scenarios)} scenarios were played as they stand, on the same "
        f"{number(folder.settings['patients'])} patients and luck, each with a decision of its own. The text "
        "above is "
        "of the first; where another states another rule, that one was played."
    )


def _voi(folder: RunFolder) -> str:
    asked = folder.settings
    return (
        f"Value of information, of {asked['draws']:,} draws of {asked['parameters']} parameters: of perfect "
        "information, the mean over draws of the best net benefit less that of the strategy best on average; of "
        "single parameters and groups, by regression of net benefit on them (Strong, Oakley and Brennan 2014); of a "
        "trial's data, by a second regression on data simulated for every draw (Strong, Oakley, Brennan and Breeze "
        "2015). What a trial is worth to all patients who arrive after it reports, less its cost, is its expected "
        "net "
        "benefit of sampling."
    )


def _capacity(folder: RunFolder) -> str:
    asked = folder.settings
    starts = "a Poisson process" if asked["arrivals"] == "poisson" else "dates of a file"
    return (
        f"The programme was played on calendar time, by discrete events with queues: patients start by {starts} and "
        "compete for chairs, nurses and immunoglobulin. An infusion that comes late or not at all lets protection "
        f"lapse. {asked['warm_up_months']:g} months of warm-up come before the {asked['years']:g} years that are "
        f"counted; every way of running it meets the same arrivals and luck in {asked['replications']:,} "
        "replications, over which intervals are taken. What the limits did is the difference from the same patients "
        "and luck without any."
    )


def _calibrate(folder: RunFolder) -> str:
    return (
        "Calibration: the free quantities were fitted to the published data by a likelihood in closed form up to one "
        "integral over time (incidence: binomial increments; rates: negative binomial under gamma frailty; "
        "proportions: binomial), with the scenario's distributions as priors. The posterior was sampled by "
        "Metropolis–Hastings steps (emcee), and convergence judged by R-hat and effective draws."
    )


def _trial(folder: RunFolder) -> str:
    return (
        "Virtual trials: each study enrolled, watched and censored simulated patients "
        f"{folder.settings['replications']:,} times, and each replication was analysed as a publication would. "
        "The true value is read from other patients, not in any of these; all was also "
        "played with no effect of immunoglobulin, where every ratio is truly 1 and what an analysis finds is its "
        "bias."
    )


def _cea(folder: RunFolder) -> str:
    return (
        "No model of igsim was played: the table was read as it is, each iteration a draw of costs and QALYs of "
        "every "
        "strategy. Strategies are ordered by mean cost; dominated and extendedly dominated ones leave the frontier; "
        "ICERs run along it. Net monetary benefit is willingness to pay times QALYs minus cost; acceptability is the "
        "share of iterations in which a strategy's is the highest, and the expected value of perfect information the "
        "mean over iterations of the best less that of the strategy best on average. Discounting, time horizon and "
        "perspective are those of whoever made the table."
    )


_ANALYSES: Mapping[str, Callable[[RunFolder], str]] = {
    "run": _run,
    "psa": _psa,
    "tornado": _tornado,
    "two-way": _two_way,
    "threshold": _threshold,
    "price": _price,
    "sweep": _sweep,
    "compare": _compare,
    "voi": _voi,
    "capacity": _capacity,
    "calibrate": _calibrate,
    "trial": _trial,
    "cea": _cea,
}
