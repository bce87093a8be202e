"""The reference item as one would write it in an afternoon, in NumPy and in SimPy. Measures for the rest."""

from __future__ import annotations

import numpy as np
import simpy

from benchmarks import item
from benchmarks.item import Floats


def numpy_masks(patients: int, seed: int) -> tuple[Floats, Floats]:
    """All patients step from event to event in full-length arrays under masks; sums and sums of squares."""
    rng = np.random.default_rng(seed)
    sums, squares = np.zeros((2, len(item.OUTCOMES), 2))
    for s in range(2):
        mild = item.INFECTION * (1 - item.SHARE_SEVERE) * item.RATIO_MILD[s]
        severe = item.INFECTION * item.SHARE_SEVERE * item.RATIO_SEVERE[s]
        rate_on = mild + severe + item.STOP + item.DEATH_ON
        now, alive = np.zeros(patients), np.ones(patients, dtype=bool)
        on, infections = alive.copy(), np.zeros(patients)
        cost, qaly = np.zeros(patients), np.zeros(patients)
        while alive.any():
            rate = np.where(on, rate_on, item.DEATH_OFF)
            then = np.minimum(now + rng.exponential(1 / rate), item.HORIZON)
            flow = np.where(alive, (np.exp(-item.DISCOUNT * now) - np.exp(-item.DISCOUNT * then)) / item.DISCOUNT, 0)
            qaly += flow * np.where(on, item.UTILITY_ON, item.UTILITY_OFF) / 12
            cost += flow * np.where(on, item.FLOW[s], 0)
            now = np.where(alive, then, now)
            alive &= now < item.HORIZON
            kind = rng.random(patients) * rate
            falls_ill = alive & on & (kind < mild + severe)
            is_severe = falls_ill & (kind < severe)
            infections += falls_ill
            price = np.where(is_severe, item.COST_SEVERE, item.COST_MILD)
            cost += np.where(falls_ill, price * np.exp(-item.DISCOUNT * now), 0)
            stops = alive & on & (kind >= mild + severe) & (kind < mild + severe + item.STOP)
            dies = alive & ~falls_ill & ~stops
            dies |= is_severe & (rng.random(patients) < item.FATAL)
            on &= ~stops
            alive &= ~dies
        for row, values in enumerate((cost, qaly, now / 12, infections)):
            sums[row, s], squares[row, s] = values.sum(), (values**2).sum()
    return sums, squares


def simpy_processes(patients: int, seed: int) -> tuple[Floats, Floats]:
    """One SimPy process a patient and strategy, all in one environment; sums and sums of squares."""
    rng = np.random.default_rng(seed)
    env = simpy.Environment()
    sums, squares = np.zeros((2, len(item.OUTCOMES), 2))

    def history(s: int):  # type: ignore[no-untyped-def]
        mild = item.INFECTION * (1 - item.SHARE_SEVERE) * item.RATIO_MILD[s]
        severe = item.INFECTION * item.SHARE_SEVERE * item.RATIO_SEVERE[s]
        cost, qaly, infections, on = 0.0, 0.0, 0, True
        while True:
            start, rate = env.now, mild + severe + item.STOP + item.DEATH_ON if on else item.DEATH_OFF
            yield env.timeout(min(rng.exponential(1 / rate), item.HORIZON - start))
            flow = (np.exp(-item.DISCOUNT * start) - np.exp(-item.DISCOUNT * env.now)) / item.DISCOUNT
            qaly += flow * (item.UTILITY_ON if on else item.UTILITY_OFF) / 12
            cost += flow * item.FLOW[s] if on else 0.0
            kind = rng.random() * rate
            if env.now >= item.HORIZON or not on:
                break
            if kind < mild + severe:
                infections += 1
                price = item.COST_SEVERE if kind < severe else item.COST_MILD
                cost += price * np.exp(-item.DISCOUNT * env.now)
                if kind < severe and rng.random() < item.FATAL:
                    break
            elif kind < mild + severe + item.STOP:
                on = False
            else:
                break
        for row, value in enumerate((cost, qaly, env.now / 12, infections)):
            sums[row, s] += value
            squares[row, s] += value**2

    for _ in range(patients):
        for s in range(2):
            env.process(history(s))
    env.run()
    return sums, squares
