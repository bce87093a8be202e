"""IgG, true and measured.

Polyclonal IgG falls from its baseline towards the part of production that treatment spares, with the half-life of
IgG. The assay sees it with a multiplicative error and adds the monoclonal IgG it cannot tell apart.
"""

from __future__ import annotations

import numpy as np

from sim.model.structure import Floats, Igg


def polyclonal_igg(time: Floats, baseline: Floats, igg: Igg) -> Floats:
    """True polyclonal IgG on treatment, G0 ((1 - f) + f exp(-k t)), one compartment.

    Args:
        time: Months since the first dose.
        baseline: G0 in mg/dL.
        igg: Suppressed fraction f and decay rate k per month.

    Returns:
        mg/dL, broadcast shape.
    """
    f = igg.suppressed_fraction
    return baseline * ((1 - f) + f * np.exp(-igg.decay_rate * time))


def measured_igg(time: Floats, polyclonal: Floats, m_protein: Floats, noise: Floats, igg: Igg) -> Floats:
    """What the laboratory reports.

    Args:
        time: Months since the first dose.
        polyclonal: True polyclonal IgG at `time`, mg/dL.
        m_protein: Monoclonal IgG at t = 0, mg/dL; it decays with response.
        noise: Standard normal luck of this test; the error is lognormal with mean 1.
        igg: Assay error and decay of the monoclonal protein.

    Returns:
        mg/dL, broadcast shape.
    """
    sigma = igg.assay_log_sd
    counted = m_protein * np.exp(-igg.m_protein_decay_rate * time)
    return polyclonal * np.exp(sigma * noise - sigma**2 / 2) + counted
