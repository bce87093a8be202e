"""Small made-up tables in the shape that each figure reads; every number is the test's own."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sim.figures.style import Look

STRATEGIES = ("none", "primary", "preemptive", "secondary")
LABELS = {
    "none": "No immunoglobulin",
    "primary": "Primary: from the first dose",
    "preemptive": "Preemptive: IgG under 400 mg/dL",
    "secondary": "Secondary: after a severe infection",
}
LOOK = Look("USD", STRATEGIES, LABELS)
MEANS = {"none": (46e3, 1.45), "primary": (78e3, 1.62), "preemptive": (71e3, 1.60), "secondary": (54e3, 1.50)}


def draws(n: int = 500, strategies: tuple[str, ...] = STRATEGIES, seed: int = 1) -> pd.DataFrame:
    """PSA draws: a common part, and for each strategy a correlated normal part of its own."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(n, 2)) * (4000, 0.1)
    pieces = []
    for name in strategies:
        cost, qaly = MEANS[name]
        own = rng.multivariate_normal((0, 0), [[6e6, -40], [-40, 1.6e-3]], size=n)
        columns = {"draw": np.arange(1, n + 1), "strategy": name, "cost": cost + common[:, 0] + own[:, 0]}
        pieces.append(pd.DataFrame(columns | {"qaly": qaly + common[:, 1] + own[:, 1]}))
    return pd.concat(pieces, ignore_index=True)


def tornado() -> pd.DataFrame:
    rows = [
        ("immunoglobulin.hr.grade_3plus", 0.1, 0.72, -21000, -33000, 500),
        ("immunoglobulin.price_per_gram", 60, 140, -14000, -36000, 20),
        ("infections.bacterial.rate_per_month.grade_3plus", 0.02, 0.05, -29000, -24500, 400),
        ("agents.teclistamab.stop_rate_per_month", 0.044, 0.134, -34000, -23000, 300),
        ("utilities.on_treatment", 0.68, 0.79, -27300, -26800, 30),
        ("laboratory.transfusion_delay_days", 0, 1, -27010, -27030, 60),
        ("immunoglobulin.dose_g_per_kg", 0.3, 0.5, 4000, -39000, 15),
    ]
    columns = ["path", "low", "high", "outcome_low", "outcome_high", "swing_mcse"]
    return pd.DataFrame(rows, columns=columns).assign(outcome_base=-27027.0)


def two_way() -> pd.DataFrame:
    x, y = np.meshgrid(np.linspace(20, 150, 27), np.linspace(0.1, 1.0, 19))
    value = {"none": 0 * x, "primary": 9000 * (1 - y) * 4 - 300 * x, "secondary": 9000 * (1 - y) * 2 - 90 * x}
    stacked = np.sort(np.stack(list(value.values())), axis=0)
    best = np.array(list(value))[np.argmax(np.stack(list(value.values())), axis=0)]
    table = {"x": x.ravel(), "y": y.ravel(), "best": best.ravel(), "inmb": (stacked[-1] - stacked[-2]).ravel()}
    return pd.DataFrame(table).assign(inmb_mcse=180.0)


def evppi() -> pd.DataFrame:
    rows = [
        ("immunoglobulin.hr.grade_3plus", 812.0, 30.0),
        ("infection rates", 455.0, 41.0),
        ("immunoglobulin.price_per_gram", 210.0, 12.0),
        ("utilities", 14.0, 9.0),
        ("agents.teclistamab.stop_rate_per_month", 3.0, 8.0),
    ]
    return pd.DataFrame(rows, columns=["set", "evppi", "standard_error"])


def evsi() -> pd.DataFrame:
    n = np.array([50, 100, 200, 400, 800, 1600])
    value = 800 * n / (n + 260)
    table = {"n": n, "evsi": value, "standard_error": 18.0, "enbs": value * 2.1e4 - 2e6 - 9e3 * n, "enbs_se": 3e5}
    return pd.DataFrame(table)


def thresholds() -> pd.DataFrame:
    wtp = np.linspace(0, 200_000, 41)
    pieces = []
    for name, slope, start in (("primary", 4.2e-4, 3.0), ("preemptive", 5e-4, 6.0), ("secondary", 8e-4, -12.0)):
        price = start + slope * wtp
        table = {"wtp": wtp, "strategy": name, "comparator": "none", "threshold": np.where(price < 0, np.nan, price)}
        pieces.append(
            pd.DataFrame(table).assign(low=lambda t: t["threshold"] * 0.8, high=lambda t: t["threshold"] * 1.25)
        )
    return pd.concat(pieces, ignore_index=True)


def convergence(seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    pieces = []
    for name, mean in (("primary", -27000), ("preemptive", -21000), ("secondary", -5600)):
        batch = mean + rng.normal(size=25) * 1500
        n = np.arange(1, 26)
        running = np.cumsum(batch) / n
        mcse = np.where(n > 1, 1500 / np.sqrt(n), np.nan)
        pieces.append(
            pd.DataFrame({"n": n * 4096, "inmb": running, "mcse": mcse, "strategy": name, "comparator": "none"})
        )
    return pd.concat(pieces, ignore_index=True)


def correlations() -> pd.DataFrame:
    paths = [
        "immunoglobulin.hr.grade_3plus",
        "immunoglobulin.price_per_gram",
        "utilities.on_treatment",
        "igg.half_life_days",
    ]
    values = [-0.71, -0.42, 0.12, np.nan]
    return pd.DataFrame({"path": paths, "strategy": "primary", "correlation": values, "standard_error": 0.03})


def common_luck() -> pd.DataFrame:
    rows = [
        (outcome, name, "none", ratio * factor)
        for outcome, ratio in (("cost", 0.5), ("qaly", 0.2), ("infections_grade_3plus", 0.45))
        for name, factor in (("primary", 1.0), ("preemptive", 0.9), ("secondary", 0.6))
    ]
    return pd.DataFrame(rows, columns=["component", "strategy", "comparator", "ratio"])


def published() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "kind": ["grade_3plus", "grade_3plus", "any"],
            "months": [5.0, 10.0, 6.0],
            "probability": [0.386, 0.479, 0.62],
            "low": [0.31, 0.40, np.nan],
            "high": [0.46, 0.56, np.nan],
            "source": ["158 patients, a cohort", "158 patients, a cohort", "another cohort"],
        }
    )


def incidence_by_cause() -> pd.DataFrame:
    months = np.arange(0.0, 25.0)
    ends = {"bacterial": 0.6, "cmv": 0.05, "hbv": 0.001}
    pieces = [
        pd.DataFrame({"strategy": name, "cause": cause, "kind": kind, "months": months}).assign(
            probability=end * share * (1 - np.exp(-months / 6)), mcse=0.004
        )
        for name, share in (("none", 1.0), ("primary", 0.7))
        for cause, end in ends.items()
        for kind in ("any", "grade_3plus")
    ]
    return pd.concat(pieces, ignore_index=True)


def ig_use() -> pd.DataFrame:
    months = np.arange(0.0, 25.0)
    pieces = [
        pd.DataFrame({"strategy": name, "months": months, "on_ig": start * np.exp(-months / 9), "on_ig_mcse": 0.01})
        for name, start in (("none", 0.0), ("primary", 1.0))
    ]
    return pd.concat(pieces, ignore_index=True).assign(grams=lambda t: 30 * t["on_ig"], grams_mcse=0.4)


def calibration_curves() -> pd.DataFrame:
    months = np.arange(1.0, 13.0)
    median = 1 - np.exp(-0.06 * months)
    return pd.DataFrame(
        {"target": "seen", "months": months, "low": 0.8 * median, "median": median, "high": 1.2 * median}
    )


def trial_estimates() -> pd.DataFrame:
    rows = [
        ("study", 225, "as_modelled", "naive_cox", "immunoglobulin", np.nan, 0.44, 0.25, 0.12, 0.48),
        ("study", 225, "as_modelled", "time_dependent_cox", "immunoglobulin", np.nan, 0.44, 0.44, 0.18, 0.89),
        ("study", 225, "as_modelled", "aalen_johansen", "all", 6.0, 0.2, 0.2, 0.1, 0.3),
        ("study", 225, "no_effect", "naive_cox", "immunoglobulin", np.nan, 1.0, 0.55, 0.31, 0.88),
        ("study", 225, "no_effect", "time_dependent_cox", "immunoglobulin", np.nan, 1.0, 1.01, 0.54, 1.69),
    ]
    columns = ["trial", "patients", "world", "analysis", "group", "month", "true_value", "median", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def trial_published() -> pd.DataFrame:
    told = {"published": [0.38], "published_low": [0.18], "published_high": [0.79]}
    of = {"trial": ["study"], "patients": [225], "analysis": ["time_dependent_cox"], "group": ["immunoglobulin"]}
    return pd.DataFrame(of | told)


def trial_power() -> pd.DataFrame:
    rows = [
        ("planned", 100, "cox", "primary", 0.3, 0.24, 0.36, 0.45, 0.04, 0.05),
        ("planned", 400, "cox", "primary", 0.95, 0.9, 0.97, 0.96, 0.05, 0.05),
        ("planned", 100, "rate_ratio", "primary", 0.31, 0.25, 0.38, np.nan, 0.05, 0.05),
        ("planned", 400, "rate_ratio", "primary", 0.95, 0.91, 0.97, np.nan, 0.06, 0.05),
    ]
    columns = ["trial", "patients", "analysis", "group", "power", "power_low", "power_high", "schoenfeld_power"]
    return pd.DataFrame(rows, columns=[*columns, "type_1_error", "significance"])


def calibration_targets() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "target": "seen",
            "month": [5.0, 10.0],
            "fitted": False,
            "observed": [0.3, 0.4],
            "observed_low": [0.2, 0.28],
            "observed_high": [0.4, 0.52],
            "predicted_low": [0.15, 0.2],
            "predicted_high": [0.45, 0.6],
        }
    )
