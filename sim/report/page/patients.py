"""Single patients in a report: a few whose course shows what sets the strategies apart."""

from __future__ import annotations

from sim.figures import patients
from sim.report.page.folder import RunFolder
from sim.report.page.parts import Plot
from sim.runs.look import scenario_look
from sim.timelines import telling_patients
from sim.tracing import event_table, igg_table

SHOWN = 2


def patient_plots(folder: RunFolder) -> list[Plot]:
    """Swimlanes of telling patients, and their IgG under a strategy that tests; none for a cohort."""
    scenario = folder.scenario
    if scenario is None or folder.settings.get("cohort"):
        return []
    seed = folder.settings["seed"]
    look = scenario_look(scenario)
    drawn = []
    for number in telling_patients(scenario, seed=seed, most=SHOWN):
        events = event_table(scenario, number, seed=seed)
        drawn.append(Plot("swimlanes", patients.swimlanes(events, look), f"patient {number} under each strategy"))
        tested = events.loc[events["event"] == "igg_test", "strategy"]
        if len(tested):
            course = igg_table(scenario, number, seed=seed)
            figure = patients.igg_course(course, events, look, strategy=str(tested.iloc[0]))
            drawn.append(Plot("igg_course", figure, f"IgG of patient {number}, true and measured"))
    return drawn
