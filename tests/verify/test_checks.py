"""`igsim verify` passes on a sound model and fails on one that is broken on purpose."""

from __future__ import annotations

import numpy as np
import pytest

from sim.engines import patient_course
from sim.errors import UsageError
from sim.model import infections
from sim.verify import agreement, checks
from tests.conftest import STRATEGIES, build_model

MODEL = build_model(strategies=tuple(s for s in STRATEGIES if s.name != "preemptive"))


def verdicts() -> dict[str, bool]:
    found = checks.verify(MODEL, 3, engine_patients=40, exact_patients=4000)
    return {check.claim: check.passed for check in found}


def test_a_sound_model_passes_every_check() -> None:
    found = verdicts()
    assert len(found) >= 15
    assert all(found.values())


def test_an_engine_that_forgets_the_onset_lag_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        patient_course, "is_protected", lambda time, start, last, onset_lag, protection: np.isfinite(start)
    )
    failed = [claim for claim, passed in verdicts().items() if not passed]
    assert failed == ["the vectorised and the SimPy engine play the same histories, event by event"]


def test_a_model_wrong_in_both_engines_is_found_out_by_exact_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both engines share the rule, so their equality says nothing: only the oracle sees frailty left out."""
    honest = infections.exposure_of_candidate
    for engine in ("candidates", "fates"):
        monkeypatch.setattr(
            f"sim.engines.{engine}.exposure_of_candidate",
            lambda cumulative, frailty, rate: honest(cumulative, 1.0, rate),
        )
    failed = [claim for claim, passed in verdicts().items() if not passed]
    assert any("exact values of the Markov chain" in claim for claim in failed)
    assert not any("event by event" in claim for claim in failed)


def test_too_few_patients_are_refused() -> None:
    with pytest.raises(UsageError, match="patients: found 10; must be 1,000 or more"):
        checks.verify(MODEL, 3, exact_patients=10)


def test_a_comparison_without_error_must_be_exact() -> None:
    assert agreement.Comparison("none", "x", 1.0, 0.0, 1.0).z == 0
    assert agreement.Comparison("none", "x", 1.0, 0.0, 1.1).z == np.inf
