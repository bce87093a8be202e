"""Inputs in words: every one has a name, no two the same, and each says which input it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, get_args, get_origin

import pytest
from pydantic import BaseModel

from sim.scenario import (
    Quantity,
    Scenario,
    apply_overrides,
    from_tables,
    input_name,
    input_names,
    load,
    quantities,
    shipped_scenarios,
    target_names,
    unit_beside,
)
from sim.scenario.wording import LONGEST_LABEL
from tests.walkthrough.entries import everything

ALL = {**{name: load(path) for name, path in shipped_scenarios().items()}, "everything": everything()}


@pytest.mark.parametrize("scenario", ALL.values(), ids=ALL)
def test_every_input_has_a_name_of_its_own(scenario: Scenario):
    names = input_names(scenario)
    assert list(names) == [path for path, _, _ in quantities(scenario)]
    assert len(set(names.values())) == len(names)
    for path, name in names.items():
        assert path not in name, "neither without words nor in need of its path"
        assert "_" not in name
        assert re.fullmatch(r"[A-Z][^\n<>{}\[\]]{2,110}", name), name


def _fields(kind: object, path: str, above: frozenset[type]) -> Iterator[str]:
    """Every path at which the format may have a quantity, `*` for a name and 1 for a place in a list."""
    if get_origin(kind) is Annotated:
        yield from _fields(get_args(kind)[0], path, above)
    elif isinstance(kind, type) and issubclass(kind, Quantity):
        yield path
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        if kind not in above:
            for name, field in kind.model_fields.items():
                yield from _fields(field.annotation, f"{path}.{name}".lstrip("."), above | {kind})
    elif get_origin(kind) is dict:
        yield from _fields(get_args(kind)[1], f"{path}.*", above)
    elif get_origin(kind) is tuple:
        yield from _fields(get_args(kind)[0], f"{path}.1", above)
    else:
        for part in get_args(kind):
            yield from _fields(part, path, above)


def test_every_quantity_that_the_format_may_have_has_words():
    """Also those that no scenario here has: names stand for themselves."""
    own = {"patients.correlations.1.value", *(path for path in _fields(Scenario, "", frozenset()) if "start" in path)}
    silent = []
    for path in set(_fields(Scenario, "", frozenset())) - own:
        concrete = path.replace("*", "some_name")
        if input_name(concrete, ALL["base-case"]) == concrete:
            silent.append(path)
    assert silent == []
    assert len(set(_fields(Scenario, "", frozenset()))) > 190, "the walk through the format reaches its leaves"


def test_names_say_agent_cause_grade_and_target_in_the_words_of_the_scenario():
    names = input_names(ALL["base-case"])
    assert names["immunoglobulin.hr.grade_3plus"] == "Hazard ratio of serious infection, immunoglobulin"
    rate = names["infections.causes.cmv.rate_per_month.BCMA.grade_1_2"]
    assert rate == "Rate of grade 1–2 infection: Cytomegalovirus, BCMA"
    assert names["agents.teclistamab.icans.grade_3plus"] == "Probability of ICANS of grade ≥ 3, Teclistamab"
    assert names["regimens.scig.price_per_gram"] == "Price of immunoglobulin (regimen SCIG)"
    assert names["strategies.preemptive.start.threshold_mg_dl"] == "IgG under which infusions start: Preemptive"
    nested = input_names(ALL["indication-based"])
    assert nested["strategies.indication.start.conditions.2.conditions.2.threshold_mg_dl"] == (
        "IgA under which infusions start (condition 2.2): On indication"
    )


def test_units_are_told_where_the_name_does_not_say_them():
    assert unit_beside("USD per gram") == "USD per gram"
    assert unit_beside("hazard ratio") == unit_beside("proportion") == ""


def _relabelled(**labels: str) -> Scenario:
    changes = {f"agents.{name}.label": label for name, label in labels.items()}
    return from_tables(apply_overrides(ALL["base-case"].resolved(), changes))


def test_inputs_of_one_name_are_told_apart_by_their_paths():
    stop = "agents.{}.stop_rate_per_month"
    alike = input_names(_relabelled(teclistamab="The drug", elranatamab="The drug"))
    for name in ("teclistamab", "elranatamab"):
        assert alike[stop.format(name)] == f"Rate of stopping The drug [{stop.format(name)}]"
    assert len(set(alike.values())) == len(alike)
    # A label made to look like what tells two others apart.
    trap = f"The drug [{stop.format('teclistamab')}]"
    trapped = input_names(_relabelled(teclistamab="The drug", elranatamab="The drug", linvoseltamab=trap))
    assert len(set(trapped.values())) == len(trapped)


def test_what_is_fitted_is_told_by_study_and_by_what_it_saw():
    assert target_names(ALL["base-case"]) == {}
    bcma, gprc5d = "101 patients on anti-BCMA antibodies", "57 patients on an anti-GPRC5D antibody"
    assert target_names(ALL["calibration"]) == {
        "calibration.targets.bcma_any": f"{bcma}: first infection by months 5 and 10",
        "calibration.targets.gprc5d_any_early": f"{gprc5d}: first infection by month 5",
        "calibration.targets.gprc5d_any": f"{gprc5d}: first infection by months 5 and 10",
    }
    tables = ALL["calibration"].resolved()
    targets = tables["calibration"]["targets"]
    targets["gprc5d_any_early"] = targets["gprc5d_any"]
    targets["bcma_any"] = {
        "kind": "rate",
        "cohort": "anti_bcma",
        "infections": "3plus",
        "events": 30,
        "patient_months": 600,
        "source": "made up",
    }
    targets["bcma_on"] = {
        "kind": "proportion",
        "cohort": "anti_bcma",
        "what": "on_treatment",
        "month": 6,
        "observed": 0.6,
        "worth_patients": 50,
        "source": "made up",
    }
    names = target_names(from_tables(tables))
    alike = f"{gprc5d}: first infection by months 5 and 10"
    assert names["calibration.targets.gprc5d_any"] == f"{alike} [calibration.targets.gprc5d_any]"
    assert names["calibration.targets.gprc5d_any_early"] == f"{alike} [calibration.targets.gprc5d_any_early]"
    assert names["calibration.targets.bcma_any"].endswith("antibodies: serious infections a month on treatment")
    assert names["calibration.targets.bcma_on"].endswith("antibodies: on treatment at month 6")


def test_a_label_of_any_length_or_shape_stays_on_one_line_and_lets_the_rest_be_read():
    long = "An agent of\nmany\twords " + "and more " * 50
    name = input_names(_relabelled(teclistamab=long, elranatamab=long + "!"))["agents.teclistamab.crs.grade_3plus"]
    assert name.startswith("Probability of CRS of grade ≥ 3, An agent of many words and more")
    assert "\n" not in name
    assert "[agents.teclistamab.crs.grade_3plus]" in name, "cut to the same letters, so told apart"
    assert len(name) < LONGEST_LABEL + 100


def test_what_is_no_quantity_keeps_its_path_unless_it_has_words():
    base = ALL["base-case"]
    assert input_name("programme.chairs.count", base) == "Chairs"
    assert input_name("analysis.seed", base) == "analysis.seed"
    for nowhere in ("patients.correlations.9.value", "strategies.nobody.start.threshold_mg_dl"):
        assert input_name(nowhere, base) == nowhere


def test_names_survive_the_run_folder():
    base = ALL["programme-shortage"]
    assert input_names(from_tables(base.resolved())) == input_names(base)


def test_the_shipped_files_are_what_this_looks_at():
    assert {"base-case", "indication-based", "programme-shortage", "calibration"} <= ALL.keys()
    assert Path(shipped_scenarios()["base-case"]).is_file()
