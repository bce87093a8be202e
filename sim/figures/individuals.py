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
    hover = "patient %{customdata}<br>Δ QALYs %{x:.4f}<br>Δ cost %{y:,.0f} " + look.money + "<extra></extra>"
    own = fit[fit["patient"] == patient] if patient is not None else fit.iloc[:0]
    mark = {"symbol": "circle-open", "size": 17, "color": INK, "line": {"width": 3}}
    mean = {"symbol": look.symbol(strategy), "size": 13, "color": look.colour(strategy)}
    mean |= {"line": {"color": "white", "width": 1.5}}
    figure = go.Figure(
        [
            go.Scatter(
                x=fit["delta_qaly"],
                y=fit["delta_cost"],
                customdata=[
                    int(number) for number in fit["patient"]
                ],  # a list: an event of an encoded array has none
                name="One patient",
                mode="markers",
                marker={"color": tinted(look.colour(strategy), 0.45), "symbol": look.symbol(strategy), "size": 7},
                hovertemplate=hover,
            ),
            go.Scatter(
                x=[fit["delta_qaly"].mean()],
                y=[fit["delta_cost"].mean()],
                name="Their mean",
                mode="markers",
                marker=mean,
                hovertemplate="mean<br>Δ QALYs %{x:.4f}<br>Δ cost %{y:,.0f} " + look.money + "<extra></extra>",
            ),
        ]
    )
    if not own.empty:
        figure.add_trace(
            go.Scatter(
                x=own["delta_qaly"],
                y=own["delta_cost"],
                customdata=[int(number) for number in own["patient"]],
                name=f"Patient {patient}",
                mode="markers",
                marker=mark,
                hovertemplate=hover,
            )
        )
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
