"""What the laboratory measures, and what disturbs it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Igg:
    """Kinetics of immunoglobulins and what the assay makes of IgG.

    Attributes:
        decay_rate: Of polyclonal IgG, per month (log 2 over the half-life).
        m_protein_decay_rate: Of monoclonal IgG, per month.
        assay_log_sd: Standard deviation of the assay's multiplicative error on the log scale.
        test_cost: Per test.
        iga_decay_rate: Of IgA, per month.
        igm_decay_rate: Of IgM, per month.
        low_mg_dl: True polyclonal IgG under which a patient counts as vulnerable.
    """

    decay_rate: float
    m_protein_decay_rate: float
    assay_log_sd: float
    test_cost: float
    iga_decay_rate: float = 0.0
    igm_decay_rate: float = 0.0
    low_mg_dl: float = 400.0


@dataclass(frozen=True)
class Laboratory:
    """Interference of anti-CD38 antibodies with the laboratory, for exposed patients."""

    phenotyping_cost: float = 0.0
    transfusions_per_month: float = 0.0
    crossmatch_cost: float = 0.0
    transfusion_delay_days: float = 0.0
    monitoring_cost_per_month: float = 0.0


NO_WORK_UP = Laboratory()
