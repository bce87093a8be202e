"""Results of deterministic sensitivity analyses, sweeps, comparisons and outside tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sim.report.page.folder import RunFolder
from sim.report.page.parts import Grid, Section, grid, itemised, listed, plots
from sim.report.text import number, with_error

MOST_ROWS = 40
MOST_INPUTS = 20


def tornado_sections(folder: RunFolder) -> list[Section]:
    """One-way sensitivity."""
    rows = folder.document["tornado"][:MOST_INPUTS]
    cells = [
        (
            folder.input(row["path"]),
            str(row["unit"]),
            short(row["base"]),
            f"{short(row['low'])} to {short(row['high'])}",
            with_error(row["outcome_low"], row["outcome_low_mcse"]),
            with_error(row["outcome_high"], row["outcome_high_mcse"]),
            "changes" if row["changes_decision"] else "",
        )
        for row in rows
    ]
    asked = folder.settings
    of = {"inmb": "INMB", "nmb": "NMB"}.get(str(asked["outcome"]), str(asked["outcome"]))
    of += f" of {folder.short(asked['strategy'])}" if asked.get("strategy") else ""
    if asked.get("comparator"):
        of += f" against {folder.short(asked['comparator'])}"
    columns = ("input", "unit", "base", "range", "at the low value", "at the high value", "best strategy")
    shown = grid(
        f"Outcome at the ends of each input's range: {of} ({folder.currency}, ± Monte Carlo standard error)",
        columns,
        cells,
        left=2,
        paths=tuple(str(row["path"]) for row in rows),
        note=f"The {len(cells)} inputs that move it most, of {len(folder.document['tornado'])}.",
    )
    return [Section("tornado", "One-way sensitivity", items=(*plots(folder, "tornado"), shown))]


def tornado_sentences(folder: RunFolder) -> list[str]:
    """What a tornado says."""
    rows = folder.document["tornado"]
    top = itemised([folder.input(row["path"]) for row in rows[:3]])
    changing = [folder.input(row["path"]) for row in rows if row["changes_decision"]]
    best = folder.short(folder.document["base"]["best"])
    if changing:
        more = [f"{len(changing) - 8} more"] if len(changing) > 8 else []
        shown = itemised([*changing[:8], *more])
        said = (
            f"Within its range each of these alone changes which strategy is best ({best} in the base case): {shown}."
        )
    else:
        said = f"No input alone, within its range, changes which strategy is best ({best})."
    return [f"The inputs that move the outcome most are {top}.", said]


def decision_sections(folder: RunFolder) -> list[Section]:
    """Two-way analyses and sweeps: which strategy is best at each point."""
    rows = folder.document["decisions"]
    paths = [name for name in rows[0] if name not in ("point", "wtp", "best", "second", "margin", "margin_mcse")]
    cells = [
        (
            *(short(row[path]) for path in paths),
            number(row["wtp"]),
            folder.short(row["best"]),
            with_error(row["margin"], row["margin_mcse"]),
            folder.short(row["second"]),
        )
        for row in rows[:MOST_ROWS]
    ]
    left = f" The first {MOST_ROWS} of {len(rows)}; the run folder has all." if len(rows) > MOST_ROWS else ""
    shown = grid(
        f"Best strategy at each point, and its net benefit over the next best ({folder.currency} per patient)",
        (*folder.figures.look.rows(paths, units=True), f"WTP ({folder.currency} per QALY)", "best", "by", "over"),
        cells,
        left=0,
        note="± is one Monte Carlo standard error of the paired difference." + left,
        small=True,
    )
    title = "Two-way sensitivity" if folder.kind == "two-way" else "Sweep over inputs"
    return [Section("decisions", title, items=(*plots(folder, "two_way", "sweep_benefit"), shown))]


def decision_sentences(folder: RunFolder) -> list[str]:
    """How often each strategy is best over the points of a design."""
    rows = folder.document["decisions"]
    sentences = []
    for wtp in dict.fromkeys(row["wtp"] for row in rows):
        own = [row for row in rows if row["wtp"] == wtp]
        told = [
            f"{folder.short(name)} at {count}" for name, count in Counter(row["best"] for row in own).most_common()
        ]
        unsure = sum((row["margin"] or 0) < 1.96 * (row["margin_mcse"] or 0) for row in own)
        doubt = f"; at {unsure} of them Monte Carlo noise could flip the choice" if unsure else ""
        sentences.append(f"At {number(wtp)} {folder.currency} per QALY, of {len(own)} points: {listed(told)}{doubt}.")
    return sentences


def threshold_sections(folder: RunFolder) -> list[Section]:
    """Where the best strategy changes over one input."""
    rows = [
        (
            with_error(row["threshold"], row["mcse"], 3),
            f"{number(row['ci_low'], 3)} to {number(row['ci_high'], 3)}",
            folder.short(row["before"]),
            folder.short(row["after"]),
        )
        for row in folder.document["thresholds"]
    ]
    asked = folder.settings
    columns = (folder.figures.look.with_unit(asked["path"]), "95 % by Monte Carlo error", "best below", "best above")
    shown = grid(
        f"Where the best strategy changes at {number(asked['wtp'])} {folder.currency} per QALY",
        columns,
        rows,
        left=0,
        note=f"Between {short(asked['between'][0])} and {short(asked['between'][1])}; a change and back between "
        "two values "
        "looked at is not seen.",
    )
    return [Section("threshold", "Threshold", items=(*plots(folder, "threshold_scan"), shown))]


def threshold_sentences(folder: RunFolder) -> list[str]:
    """Where the best strategy changes."""
    asked, rows = folder.settings, folder.document["thresholds"]
    if not rows:
        return [
            f"Between {short(asked['between'][0])} and {short(asked['between'][1])} the best strategy does not "
            f"change: {folder.figures.look.with_unit(asked['path'])}."
        ]
    told = [
        f"from {folder.short(row['before'])} to {folder.short(row['after'])} at "
        f"{with_error(row['threshold'], row['mcse'], 3)}"
        for row in rows
    ]
    rising = folder.input(asked["path"])
    return [f"As this input rises, the best strategy changes {listed(told)} {asked['unit']}: {rising}."]


def price_sections(folder: RunFolder) -> list[Section]:
    """Exact break-even prices."""
    rows = [row for row in folder.document["thresholds"] if row["subgroup"] == "all" and row["threshold"] is not None]
    cells = [
        (
            folder.short(row["strategy"]),
            folder.short(row["comparator"]),
            number(row["wtp"]),
            with_error(row["threshold"], row["mcse"], 2),
            f"{number(row['ci_low'], 2)} to {number(row['ci_high'], 2)}",
        )
        for row in rows[:MOST_ROWS]
    ]
    asked = folder.settings
    shown = grid(
        f"{folder.input(asked['path'])} at which a strategy breaks even ({asked['unit']}; now "
        f"{short(asked['price'])})",
        ("strategy", "against", "WTP", "break-even", "95 % by Monte Carlo error"),
        cells,
        left=2,
        note=f"Of {len(rows)} rows the first {len(cells)}." if len(rows) > len(cells) else "",
    )
    return [Section("break-even", "Break-even price", items=(*plots(folder, "price_threshold"), shown))]


def price_sentences(folder: RunFolder) -> list[str]:
    """The break-even price of every strategy against the first comparator, at the highest willingness to pay."""
    rows = [row for row in folder.document["thresholds"] if row["subgroup"] == "all" and row["threshold"] is not None]
    if not rows:
        return ["No strategy breaks even at any price of 0 or more."]
    asked, versus, wtp = folder.settings, rows[0]["comparator"], max(row["wtp"] for row in rows)
    told = [
        f"{folder.short(row['strategy'])} {number(row['threshold'], 2)} ({number(row['ci_low'], 2)} to "
        f"{number(row['ci_high'], 2)})"
        for row in rows
        if row["comparator"] == versus and row["wtp"] == wtp
    ]
    return [
        f"Price at which a strategy breaks even with {folder.short(versus)} at {number(wtp)} {folder.currency} per "
        f"QALY, in {asked['unit']} (95 % interval by Monte Carlo error; now {short(asked['price'])}): "
        f"{'; '.join(told)}."
    ]


def compare_sections(folder: RunFolder) -> list[Section]:
    """Several scenarios side by side."""
    rows = folder.document["incremental"]
    cells = [
        (
            str(row["scenario"]),
            folder.short(row["strategy"]),
            with_error(row["cost"], row["cost_mcse"]),
            with_error(row["qaly"], row["qaly_mcse"], 4),
            folder.short(row["comparator"]) if row["comparator"] else "",
            with_error(row["delta_cost"], row["delta_cost_mcse"]),
            with_error(row["delta_qaly"], row["delta_qaly_mcse"], 4),
            number(row["icer"]),
            str(row["status"]),
        )
        for row in rows
    ]
    columns = ("scenario", "strategy", "cost", "QALYs", "against", "Δ cost", "Δ QALYs", "ICER", "status")
    shown = [
        grid(
            f"Incremental analysis of each scenario, per patient ({folder.currency}, discounted)",
            columns,
            cells,
            left=2,
        )
    ]
    choices = [
        (
            str(row["scenario"]),
            number(row["wtp"]),
            folder.short(row["best"]),
            with_error(row["margin"], row["margin_mcse"]),
        )
        for row in folder.document["decisions"]
    ]
    shown.append(
        grid("Best strategy in each scenario", ("scenario", "WTP", "best", f"by ({folder.currency})"), choices)
    )
    if folder.document.get("averaging"):
        shown.append(_losses(folder, folder.document["averaging"]))
    return [Section("scenarios", "Scenarios", items=(*plots(folder, "scenario_benefit"), *shown))]


def _losses(folder: RunFolder, averaging: Mapping[str, Any]) -> Grid:
    rows = [
        (
            number(row["wtp"]),
            str(row["decided_by"]),
            folder.short(row["best"]),
            with_error(row["expected_loss"], row["expected_loss_mcse"]),
            f"{number(row['worst_loss'])} ({row['worst_model']})",
        )
        for row in averaging["losses"]
    ]
    weights = " and ".join(f"{weight:g}" for weight in folder.settings["weights"])
    return grid(
        f"What deciding by one scenario loses if another is right, weights {weights} ({folder.currency} per patient)",
        ("WTP", "decided by", "chooses", "expected loss", "worst loss"),
        rows,
        left=3,
    )


def compare_sentences(folder: RunFolder) -> list[str]:
    """Whether the scenarios agree."""
    rows = folder.document["decisions"]
    sentences = []
    for wtp in dict.fromkeys(row["wtp"] for row in rows):
        own = [row for row in rows if row["wtp"] == wtp]
        names = {row["best"] for row in own}
        if len(names) == 1:
            every = "both" if len(own) == 2 else f"all {len(own)}"
            said = f"{every} scenarios have the highest net benefit with {folder.short(names.pop())}"
        else:
            said = "; ".join(f"{row['scenario']}: {folder.short(row['best'])}" for row in own)
        sentences.append(f"At {number(wtp)} {folder.currency} per QALY {said}.")
    return sentences


def cea_sections(folder: RunFolder) -> list[Section]:
    """The decision analysis of an outside table."""
    rows = [
        (
            str(row["strategy"]),
            number(row["cost"], 2),
            number(row["qaly"], 5),
            str(row["comparator"] or ""),
            with_error(row["delta_cost"], row["delta_cost_se"], 2),
            with_error(row["delta_qaly"], row["delta_qaly_se"], 5),
            number(row["icer"], 2),
            str(row["status"]),
        )
        for row in folder.document["incremental"]
    ]
    columns = ("strategy", "cost", "QALYs", "against", "Δ cost", "Δ QALYs", "ICER", "status")
    shown = grid("Incremental analysis of means", columns, rows, note="± is one standard error over iterations.")
    names = ("ce_plane", "ceac", "ceaf", "expected_loss", "evpi", "inmb_ridgeline")
    drawn = plots(folder, *names) if folder.settings["iterations"] > 1 else []
    return [Section("table", "Decision analysis of an outside table", items=(shown, *drawn))]


def cea_sentences(folder: RunFolder) -> list[str]:
    """What an outside table says."""
    read = folder.document
    told = [
        f"{row['optimal']} at {number(row['wtp'])} (probability of being the best {number(row['ceaf'], 3)}, EVPI "
        f"{number(row['evpi'], 2)})"
        for row in read["by_wtp"]
    ]
    return [
        f"The table {read['table']} has {len(folder.settings['strategies'])} strategies and "
        f"{folder.settings['iterations']:,} "
        f"iterations. The highest expected net benefit per QALY valued at: {'; '.join(told)}."
    ]


def short(value: object) -> str:
    """A value of an input in few digits, and all those before the point."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 9_999.5 else f"{value:,.4g}"
