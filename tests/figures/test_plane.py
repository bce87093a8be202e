"""The cost-effectiveness plane and the frontier say what their tables say."""

import numpy as np
import pandas as pd
import pytest

from sim.errors import TableError, UsageError
from sim.figures import plane
from sim.figures.style import Look
from tests.figures.examples import LOOK, draws


def named(figure, name):
    (trace,) = [trace for trace in figure.data if trace.name == name]
    return trace


def test_each_strategy_has_points_ellipse_and_mean_and_there_is_one_line():
    figure = plane.ce_plane(draws(50), LOOK, comparator="none", wtp=100_000)
    assert len(figure.data) == 3 * 3 + 1
    assert [trace.legendgroup for trace in figure.data[:9]] == [s for s in LOOK.strategies[1:] for _ in range(3)]
    assert figure.layout.xaxis.title.text == "Incremental QALYs per patient"
    assert figure.layout.yaxis.title.text == "Incremental cost per patient (USD)"
    assert "No immunoglobulin" in figure.layout.title.text


def test_points_and_means_are_the_paired_differences():
    table = draws(20)
    wide = table.pivot_table(index="draw", columns="strategy", values=["cost", "qaly"])
    figure = plane.ce_plane(table, LOOK, comparator="none")
    cloud, _, mean = (trace for trace in figure.data if trace.legendgroup == "primary")
    np.testing.assert_allclose(cloud.y, wide["cost"]["primary"] - wide["cost"]["none"])
    np.testing.assert_allclose(cloud.x, wide["qaly"]["primary"] - wide["qaly"]["none"])
    np.testing.assert_allclose([mean.x[0], mean.y[0]], [cloud.x.mean(), cloud.y.mean()])
    assert mean.marker.color == LOOK.colour("primary")


@pytest.mark.parametrize("wtp", [0, 1, 20_000, 1e7])
def test_the_line_has_the_slope_of_willingness_to_pay_and_stays_in_the_plot(wtp: float):
    figure = plane.ce_plane(draws(50), LOOK, comparator="none", wtp=wtp)
    line = figure.data[-1]
    np.testing.assert_allclose(line.y, wtp * line.x)
    assert 0 in line.x
    for values, axis in ((line.x, figure.layout.xaxis), (line.y, figure.layout.yaxis)):
        assert axis.range[0] - 1e-9 <= values.min() <= values.max() <= axis.range[1] + 1e-9


def test_everything_lies_within_the_axes():
    figure = plane.ce_plane(draws(200), LOOK, comparator="none", wtp=50_000)
    for trace in figure.data:
        assert figure.layout.xaxis.range[0] <= min(trace.x) <= max(trace.x) <= figure.layout.xaxis.range[1]
        assert figure.layout.yaxis.range[0] <= min(trace.y) <= max(trace.y) <= figure.layout.yaxis.range[1]


def _inside(points: np.ndarray, outline: np.ndarray) -> np.ndarray:
    """Points, (2, n), inside a closed outline, by the crossing number."""
    x, y = points[:, :, None]
    (x0, y0), (x1, y1) = outline[:, :-1], outline[:, 1:]
    crosses = (y0 > y) != (y1 > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = x0 + (y - y0) / (y1 - y0) * (x1 - x0)
    return (crosses & (x < at)).sum(axis=1) % 2 == 1


def test_the_ellipse_holds_95_percent_of_normal_points():
    """Truth 0.95; 40,000 points, standard error 0.0011; an ellipse of 90 % or of 97.5 % is 45 or 23 errors away."""
    rng = np.random.default_rng(7)
    covariance = np.array([[0.0016, -12.0], [-12.0, 2.5e5]])
    points = rng.multivariate_normal([0.1, 3000], covariance, size=40_000).T
    outline = plane.ellipse(np.array([0.1, 3000.0]), covariance, points=721)
    error = np.sqrt(0.95 * 0.05 / 40_000)
    assert abs(_inside(points, outline).mean() - 0.95) < 4 * error
    smaller = plane.ellipse(np.array([0.1, 3000.0]), 0.9 * covariance, points=721)
    assert abs(_inside(points, smaller).mean() - 0.95) > 4 * error, "the test can tell a wrong ellipse"


def test_an_ellipse_of_no_spread_in_one_direction_is_a_line():
    outline = plane.ellipse(np.zeros(2), np.diag([0.0, 4.0]))
    assert np.all(outline[0] == 0)
    assert outline[1].max() == pytest.approx(2 * np.sqrt(plane.CHI_SQUARE_95))


def test_one_draw_is_a_point_without_an_ellipse():
    figure = plane.ce_plane(draws(1), LOOK, comparator="none", wtp=1e5)
    assert len(figure.data) == 3 * 2 + 1
    assert "one draw" in figure.layout.title.subtitle.text


def test_many_draws_are_thinned_and_the_subtitle_says_so():
    figure = plane.ce_plane(draws(4100), LOOK, comparator="none")
    assert len(figure.data[0].x) == 1367
    assert "4,100 draws, one in 3 shown" in figure.layout.title.subtitle.text


def test_the_hover_text_gives_the_share_of_cost_effective_draws():
    table = draws(400)
    figure = plane.ce_plane(table, LOOK, comparator="none", wtp=100_000)
    cloud, _, mean = (trace for trace in figure.data if trace.legendgroup == "secondary")
    assert f"{np.mean(1e5 * cloud.x > cloud.y):.1%} of draws" in mean.hovertemplate


def test_tables_that_cannot_be_drawn_are_refused_with_every_fault():
    with pytest.raises(TableError, match="at least one"):
        plane.ce_plane(draws(1).iloc[:0], LOOK, comparator="none")
    with pytest.raises(TableError, match=r"(?s)column cost.*column qaly"):
        plane.ce_plane(draws(1).drop(columns=["cost", "qaly"]), LOOK, comparator="none")
    with pytest.raises(TableError, match="at least two strategies"):
        plane.ce_plane(draws(5, ("none",)), LOOK, comparator="none")
    with pytest.raises(UsageError, match="one of none, primary, preemptive, secondary"):
        plane.ce_plane(draws(5), LOOK, comparator="nobody")
    with pytest.raises(TableError, match=r"(?s)row 1, column cost.*nan.*finite"):
        plane.ce_plane(draws(5).assign(cost=np.nan), LOOK, comparator="none")
    with pytest.raises(TableError, match="draw 3"):
        plane.ce_plane(draws(5).drop(index=2), LOOK, comparator="none")


def differences() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "strategy": ["primary", "secondary"],
            "comparator": "none",
            "delta_cost": [31_500.0, 7_500.0],
            "delta_qaly": [0.045, 0.02],
            "delta_cost_mcse": [700.0, 480.0],
            "delta_qaly_mcse": [0.005, 0.004],
            "covariance": [1.2, -0.9],
        }
    )


def test_means_stand_in_their_monte_carlo_ellipses():
    figure = plane.ce_plane_means(differences(), LOOK, wtp=1e5)
    outline, mean = figure.data[:2]
    assert (mean.x[0], mean.y[0]) == (0.045, 31_500)
    reach = np.sqrt(plane.CHI_SQUARE_95)
    assert np.ptp(outline.x) == pytest.approx(2 * reach * 0.005, rel=1e-3)
    assert np.ptp(outline.y) == pytest.approx(2 * reach * 700, rel=1e-3)


def test_means_without_errors_have_no_ellipse():
    figure = plane.ce_plane_means(differences()[["strategy", "comparator", "delta_cost", "delta_qaly"]], LOOK)
    assert [trace.mode for trace in figure.data] == ["markers", "markers"]
    with pytest.raises(TableError, match="one comparator"):
        plane.ce_plane_means(differences().assign(comparator=["none", "primary"]), LOOK)


def incremental() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "strategy": ["none", "secondary", "preemptive", "primary"],
            "cost": [46e3, 54e3, 71e3, 78e3],
            "qaly": [1.45, 1.47, 1.484, 1.495],
            "status": ["reference", "on frontier", "extendedly dominated", "on frontier"],
            "icer": [np.nan, 400_000.0, np.nan, 960_000.0],
        }
    )


def test_the_frontier_joins_undominated_strategies_and_names_their_icers():
    figure = plane.ce_frontier(incremental(), LOOK)
    line, *points = figure.data
    assert list(line.x) == [1.45, 1.47, 1.495]
    assert [point.marker.symbol.endswith("-open") for point in points] == [False, False, True, False]
    assert [note.text for note in figure.layout.annotations] == ["400,000 USD per QALY", "960,000 USD per QALY"]
    assert named(figure, "Primary: from the first dose").error_y.visible is False


def test_one_strategy_is_a_frontier_of_one_point():
    figure = plane.ce_frontier(incremental().iloc[:1], Look("GBP"))
    assert len(figure.data) == 2
    assert figure.layout.yaxis.title.text == "Cost per patient, discounted (GBP)"


def test_means_before_a_change_are_hollow_marks_within_the_axes():
    columns = ["strategy", "comparator", "delta_cost", "delta_qaly"]
    now = pd.DataFrame([("b", "a", 10.0, 0.1), ("c", "a", 20.0, 0.2)], columns=columns)
    before = pd.DataFrame([("b", "a", -500.0, 0.1), ("c", "a", 20.0, 0.9)], columns=columns)
    figure = plane.ce_plane_means(now, Look("USD", ("a", "b", "c")), wtp=100.0, before=before)
    marks = figure.data[-1]
    assert marks.name == "Before the change"
    assert marks.marker.symbol.endswith("-open")
    assert (list(marks.x), list(marks.y)) == ([0.1, 0.9], [-500.0, 20.0])
    x, y = figure.layout.xaxis.range, figure.layout.yaxis.range
    assert x[0] < 0 < 0.9 < x[1]
    assert y[0] < -500 < 20 < y[1]
