"""Tables that several pages show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from sim.dashboard.decision import scope
from sim.dashboard.parts import Column, Content, Shown, estimate, is_number, label, with_error
from sim.figures import Look
from sim.report.text import EVENT_ROWS, number

Tables = Mapping[str, pd.DataFrame]


def incremental(tables: Tables, look: Look) -> Shown:
    """Costs, QALYs, increments, ICER and dominance."""
    money = look.currency
    columns = [
        Column("Strategy", lambda row: label(look, row["strategy"])),
        Column(f"Cost ({money})", lambda row: with_error(row, "cost")),
        Column("QALYs", lambda row: with_error(row, "qaly", 4)),
        Column("Against", lambda row: label(look, row["comparator"]) or "–", left=True),
        Column(f"Δ cost ({money})", lambda row: with_error(row, "delta_cost")),
        Column("Δ QALYs", lambda row: with_error(row, "delta_qaly", 4)),
        Column(f"ICER ({money} per QALY)", icer),
        Column("Status", lambda row: str(row["status"]), left=True),
    ]
    found = tables["incremental"]
    # An outside table comes without limits of its ICERs, and whoever made it knows whether it is discounted.
    own = "icer_low" in found.columns
    note = f"Limits of the ICER are Fieller's 95 %. {scope(tables)}" if own else scope(tables)
    caption = f"Incremental analysis, per patient{', discounted' if own else ''}"
    return Shown("incremental", caption, found, columns, note, lambda row: str(row["strategy"]), look)


def icer(row: dict[str, Any]) -> Content:
    """An ICER and the limits of its error."""
    if not is_number(row.get("icer")):
        return "–"
    low, high = number(row.get("icer_low")), number(row.get("icer_high"))
    limits = {"interval": f"{low} to {high}", "outside": f"under {low} or over {high}", "line": "any"}
    shape = str(row.get("icer_shape"))
    return estimate(number(row["icer"]), f"({limits[shape]})" if shape in limits else "")


def net_benefit(table: pd.DataFrame, look: Look, wtp: float, against: str) -> Shown:
    """INMB of every strategy against one at one threshold."""
    columns = [
        Column("Strategy", lambda row: label(look, row["strategy"])),
        Column(f"INMB ({look.currency})", lambda row: with_error(row, "inmb")),
    ]
    if "share_above_0" in table.columns:
        columns.append(Column("Draws with INMB above 0", lambda row: f"{row['share_above_0']:.0%}"))
    caption = f"Net benefit against {label(look, against)} at {number(wtp)} {look.currency} per QALY, per patient"
    return Shown("net_benefit", caption, table, columns, "", lambda row: str(row["strategy"]), look)


def events(tables: Tables, look: Look) -> Shown:
    """What happens to a patient, with its uncertainty."""
    outcomes = tables["outcomes"]
    wanted = [name for name in EVENT_ROWS if name in set(outcomes["component"])]
    spread = "mcse" if "mcse" in outcomes.columns else "low"
    strategies = [name for name in look.strategies if name in set(outcomes["strategy"])]
    by = {(row["strategy"], row["component"]): row for row in outcomes.to_dict(orient="records")}
    frame = pd.DataFrame(
        [
            {
                "component": name,
                **{strategy: by[strategy, name]["mean"] for strategy in strategies},
                **{f"{strategy}_{spread}": by[strategy, name][spread] for strategy in strategies},
                **({f"{s}_high": by[s, name]["high"] for s in strategies} if spread == "low" else {}),
            }
            for name in wanted
        ]
    )

    def what(row: dict[str, Any]) -> str:
        words = EVENT_ROWS[row["component"]][0]
        return words[:1].upper() + words[1:]

    columns = [Column("Per patient, undiscounted", what)]
    for name in strategies:
        columns.append(
            Column(label(look, name), lambda row, name=name: with_error(row, name, EVENT_ROWS[row["component"]][1]))  # type: ignore[misc]
        )
    note = scope(tables)
    return Shown("events", "What happens under each strategy", frame, columns, note, look=look)


def efficiency(tables: Tables, look: Look) -> Shown:
    """What averting takes."""
    frame = tables["efficiency"]
    against = label(look, frame["comparator"].iloc[0]) if len(frame) else ""
    money = look.currency
    columns = [
        Column("Strategy", lambda row: label(look, row["strategy"])),
        Column("Serious infections averted", lambda row: with_error(row, "serious_averted", 3)),
        Column("Patients for one averted", lambda row: number(row["number_needed_to_treat"], 1) or "–"),
        Column(f"{money} for one averted", lambda row: number(row["cost_per_serious_averted"]) or "–"),
        Column("Deaths of infection averted", lambda row: with_error(row, "deaths_averted", 4)),
        Column("Grams of Ig per patient-year", lambda row: number(row["grams_per_patient_year"], 1) or "–"),
    ]
    caption = f"What averting takes, against {against}, per patient"
    note = "Blank where nothing is averted. ± is one Monte Carlo standard error of the paired difference."
    return Shown("efficiency", caption, frame, columns, note, lambda row: str(row["strategy"]), look)
