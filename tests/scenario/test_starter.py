"""`igsim init`: a first scenario of one's own, beside a copy of what it extends."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sim.errors import UsageError
from sim.scenario import init_files, load, shipped_scenarios, starter_text, warnings

SHIPPED = shipped_scenarios()


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_a_new_scenario_loads_strictly_and_adds_one_policy(tmp_path: Path, name: str) -> None:
    written = init_files(tmp_path / "mine.toml", name)
    scenario = load(written[0], strict=True)
    assert scenario.title == "mine"
    assert scenario.strategy_names == (*load(SHIPPED[name]).strategy_names, "two_infections")
    assert warnings(scenario) == ()


def test_the_check_that_it_names_finds_the_file(tmp_path: Path) -> None:
    new = init_files(tmp_path / "a folder" / "mine.toml", "tutorial")[0]
    assert f'igsim validate "{new}"' in new.read_text()
    plain = init_files(tmp_path / "folder" / "mine.toml", "tutorial")[0]
    assert f"igsim validate {plain}\n" in plain.read_text()


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_commented_line_holds_when_it_is_taken_in(tmp_path: Path, name: str) -> None:
    path = init_files(tmp_path / "mine.toml", name)[0]
    text = re.sub(r"^# (\w+ = )", r"\1", path.read_text(), flags=re.M)
    assert text != path.read_text()
    path.write_text(text)
    assert load(path, strict=True).digest is not None
    assert load(path).immunoglobulin == load(SHIPPED[name]).immunoglobulin


def test_the_whole_chain_is_copied_byte_for_byte(tmp_path: Path) -> None:
    written = init_files(tmp_path / "new" / "mine.toml", "bcma-italy")
    assert [path.name for path in written] == ["mine.toml", "bcma-italy.toml", "base-case.toml"]
    assert (tmp_path / "new" / "base-case.toml").read_bytes() == SHIPPED["base-case"].read_bytes()


def test_a_life_table_is_copied_with_the_scenario_that_names_it(tmp_path: Path) -> None:
    written = init_files(tmp_path / "mine.toml", "bcma-uk-nice")
    assert [path.name for path in written][1:] == [
        "bcma-uk-nice.toml",
        "base-case.toml",
        "life-table-uk-2017-2019.csv",
    ]
    assert load(written[0]).treatment.life_table == load(SHIPPED["bcma-uk-nice"]).treatment.life_table


def test_a_folder_gets_a_file_of_a_plain_name(tmp_path: Path) -> None:
    assert init_files(tmp_path / "study", "tutorial")[0] == tmp_path / "study" / "my-scenario.toml"


def test_a_second_scenario_shares_the_copies_of_the_first(tmp_path: Path) -> None:
    init_files(tmp_path / "one.toml", "base-case")
    assert init_files(tmp_path / "two.toml", "base-case") == [tmp_path / "two.toml"]


@pytest.mark.parametrize("in_the_way", ["mine.toml", "base-case.toml", "bcma-uk-nice.toml"])
def test_nothing_is_overwritten_and_nothing_else_written(tmp_path: Path, in_the_way: str) -> None:
    (tmp_path / in_the_way).write_text("mine")
    with pytest.raises(UsageError, match=rf"would overwrite .*{in_the_way}"):
        init_files(tmp_path / "mine.toml", "bcma-uk-nice")
    assert [path.name for path in tmp_path.iterdir()] == [in_the_way]
    assert (tmp_path / in_the_way).read_text() == "mine"


def test_a_failure_half_way_takes_back_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open
    count = 0

    def fail_on_second(path: Path, mode: str = "r", *args: object, **kwargs: object) -> object:
        nonlocal count
        count += mode == "xb"
        if count == 2:
            raise OSError(28, "No space left on device", str(path))
        return opened(path, mode, *args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", fail_on_second)
    with pytest.raises(UsageError, match="cannot be written: No space left"):
        init_files(tmp_path / "mine.toml", "bcma-uk-nice")
    assert list(tmp_path.iterdir()) == []


def test_a_scenario_must_not_take_the_name_of_its_base(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must not have the name of the scenario it extends"):
        init_files(tmp_path / "base-case.toml", "base-case")


def test_an_unknown_base_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(UsageError, match='did you mean "base-case"'):
        starter_text("mine", "basecase")
