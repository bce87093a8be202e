"""Patients of three models: with round numbers, with every attribute varied, and with attributes correlated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.model.parts import Antimicrobial, Distribution, Harm, Immunoglobulin
from sim.model.structure import Baseline, ClinicalModel
from sim.population import draw_baseline
from sim.streams import AddressedLuck

N = 100_000
PATIENTS = np.arange(N)

# In the order of CORRELATED: weight, IgG, IgA, IgM, M-protein, frailty, age, and sex, which is no number.
CORRELATION = np.array(
    [
        [1.0, 0.1, 0.0, 0.0, 0.0, 0.0, -0.2],
        [0.1, 1.0, 0.5, 0.4, -0.3, -0.25, 0.0],
        [0.0, 0.5, 1.0, 0.6, -0.2, 0.0, 0.0],
        [0.0, 0.4, 0.6, 1.0, -0.2, 0.0, 0.0],
        [0.0, -0.3, -0.2, -0.2, 1.0, 0.1, 0.0],
        [0.0, -0.25, 0.0, 0.0, 0.1, 1.0, 0.3],
        [-0.2, 0.0, 0.0, 0.0, 0.0, 0.3, 1.0],
    ]
)
MEN_HEAVIER = 0.5


@pytest.fixture
def people(model: ClinicalModel) -> Baseline:
    """100,000 patients of the model with round numbers."""
    return draw_baseline(model, AddressedLuck(3), PATIENTS)


@pytest.fixture
def varied(model: ClinicalModel) -> ClinicalModel:
    """A model in which every attribute varies: two agents and targets, serostatus, antimicrobials, harms."""
    people = replace(
        model.population,
        iga_mg_dl=Distribution("lognormal", 60.0, 0.6),
        igm_mg_dl=Distribution("lognormal", 30.0, 0.5),
        anti_cd38_proportion=0.6,
        responder_proportion=0.4,
        serostatus=("hbv", "cmv"),
        serostatus_proportion=(0.2, 0.5),
        agent_share=(0.7, 0.3),
        age_years=Distribution("normal", 66.0, 11.0, 40.0, 90.0),
        male_proportion=0.6,
    )
    (target,), (agent,) = model.targets, model.agents
    drugs = (
        Antimicrobial("antiviral", given_to=-1, adherence=0.8, hazard_ratio=np.ones((1, 2))),
        Antimicrobial("entecavir", given_to=0, adherence=0.9, hazard_ratio=np.ones((1, 2))),
    )
    return replace(
        model,
        population=people,
        targets=(replace(target, name="GPRC5D"), target),
        agents=(replace(agent, target=1), replace(agent, name="talquetamab", target=0)),
        antimicrobials=drugs,
        immunoglobulin=Immunoglobulin(washout=1.0, harms=(Harm("thrombosis", 0.03), Harm("renal", 0.01))),
    )


@pytest.fixture
def linked(varied: ClinicalModel) -> ClinicalModel:
    """Every myeloma of IgG type, attributes correlated as above, and men heavier than women."""
    matrix = np.eye(8)
    matrix[:7, :7] = CORRELATION
    matrix[0, 7] = matrix[7, 0] = MEN_HEAVIER
    people = replace(
        varied.population,
        igg_type_proportion=1.0,
        correlation_factor=np.linalg.cholesky(matrix),
    )
    return replace(varied, population=people)
