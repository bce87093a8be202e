"""What an engine returns: every patient's history under every strategy, condensed to what accrual needs.

Amounts are physical (events, months, infusions), discounted where they happen at random times; prices and
utilities come later, in `sim.model.accrual`.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim.model.parts import Floats, Integers


@dataclass(frozen=True)
class Infusions:
    """Infusions given, [strategy, patient].

    Attributes:
        count: Number.
        grams: Sum of grams.
        cost_factor: Sum of cost discount factors.
        effect_factor: Sum of effect discount factors.
        grams_cost_factor: Sum of grams times cost discount factor.
    """

    count: Floats
    grams: Floats
    cost_factor: Floats
    effect_factor: Floats
    grams_cost_factor: Floats


@dataclass(frozen=True)
class Illnesses:
    """Infections met, [cause, grade, strategy, patient] unless said otherwise.

    Attributes:
        count: Number.
        survived: Number of non-fatal ones.
        cost_factor: Sum of cost discount factors.
        survived_effect_factor: Sum of effect discount factors over non-fatal ones.
        first: Month of the first of any grade, [strategy, patient]; inf if none.
        first_grade_3plus: The same for grade >= 3.
        vulnerable: Number met on treatment, before immunoglobulin, with low true IgG, [strategy, patient].
        courses: Preemptive courses, [antimicrobial, strategy, patient].
        course_cost_factor: Sum of their cost discount factors, same axes.
        held_months: Months of treatment for which the bispecific was held, [strategy, patient].
        held_drug: Drug cost saved by that, undiscounted.
        held_drug_discounted: The same, discounted.
    """

    count: Floats
    survived: Floats
    cost_factor: Floats
    survived_effect_factor: Floats
    first: Floats
    first_grade_3plus: Floats
    vulnerable: Floats
    courses: Floats
    course_cost_factor: Floats
    held_months: Floats
    held_drug: Floats
    held_drug_discounted: Floats


@dataclass(frozen=True)
class Histories:
    """Condensed histories; axes [strategy, patient].

    Attributes:
        end: Month of death or horizon.
        ending: `Ending` value.
        treatment_end: Month the bispecific ended, not after `end`.
        ig_start: Month of the first infusion; inf if there was none.
        ig_end: Month the course of immunoglobulin ended, not after `end`; equals `end` if there was none.
        harm: Index of the adverse event that ended immunoglobulin; -1 if none.
        igg_tests: Number of IgG tests.
        infusions: Infusions given.
        illnesses: Infections met.
    """

    end: Floats
    ending: Integers
    treatment_end: Floats
    ig_start: Floats
    ig_end: Floats
    harm: Integers
    igg_tests: Floats
    infusions: Infusions
    illnesses: Illnesses
