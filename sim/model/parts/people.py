"""Who is treated: how attributes vary between patients, or what is known of real ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from sim.model.parts.units import Booleans, Floats, Integers


@dataclass(frozen=True)
class Distribution:
    """How an attribute varies between patients (never parameter uncertainty).

    Attributes:
        kind: fixed (location), normal (mean, sd, cut at low and high) or lognormal (median, sd of the log).
        location: Value, mean or median.
        scale: Standard deviation of the attribute (normal) or of its logarithm (lognormal).
        low: Lower bound of a normal; -inf for none.
        high: Upper bound of a normal; inf for none.
    """

    kind: Literal["fixed", "normal", "lognormal"]
    location: float
    scale: float = 0.0
    low: float = -np.inf
    high: float = np.inf

    @property
    def is_fixed(self) -> bool:
        """Whether all patients have the same value."""
        return self.kind == "fixed" or self.scale == 0

    @property
    def fixed(self) -> float:
        """That value."""
        return min(max(self.location, self.low), self.high)


NOTHING = Distribution("fixed", 0.0)

MEASURED = ("weight_kg", "igg_polyclonal_mg_dl", "iga_mg_dl", "igm_mg_dl", "m_protein_mg_dl", "frailty", "age_years")
"""Attributes that are numbers."""

CORRELATED = (*MEASURED, "male")
"""Attributes that may be correlated, in the order of a correlation matrix."""


@dataclass(frozen=True)
class GivenAttributes:
    """What is known of real patients and so not drawn; patient i has row i modulo the rows.

    Attributes:
        rows: Number of real patients.
        numbers: Attribute of `MEASURED` to its values, shape (rows,).
        flags: male, anti_cd38, responder or a serostatus to its values, shape (rows,).
        agent: Agent indices, shape (rows,); None where agents are drawn.
    """

    rows: int
    numbers: Mapping[str, Floats] = field(default_factory=dict)
    flags: Mapping[str, Booleans] = field(default_factory=dict)
    agent: Integers | None = None


NOTHING_GIVEN = GivenAttributes(rows=1)


@dataclass(frozen=True)
class Population:
    """Who the patients are.

    Attributes:
        weight_kg: Body weight.
        igg_polyclonal_mg_dl: Polyclonal IgG at t = 0.
        igg_type_proportion: Share whose myeloma makes IgG.
        m_protein_mg_dl: M-protein of those.
        frailty_variance: Variance of the gamma frailty.
        iga_mg_dl: IgA at t = 0.
        igm_mg_dl: IgM at t = 0.
        anti_cd38_proportion: Share exposed to an anti-CD38 antibody before.
        responder_proportion: Share that responds and may go on reduced dosing.
        serostatus: Names of serostatus, e.g. hbv.
        serostatus_proportion: Share positive, one for each name.
        agent_share: Share of each agent, in the order of the model's agents; adds up to 1.
        correlation_factor: Lower Cholesky factor of the copula over `CORRELATED`, (8, 8); None for independence.
        age_years: Age at t = 0.
        male_proportion: Share of men.
        cohort: Attributes of real patients, which take the place of drawn ones.
    """

    weight_kg: Distribution
    igg_polyclonal_mg_dl: Distribution
    igg_type_proportion: float
    m_protein_mg_dl: Distribution
    frailty_variance: float
    iga_mg_dl: Distribution = NOTHING
    igm_mg_dl: Distribution = NOTHING
    anti_cd38_proportion: float = 0.0
    responder_proportion: float = 0.0
    serostatus: tuple[str, ...] = ()
    serostatus_proportion: tuple[float, ...] = ()
    agent_share: tuple[float, ...] = (1.0,)
    correlation_factor: Floats | None = None
    age_years: Distribution = NOTHING
    male_proportion: float = 0.0
    cohort: GivenAttributes = NOTHING_GIVEN
