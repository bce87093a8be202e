"""What patients do not depend on: how many there are, batches, strategies, and each other's attributes."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from sim.model.parts import Distribution
from sim.model.structure import Baseline, ClinicalModel
from sim.population import draw_baseline
from sim.streams import AddressedLuck


def assert_same_people(one: Baseline, other: Baseline) -> None:
    for field in fields(Baseline):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name), err_msg=field.name)


def people_of(model: ClinicalModel, first: int, last: int, seed: int = 3) -> Baseline:
    return draw_baseline(model, AddressedLuck(seed), np.arange(first, last))


def rows(people: Baseline, chosen: slice) -> Baseline:
    return Baseline(*(getattr(people, field.name)[..., chosen] for field in fields(Baseline)))


def test_a_larger_population_begins_with_the_smaller_one(linked: ClinicalModel) -> None:
    assert_same_people(rows(people_of(linked, 0, 20_000), slice(2_000)), people_of(linked, 0, 2_000))


def test_patients_are_the_same_in_any_batch(linked: ClinicalModel) -> None:
    assert_same_people(rows(people_of(linked, 0, 1_000), slice(400, 700)), people_of(linked, 400, 700))


def test_patients_do_not_depend_on_the_strategies(model: ClinicalModel) -> None:
    assert_same_people(people_of(replace(model, strategies=model.strategies[2:]), 0, 500), people_of(model, 0, 500))


def test_changing_one_attribute_changes_no_other(model: ClinicalModel) -> None:
    heavier = replace(model, population=replace(model.population, weight_kg=Distribution("normal", 90.0, 20.0)))
    changed, base = people_of(heavier, 0, 500), people_of(model, 0, 500)
    assert (changed.weight_kg != base.weight_kg).all()
    assert_same_people(replace(changed, weight_kg=base.weight_kg), base)


def test_another_seed_is_another_population(model: ClinicalModel) -> None:
    assert (people_of(model, 0, 500, seed=4).weight_kg != people_of(model, 0, 500).weight_kg).all()
