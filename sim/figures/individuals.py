"""How single patients fare under one strategy rather than another."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from sim.figures.style import INK, Look, finished, sentence, tinted
from sim.figures.tables import checked


def patient_differences(
    table: pd.DataFrame, look: Look, *, strategy: str, comparator: str, patient: int | None = None
) -> go.Figure:
    """Difference in cost and QALYs of every patient between two strategies, on the same luck.

    Args:
        table: Columns patient, delta_cost, delta_qaly: strategy less comparator, one row a patient.
        look: Currency and strategies.
        strategy: Who is compared.
        comparator: With whom.
        patient: Patient marked; None, or one who is not in the table, for no mark.

    Returns:
        A point for each patient (customdata: patient number), their mean, and the patient marked.

    Raises:
        TableError: The table cannot be drawn.
    """
    fit = checked(table, "patients' differences", numbers=("patient", "delta_cost", "delta_qaly"))
    look = look.over([strategy, comparator])
    alike = (fit["delta_cost"] == 0) & (fit["delta_qaly"] == 0)
    dot = {"color": tinted(look.colour(strategy), 0.45), "symbol": look.symbol(strategy), "size": 7}
    figure = go.Figure([_points(fit, "One patient", dot, look), _mean(fit, strategy, look)])
    own = fit[fit["patient"] == patient] if patient is not None else fit.iloc[:0]
    if not own.empty:
        ring = {"symbol": "circle-open", "size": 17, "color": INK, "line": {"width": 3}}
        figure.add_trace(_points(own, f"Patient {patient}", ring, look))
    figure.update_xaxes(zeroline=True, zerolinecolor=INK, tickformat=".3~f")
    figure.update_yaxes(zeroline=True, zerolinecolor=INK, tickformat=",")
    reading = [f"{len(fit):,} patients on the same luck", f"{alike.sum():,} fare exactly alike, at the origin"]
    return finished(
        figure,
        f"Patient by patient: {look.label(strategy)} less {look.label(comparator)}",
        sentence(reading),
        x="Difference in QALYs, discounted",
        y=f"Difference in cost, discounted ({look.money})",
    )


def _points(rows: pd.DataFrame, name: str, marker: dict[str, object], look: Look) -> go.Scatter:
    return go.Scatter(
        x=rows["delta_qaly"],
        y=rows["delta_cost"],
        customdata=[int(number) for number in rows["patient"]],  # a list: an event of an encoded array has none
        name=name,
        mode="markers",
        marker=marker,
        hovertemplate=f"patient %{{customdata}}<br>{_told(look)}",
    )


def _mean(rows: pd.DataFrame, strategy: str, look: Look) -> go.Scatter:
    mark = {"symbol": look.symbol(strategy), "size": 13, "color": look.colour(strategy)}
    return go.Scatter(
        x=[rows["delta_qaly"].mean()],
        y=[rows["delta_cost"].mean()],
        name="Their mean",
        mode="markers",
        marker={**mark, "line": {"color": "white", "width": 1.5}},
        hovertemplate=f"mean<br>{_told(look)}",
    )


def _told(look: Look) -> str:
    """Both differences, on hover."""
    return f"Δ QALYs %{{x:.4f}}<br>Δ cost %{{y:,.0f}} {look.money}<extra></extra>"
