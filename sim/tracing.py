"""One patient's history under every strategy, side by side, and why the strategies differ.

The same candidate infection carries the same number under every strategy, so the trace can say of each one where it
happened, where it was averted and by what, and where it was never met. The same as tidy tables, for figures:
`event_table` and `igg_table`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sim.build import compile_model
from sim.cohort import Cohort
from sim.engines import numpy_engine
from sim.engines.histories import histories_from_log
from sim.engines.log import EventLog
from sim.errors import Problem, UsageError
from sim.model.accrual import accrue
from sim.model.hazards import FIRST_ANTIMICROBIAL, IMMUNOGLOBULIN, TOCILIZUMAB
from sim.model.igg import measured_igg, true_igg
from sim.model.parts import GRADE_3PLUS, HOURS_PER_DAY, NOTHING, Agent, Floats
from sim.model.structure import Baseline, ClinicalModel, Event
from sim.population import draw_baseline
from sim.scenario import Scenario
from sim.streams import AddressedLuck, Luck

TOTALS = ("cost", "qaly", "life_years", "infections_any", "infections_grade_3plus", "infusions", "ig_grams")
_ENDINGS = {Event.INFECTION_DEATH: "died of infection", Event.OTHER_DEATH: "died", Event.HORIZON: "horizon reached"}
_CANDIDATES = (Event.INFECTION, Event.AVERTED)


@dataclass(frozen=True)
class Happening:
    """One event of the patient under one strategy.

    Attributes:
        month: When.
        event: What kind.
        text: In words.
        key: Equal for the same thing under different strategies.
    """

    month: float
    event: Event
    text: str
    key: tuple[object, ...]


@dataclass(frozen=True)
class Trace:
    """A patient under every strategy.

    Attributes:
        patient: Patient number.
        seed: Root of the luck.
        baseline: Attribute to value at t = 0.
        strategies: Names.
        histories: Strategy name to its happenings in order of time.
        explanations: A sentence for each candidate infection that the strategies do not share.
        totals: Strategy name to component to amount; costs and QALYs discounted.
        identity: Who of a cohort the patient is, in words; empty for a drawn one.
    """

    patient: int
    seed: int
    baseline: dict[str, float | str]
    strategies: tuple[str, ...]
    histories: dict[str, tuple[Happening, ...]]
    explanations: tuple[str, ...]
    totals: dict[str, dict[str, float]]
    identity: str = ""

    def rows(self) -> list[tuple[float, dict[str, Happening]]]:
        """Happenings aligned across strategies: month of the first, and strategy to happening."""
        aligned: dict[tuple[object, ...], dict[str, Happening]] = {}
        for name, happenings in self.histories.items():
            for happening in happenings:
                aligned.setdefault(happening.key, {})[name] = happening
        first = [(min(h.month for h in row.values()), row) for row in aligned.values()]
        return sorted(first, key=lambda item: (item[0], min(h.event for h in item[1].values())))


def trace(scenario: Scenario, patient: int, *, seed: int | None = None, cohort: Cohort | None = None) -> Trace:
    """Follow one patient.

    Args:
        scenario: A validated scenario.
        patient: Patient number from 0: the same patient as in any run with this seed.
        seed: Root of the luck; None takes the scenario's.
        cohort: Real patients in place of drawn ones: patient i is row i modulo the rows, counted from 0.

    Returns:
        The patient's histories and totals.

    Raises:
        UsageError: If there is no such patient, or the cohort was read for another scenario.
    """
    model, luck, root = _world(scenario, patient, seed, cohort)
    return trace_model(model, luck, patient, seed=root, identity=_identity(cohort, patient) if cohort else "")


def event_table(
    scenario: Scenario, patient: int, *, seed: int | None = None, cohort: Cohort | None = None
) -> pd.DataFrame:
    """Everything that happens to one patient, as a tidy table.

    Args:
        scenario: A validated scenario.
        patient: As for `trace`.
        seed: As for `trace`.
        cohort: As for `trace`.

    Returns:
        The event log with names (`sim.engines.log.EventLog.frame`) and a column text, the event in words.

    Raises:
        UsageError: If there is no such patient.
    """
    model, luck, _ = _world(scenario, patient, seed, cohort)
    number = np.array([patient])
    log = numpy_engine.event_log(model, luck, number)
    agent = model.agents[int(draw_baseline(model, luck, number).agent[0])]
    texts = [
        f"infusion of {log.value[row]:.1f} g"
        if log.event[row] == Event.INFUSION
        else _happening(model, agent, log, row, np.array([], dtype=np.intp)).text
        for row in range(len(log))
    ]
    return log.frame(model).assign(text=texts)


def igg_table(
    scenario: Scenario,
    patient: int,
    *,
    seed: int | None = None,
    cohort: Cohort | None = None,
    points: int = 121,
) -> pd.DataFrame:
    """A patient's IgG on treatment, as a tidy table.

    Args:
        scenario: A validated scenario.
        patient: As for `trace`.
        seed: As for `trace`.
        cohort: As for `trace`.
        points: Points in time for each strategy, from 0 to the end of treatment.

    Returns:
        Columns strategy, months, true_igg_mg_dl, apparent_igg_mg_dl: what the assay would report without error,
        with the monoclonal protein and the therapeutic antibody that it cannot tell apart.

    Raises:
        UsageError: If there is no such patient.
    """
    model, luck, _ = _world(scenario, patient, seed, cohort)
    number = np.array([patient])
    who = draw_baseline(model, luck, number)
    ends = histories_from_log(model, who, numpy_engine.event_log(model, luck, number)).treatment_end[:, 0]
    # The lognormal error has mean 1, so luck of sigma / 2 is no error.
    no_error = np.full(points, model.igg.assay_log_sd / 2)
    pieces = []
    for strategy, end in zip(model.strategies, ends, strict=True):
        months: Floats = np.linspace(0.0, float(end), points)
        true = true_igg(model, who, months)
        apparent = measured_igg(months, true, who, no_error, model)
        columns = {
            "strategy": strategy.name,
            "months": months,
            "true_igg_mg_dl": true,
            "apparent_igg_mg_dl": apparent,
        }
        pieces.append(pd.DataFrame(columns))
    return pd.concat(pieces, ignore_index=True)


def _world(
    scenario: Scenario, patient: int, seed: int | None, cohort: Cohort | None
) -> tuple[ClinicalModel, Luck, int]:
    """Compiled model, luck and its root, for a patient that there is."""
    if not 0 <= patient < 2**62:
        raise UsageError("no such patient", [Problem("patient", str(patient), "must be a whole number from 0")])
    if cohort and not cohort.fits(scenario):
        allowed = "must be read for this scenario: the one it was read for has other agents, rates or serostatus"
        raise UsageError("no such patient", [Problem("cohort", cohort.file, allowed)])
    root = scenario.analysis.seed if seed is None else seed
    model = compile_model(scenario)
    return cohort.join(model) if cohort else model, AddressedLuck(root), root


def trace_model(model: ClinicalModel, luck: Luck, patient: int, *, seed: int, identity: str = "") -> Trace:
    """The same of a compiled model and any luck."""
    number = np.array([patient])
    log = numpy_engine.event_log(model, luck, number)
    who = draw_baseline(model, luck, number)
    values = accrue(model, who, histories_from_log(model, who, log))
    names = tuple(strategy.name for strategy in model.strategies)
    agent = model.agents[int(who.agent[0])]
    return Trace(
        patient=patient,
        seed=seed,
        identity=identity,
        baseline=_baseline(model, who),
        strategies=names,
        histories={name: tuple(_happenings(model, agent, log, index)) for index, name in enumerate(names)},
        explanations=tuple(_explanations(model, log)),
        totals={
            name: {component: float(values[component][index, 0]) for component in TOTALS}
            for index, name in enumerate(names)
        },
    )


def _identity(cohort: Cohort, patient: int) -> str:
    """Who of a cohort the patient is, and what of it was drawn in place of being read."""
    said = [cohort.identity(patient), f"drawn as the scenario says: {', '.join(cohort.drawn) or 'nothing'}"]
    if cohort.left_alone:
        said.append(f"columns left alone: {', '.join(cohort.left_alone)}")
    return "; ".join(said)


def _baseline(model: ClinicalModel, who: Baseline) -> dict[str, float | str]:
    """Attributes of the patient at t = 0, in words and numbers."""
    positive = [name for name, is_so in zip(model.population.serostatus, who.positive[:, 0], strict=True) if is_so]
    people = model.population
    has = {
        name: getattr(people, name) != NOTHING or name in people.cohort.numbers
        for name in ("age_years", "iga_mg_dl", "igm_mg_dl")
    }
    has_sex = people.male_proportion > 0 or "male" in people.cohort.flags
    return {
        "agent": model.agents[int(who.agent[0])].name,
        **({"age_years": float(who.age_years[0])} if has["age_years"] else {}),
        **({"sex": "male" if who.male[0] else "female"} if has_sex else {}),
        "weight_kg": float(who.weight_kg[0]),
        "igg_polyclonal_mg_dl": float(who.igg_mg_dl[0]),
        **({"iga_mg_dl": float(who.iga_mg_dl[0])} if has["iga_mg_dl"] else {}),
        **({"igm_mg_dl": float(who.igm_mg_dl[0])} if has["igm_mg_dl"] else {}),
        "m_protein_mg_dl": float(who.m_protein_mg_dl[0]),
        "frailty": float(who.frailty[0]),
        "positive_for": ", ".join(positive) or "nothing",
        "anti_cd38": "exposed" if who.anti_cd38[0] else "not exposed",
        "responder": "yes" if who.responder[0] else "no",
    }


def _happenings(model: ClinicalModel, agent: Agent, log: EventLog, strategy: int) -> list[Happening]:
    rows = np.flatnonzero(log.strategy == strategy)
    infusions = rows[log.event[rows] == Event.INFUSION]
    # Of infusions the first, those at another dose than the one before, and the last.
    told = {*infusions[:1], *infusions[1:][np.diff(log.value[infusions]) != 0], *infusions[-1:]}
    return [
        _happening(model, agent, log, int(row), infusions)
        for row in rows
        if log.event[row] != Event.INFUSION or row in told
    ]


def _measures(model: ClinicalModel, by: int) -> str:
    """What lowered the hazard of a candidate, in words."""
    names = ["immunoglobulin"] if by & IMMUNOGLOBULIN else []
    names += ["tocilizumab"] if by & TOCILIZUMAB else []
    names += [drug.name for m, drug in enumerate(model.antimicrobials) if by & (FIRST_ANTIMICROBIAL << m)]
    return " and ".join(names)


def _happening(
    model: ClinicalModel, agent: Agent, log: EventLog, row: int, infusions: np.ndarray[tuple[int], np.dtype[np.intp]]
) -> Happening:
    event, month = Event(log.event[row]), float(log.time[row])
    key: tuple[object, ...] = (event,)
    match event:
        case Event.INFECTION | Event.AVERTED:
            key = ("candidate", int(log.cause[row]), int(log.layer[row]), int(log.candidate[row]))
            text = _candidate_words(model, log, row)
            if event is Event.AVERTED:
                text += f": averted by {_measures(model, int(log.by[row]))} (HR {log.value[row]:.3g})"
        case Event.IGG_TEST:
            key = (event, month)
            text = f"IgG test {log.value[row]:,.0f} mg/dL (true {log.true_igg[row]:,.0f})"
        case Event.INFUSION:
            place = int(np.searchsorted(infusions, row))
            key, grams = (event, month), f"{log.value[row]:.1f} g"
            dose = f"Ig dose now {grams}" if place and log.value[row] != log.value[infusions[place - 1]] else ""
            last = f"last infusion, number {infusions.size}" if place == infusions.size - 1 else ""
            text = " and ".join(filter(None, (dose, last))) if place else f"Ig starts, {grams}"
        case Event.TREATMENT_STOP:
            by = int(log.cause[row])
            text = "bispecific ends" + (f" (infection, {model.infections.causes[by]})" if by >= 0 else "")
        case Event.STEP_UP:
            number, hours = int(log.by[row]), HOURS_PER_DAY * log.value[row]
            key, text = (event, number), f"step-up {agent.step_up[number].label}"
            text += f" ({hours:.0f} h)" if hours else ""
        case Event.CRS | Event.ICANS:
            text = f"{event.name} of {_grade_words(int(log.grade[row]))}"
        case Event.COURSE:
            drug = model.antimicrobials[int(log.by[row])].name
            key, text = (event, month, drug), f"preemptive course ({drug}) for an infection averted"
        case Event.IG_HARM:
            harm = model.immunoglobulin.harms[int(log.by[row])].name
            key, text = (event, month), f"Ig ends: {harm}"
        case Event.IG_STOPPED:
            key, text = (event, month), "Ig ends by its stop rule"
        case Event.IG_ORDERED:
            key, text = (event, month), "Ig ordered" + _lapse(model, log, row)
        case _:
            key, text = (event, month), _ENDINGS[event]
    return Happening(month, event, text, key)


def _lapse(model: ClinicalModel, log: EventLog, row: int) -> str:
    """Why no infusion follows an order; empty if one does."""
    own = log.strategy == log.strategy[row]
    if (own & (log.event == Event.INFUSION)).any():
        return ""
    due = float(log.time[row]) + model.strategies[log.strategy[row]].delay
    stop = log.time[own & (log.event == Event.TREATMENT_STOP)]
    washout = model.immunoglobulin.washout
    if stop.size and stop[0] + washout <= due:
        why = "the bispecific and its washout have ended" if washout else "the bispecific has ended"
    else:
        (end,) = log.event[own & np.isin(log.event, list(_ENDINGS))]
        why = "the horizon is reached" if end == Event.HORIZON else "the patient has died"
    return f", never given: by month {due:.2f}, when it is due, {why}"


def _candidate_words(model: ClinicalModel, log: EventLog, row: int) -> str:
    return f"{_grade_words(int(log.grade[row]))} infection ({model.infections.causes[log.cause[row]]})"


def _grade_words(grade: int) -> str:
    return "grade ≥ 3" if grade == GRADE_3PLUS else "grade 1-2"


def _explanations(model: ClinicalModel, log: EventLog) -> list[str]:
    """A sentence for each candidate infection whose fate differs between strategies."""
    is_candidate = np.isin(log.event, _CANDIDATES)
    rows_of: dict[tuple[int, int, int], dict[int, int]] = {}
    for row in np.flatnonzero(is_candidate):
        key = (int(log.cause[row]), int(log.layer[row]), int(log.candidate[row]))
        rows_of.setdefault(key, {})[int(log.strategy[row])] = int(row)
    sentences = []
    for rows in sorted(rows_of.values(), key=lambda found: min(log.time[row] for row in found.values())):
        outcomes = {int(log.event[rows[index]]) if index in rows else None for index in range(len(model.strategies))}
        if len(outcomes) > 1:
            fates: dict[str, list[str]] = {}
            for index, strategy in enumerate(model.strategies):
                fate = _fate(model, log, index, rows.get(index))
                fates.setdefault(fate, []).append(strategy.name)
            first = min(rows.values(), key=lambda row: log.time[row])
            told = "; ".join(f"{fate} under {', '.join(names)}" for fate, names in fates.items())
            sentences.append(f"Month {log.time[first]:.2f}, {_candidate_words(model, log, first)}: {told}.")
    return sentences


def _fate(model: ClinicalModel, log: EventLog, strategy: int, row: int | None) -> str:
    """What became of a candidate under a strategy, in words."""
    own = log.strategy == strategy
    if row is not None:
        if log.event[row] == Event.INFECTION:
            return "happens"
        told = f"averted by {_measures(model, int(log.by[row]))} (HR {log.value[row]:.3g}"
        if not log.by[row] & IMMUNOGLOBULIN:
            return told + ")"
        infusions = log.time[own & (log.event == Event.INFUSION)]
        return f"{told}, last infusion month {infusions[infusions < log.time[row]].max():.2f})"
    (end,) = np.flatnonzero(own & np.isin(log.event, list(_ENDINGS)))
    stops = log.time[own & (log.event == Event.TREATMENT_STOP)]
    after = f", bispecific ended month {stops[0]:.2f}" if stops.size else ""
    return f"not met ({_ENDINGS[Event(log.event[end])]} month {log.time[end]:.2f}{after})"
