"""Plotly figures, made by pure functions of tidy tables.

    from sim.figures import Look, acceptability
    acceptability.ceac(analysis.by_wtp_strategy, Look("USD")).show()

They know nothing of the simulator: each function says in its docstring which columns it reads, and refuses a table
that lacks one. `Look` carries the currency and gives every strategy its colour, dash and symbol.

    plane           cost-effectiveness plane, efficiency frontier
    acceptability   CEAC, CEAF, expected loss, threshold prices
    value           EVPI, EVPPI, EVSI, ENBS
    tornado         one-way sensitivity
    sensitivity     two-way map, correlations, gain of common luck
    distributions   histogram, ECDF, ridgeline of INMB, convergence
    infections      cumulative incidence, infections by cause and grade
    calibration     published points over posterior bands
    trial           estimates of virtual trials, power
    resources       costs by item, grams of immunoglobulin
    benefit         INMB at one threshold, and over one input
    individuals     how single patients fare under two strategies
    patients        swimlanes, IgG over time
    export          HTML that opens offline; PNG, SVG and PDF through Chromium
    catalogue       which figure comes from which table of a run; recipe: what one needs; figure_set: those of one run
"""

from sim.figures.catalogue import CATALOGUE
from sim.figures.figure_set import FigureSet
from sim.figures.recipe import Setting
from sim.figures.style import Look

__all__ = ["CATALOGUE", "FigureSet", "Look", "Setting"]
