"""What an engine returns: every patient's history under every strategy, condensed to what accrual needs.

Amounts are physical (events, months, infusions), discounted where they happen at random times; prices and
utilities come later, in `sim.model.accrual`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim.model.structure import Floats, Integers


@dataclass(frozen=True)
class Histories:
    """Condensed histories; axes [strategy, patient] unless said otherwise.

    Attributes:
        end: Month of death or horizon.
        ending: `Ending` value.
        treatment_end: Month the bispecific ended, not after `end`.
        ig_start: Month of the first infusion; inf if there was none.
        infusions: Number of infusions.
        igg_tests: Number of IgG tests.
        infections: Count, [cause, grade, strategy, patient].
        survived: Count of non-fatal ones, same axes.
        infection_cost_factor: Sum of cost discount factors over infections, same axes.
        survived_effect_factor: Sum of effect discount factors over non-fatal infections, same axes.
        first_infection: Month of the first infection of any grade; inf if none.
        first_grade_3plus: Month of the first grade >= 3 infection; inf if none.
    """

    end: Floats
    ending: Integers
    treatment_end: Floats
    ig_start: Floats
    infusions: Floats
    igg_tests: Floats
    infections: Floats
    survived: Floats
    infection_cost_factor: Floats
    survived_effect_factor: Floats
    first_infection: Floats
    first_grade_3plus: Floats
