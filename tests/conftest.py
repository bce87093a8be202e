"""Fixtures that several test folders share."""

from __future__ import annotations

import dataclasses
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import numpy as np
import pytest

from sim.model.parts import (
    ALWAYS,
    DAYS_PER_MONTH,
    NEVER,
    Agent,
    Condition,
    Distribution,
    Igg,
    Immunoglobulin,
    Infections,
    Population,
    Regimen,
    Strategy,
    Target,
    Treatment,
)
from sim.model.structure import ClinicalModel
from tests.cli.conftest import Igsim
from tests.cli.warm import Said, Warm

# A test never fails because the machine was busy, and the fast tests play the same examples every time: what they say
# of a change is then about the change. New examples are the business of the slow tests.
hypothesis.settings.register_profile("igsim", deadline=None, derandomize=True)
hypothesis.settings.load_profile("igsim")

# A shell that starts tests in the background has them ignore Ctrl-C, and so would every command that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

IGG_BELOW_400 = Condition("igg_below", threshold_mg_dl=400.0)
AFTER_SEVERE = Condition("infections", within=12.0)

STRATEGIES = (
    Strategy(name="none", label="None", start=NEVER),
    Strategy(name="primary", label="Primary", start=ALWAYS),
    Strategy(name="preemptive", label="Preemptive", start=IGG_BELOW_400, delay=0.5, test_interval=1.0),
    Strategy(name="secondary", label="Secondary", start=AFTER_SEVERE, delay=0.5),
)

# Where a field of the compiled model now lives; `change` and `build_model` accept the short name.
_SHORT = {
    "treatment__stop_rate": ("agents", "stop_rate"),
    "treatment__drug_cost_per_month": ("agents", "drug_cost_per_month"),
    "igg__suppressed_fraction": ("targets", "suppressed_fraction"),
    **{f"immunoglobulin__{field.name}": ("regimens", field.name) for field in dataclasses.fields(Regimen)},
}


def build_model(**changes: object) -> ClinicalModel:
    """A model with round numbers; keyword arguments replace fields of the model or, as `part__field`, of a part."""
    model = ClinicalModel(
        horizon=60.0,
        discount_costs=np.log1p(0.03) / 12,
        discount_effects=np.log1p(0.015) / 12,
        utility_on=0.7,
        utility_off=0.6,
        population=Population(
            weight_kg=Distribution("normal", 75.0, 16.0, 40.0, 140.0),
            igg_polyclonal_mg_dl=Distribution("lognormal", 700.0, 0.45),
            igg_type_proportion=0.5,
            m_protein_mg_dl=Distribution("lognormal", 1500.0, 1.0),
            frailty_variance=0.6,
        ),
        targets=(Target("BCMA", suppressed_fraction=0.9),),
        agents=(Agent("teclistamab", target=0, stop_rate=0.08, drug_cost_per_month=1000.0),),
        treatment=Treatment(death_rate_on=0.012, death_rate_off=0.045, end_of_life_cost=5000.0),
        infections=Infections(
            causes=("any",),
            rate=np.array([[[0.15, 0.06]]]),
            only_in=np.array([-1]),
            off_multiplier=0.5,
            hazard_ratio=np.array([[1.0, 0.38]]),
            case_fatality=np.array([0.1]),
            stop_probability=np.array([0.2]),
            cost=np.array([[400.0, 26500.0]]),
            hospital_days=np.array([[0.0, 8.1]]),
            qaly_loss=np.array([[0.001, 0.0084]]),
            hold=np.zeros((1, 2)),
        ),
        immunoglobulin=Immunoglobulin(washout=1.0),
        regimens=(
            Regimen(
                route="IVIG",
                dose_g_per_kg=0.4,
                vial_size_g=0.0,
                interval=28 / DAYS_PER_MONTH,
                onset_lag=7 / DAYS_PER_MONTH,
                protection=35 / DAYS_PER_MONTH,
                price_per_gram=100.0,
                administration_cost=300.0,
                qaly_loss=0.02 / 365.25,
            ),
        ),
        igg=Igg(
            decay_rate=np.log(2) / 21 * DAYS_PER_MONTH,
            m_protein_decay_rate=np.log(2),
            assay_log_sd=0.07,
            test_cost=9.3,
        ),
        strategies=STRATEGIES,
    )
    return change(model, **changes)


def change(model: ClinicalModel, **changes: object) -> ClinicalModel:
    """Replace fields of a model: `horizon=12`, or `treatment__death_rate_on=0` for a field of a part.

    Fields of the only agent, target or regimen may be named by the part they belong to clinically
    (`treatment__stop_rate`, `igg__suppressed_fraction`, `immunoglobulin__interval`), and a new set of causes may
    leave out what does not matter to a test (serostatus, holds, the axis of targets).
    """
    for name, value in changes.items():
        if name in _SHORT:
            part, field = _SHORT[name]
            (only,) = getattr(model, part)
            model = dataclasses.replace(model, **{part: (dataclasses.replace(only, **{field: value}),)})
            continue
        if name == "infections__rate" and np.ndim(value) == 2:
            value = np.asarray(value)[None]
        part, _, field = name.partition("__")
        new = dataclasses.replace(getattr(model, part), **{field: value}) if field else value
        model = dataclasses.replace(model, **{part: new})
        if name == "infections__causes":
            n = len(model.infections.causes)
            ill = dataclasses.replace(model.infections, only_in=np.full(n, -1), hold=np.zeros((n, 2)))
            model = dataclasses.replace(model, infections=ill)
    return model


@pytest.fixture
def model() -> ClinicalModel:
    """The model with round numbers."""
    return build_model()


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """Where commands come from."""
    process = Warm()
    yield process
    process.close()


@pytest.fixture
def igsim(tmp_path: Path, warm: Warm) -> Igsim:
    """Run `igsim` with the given arguments in an empty folder, as a user does."""

    def run(*arguments: object, cwd: Path = tmp_path) -> Said:
        said = warm.run([str(each) for each in arguments], cwd, os.environ)
        assert "Traceback" not in said.err, said.err
        return said

    return run
