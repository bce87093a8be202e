"""Figures of virtual trials show every number of their tables, and say what they cannot draw."""

from __future__ import annotations

import numpy as np
import pytest

from sim.errors import TableError, UsageError
from sim.figures import trial
from tests.figures import examples


def test_estimates_truth_and_published_points_are_drawn_with_their_ranges():
    figure = trial.estimates(examples.trial_estimates(), published=examples.trial_published())
    real, truth, null, _, published = figure.data
    assert list(real.x) == [0.25, 0.44]
    np.testing.assert_allclose(real.x + real.error_x.array, [0.48, 0.89])
    np.testing.assert_allclose(real.x - real.error_x.arrayminus, [0.12, 0.18])
    assert list(truth.x) == [0.44, 0.44]
    assert list(null.x) == [0.55, 1.01]
    assert list(published.x) == [0.38]
    assert published.y[0] == 1.0
    assert figure.layout.xaxis.type == "log"
    assert len(trial.estimates(examples.trial_estimates()).data) == 4
    # Published estimates of another study leave the picture as it is.
    other = examples.trial_published().assign(trial="other")
    assert len(trial.estimates(examples.trial_estimates(), published=other).data) == 4


def test_power_has_its_interval_and_schoenfelds_figure_where_there_is_one():
    figure = trial.power(examples.trial_power())
    names = [trace.name for trace in figure.data]
    assert [name.rpartition(": ")[2] for name in names] == [
        "power",
        "Schoenfeld",
        "type I error",
        "power",
        "type I error",
    ]
    np.testing.assert_allclose(figure.data[0].y - figure.data[0].error_y.arrayminus, [0.24, 0.9])


def test_what_cannot_be_drawn_is_told():
    with pytest.raises(UsageError, match="one of study"):
        trial.estimates(examples.trial_estimates(), trial="other")
    with pytest.raises(TableError, match="at least one ratio"):
        trial.estimates(examples.trial_estimates().query("analysis == 'aalen_johansen'"))
    with pytest.raises(TableError, match="column power"):
        trial.power(examples.trial_power().drop(columns="power"))
