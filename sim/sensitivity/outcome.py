"""What a sensitivity analysis looks at: a net benefit or any component, of one strategy or against another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from sim.errors import Problem, UsageError
from sim.model.parts import Floats

NET_BENEFITS = ("inmb", "nmb")


@dataclass(frozen=True)
class Outcome:
    """A number per patient, linear in the components of one or two strategies.

    Attributes:
        name: "inmb", "nmb" or a component.
        strategy: Whose outcome.
        comparator: Whose outcome is taken off; None for none.
        wtp: Willingness to pay per QALY; of consequence for net benefits alone.
        strategies: Names of all strategies, in the order of the arrays.
    """

    name: str
    strategy: str
    comparator: str | None
    wtp: float
    strategies: tuple[str, ...]

    @property
    def components(self) -> tuple[str, ...]:
        """The components it is made of."""
        return ("cost", "qaly") if self.name in NET_BENEFITS else (self.name,)

    def of(self, values: dict[str, Floats]) -> Floats:
        """The outcome from components.

        Args:
            values: Component to array with the strategy as its first axis.

        Returns:
            An array without that axis.
        """
        is_net = self.name in NET_BENEFITS
        each = self.wtp * values["qaly"] - values["cost"] if is_net else values[self.name]
        own: Floats = each[self.strategies.index(self.strategy)]
        return own if self.comparator is None else own - each[self.strategies.index(self.comparator)]

    def words(self, currency: str) -> str:
        """Say what it is."""
        against = f" against {self.comparator}" if self.comparator else ""
        if self.name in NET_BENEFITS:
            kind = "Incremental net monetary benefit" if self.comparator else "Net monetary benefit"
            return f"{kind} of {self.strategy}{against} at {self.wtp:,.0f} {currency} per QALY"
        return f"{self.name} under {self.strategy}{against}"


def middle(wtps: Sequence[float]) -> float:
    """The middle threshold, the lower of two."""
    return wtps[(len(wtps) - 1) // 2]


def choose(
    name: str,
    *,
    strategies: tuple[str, ...],
    components: Sequence[str],
    benefit: Floats,
    wtp: float,
    strategy: str | None = None,
    comparator: str | None = None,
) -> Outcome:
    """The outcome that a user means.

    Args:
        name: "inmb" (against the comparator, by default the first strategy listed), "nmb", or a component (against
            a comparator only if one is given).
        strategies: Names of the strategies compared.
        components: Names of the components there are.
        benefit: Net monetary benefit of each strategy in the base case, shape (n_strategies,); without a `strategy`
            the one with the highest, the comparator aside, is looked at.
        wtp: Willingness to pay per QALY.
        strategy: Whose outcome.
        comparator: Against whom.

    Raises:
        UsageError: There is no such outcome or strategy, or the two strategies are one.
    """
    names = [*NET_BENEFITS, *components]
    problems = []
    if name not in names:
        close = get_close_matches(name, names, n=1)
        hint = f"did you mean {close[0]}?" if close else f"must be inmb, nmb or a component: {', '.join(components)}"
        problems.append(Problem("--outcome", name, hint))
    for option, given in (("--strategy", strategy), ("--comparator", comparator)):
        if given is not None and given not in strategies:
            problems.append(Problem(option, given, f"must be one of {', '.join(strategies)}"))
    if strategy is not None and strategy == comparator:
        problems.append(Problem("--comparator", strategy, "must differ from --strategy"))
    if name == "nmb" and comparator is not None:
        problems.append(Problem("--comparator", comparator, "nmb is of one strategy; the difference is inmb"))
    if not problems and name == "inmb" and comparator is None:
        comparator = next(other for other in strategies if other != strategy)
    if problems:
        raise UsageError("no such outcome", problems)
    if strategy is None:
        order = [strategies[index] for index in np.argsort(-benefit, kind="stable")]
        strategy = next(other for other in order if other != comparator)
    return Outcome(name, strategy, comparator, wtp, strategies)
