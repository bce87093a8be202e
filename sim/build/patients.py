"""Who is treated: distributions of a patient's attributes, shares, and how attributes go together."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from sim.model import parts as m
from sim.scenario import Scenario, people


def population_of(scenario: Scenario) -> m.Population:
    """Distributions and shares of the patients."""
    patients = scenario.patients
    return m.Population(
        weight_kg=_distribution(patients.weight_kg),
        igg_polyclonal_mg_dl=_distribution(patients.igg_polyclonal_mg_dl),
        igg_type_proportion=patients.igg_type_proportion.value,
        m_protein_mg_dl=_distribution(patients.m_protein_mg_dl),
        frailty_variance=patients.frailty_variance.value,
        iga_mg_dl=_distribution(patients.iga_mg_dl),
        igm_mg_dl=_distribution(patients.igm_mg_dl),
        anti_cd38_proportion=patients.anti_cd38_proportion.value,
        responder_proportion=patients.responder_proportion.value,
        serostatus=tuple(patients.serostatus),
        serostatus_proportion=tuple(share.value for share in patients.serostatus.values()),
        agent_share=tuple(
            patients.agents[name].value if name in patients.agents else 0.0 for name in scenario.agents
        ),
        age_years=_distribution(patients.age_years),
        male_proportion=patients.male_proportion.value if patients.male_proportion else 0.0,
        correlation_factor=_correlation_factor(patients.correlations),
    )


def _distribution(attribute: object) -> m.Distribution:
    match attribute:
        case None:
            return m.Distribution("fixed", 0.0)
        case people.Fixed():
            return m.Distribution("fixed", attribute.value.value)
        case people.Normal():
            mean, sd = attribute.mean.value, attribute.sd.value
            return m.Distribution("normal", mean, sd, attribute.min, attribute.max)
        case people.Lognormal():
            return m.Distribution("lognormal", attribute.median.value, attribute.log_sd.value)
    message = f"no compiled form for a patient distribution of type {type(attribute).__name__}"
    raise TypeError(message)


def _correlation_factor(correlations: Iterable[people.Correlation]) -> m.Floats | None:
    n = len(m.CORRELATED)
    matrix = np.eye(n)
    for correlation in correlations:
        i, j = (m.CORRELATED.index(name) for name in correlation.between)
        matrix[i, j] = matrix[j, i] = correlation.value.value
    joined = np.flatnonzero((matrix != np.eye(n)).any(axis=1))
    if joined.size == 0:
        return None
    # The factor of a larger matrix may round differently: age and sex enter only where they are joined to something.
    size = max(int(joined[-1]) + 1, m.CORRELATED.index("age_years"))
    factor = np.eye(n)
    factor[:size, :size] = np.linalg.cholesky(matrix[:size, :size])
    return factor
