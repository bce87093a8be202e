"""Published tables and what their authors or peer software made of them, copied number by number."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.cea import analyse, incremental_analysis, read_psa_table

SMALL_CASES = """case,strategy,cost,effect
paltiel_hiv,status quo,26000,23.10416667
paltiel_hiv,one time,27000,23.13083333
paltiel_hiv,5yr,28020,23.14833333
paltiel_hiv,3yr,28440,23.1525
paltiel_hiv,annual,29440,23.14666667
tie3,No Treat,163771,6.48273
tie3,Treat all,164848.7,6.52861
tie3,Test & treat,163765.1,6.52861
darth,SoC,151580,20.711
darth,A,284805,21.499
darth,B,259100,22.184
darth,AB,378875,23.137
"""

EXPECTED = {
    # Paltiel et al. 2006, Ann Intern Med 145:797, as analysed by dampack: 37,500; 58,286; 100,800.
    "paltiel_hiv": {
        "status quo": ("reference", None),
        "one time": ("on frontier", 37_500.00937500226),
        "5yr": ("on frontier", 58_285.714285719965),
        "3yr": ("on frontier", 100_799.91936006356),
        "annual": ("dominated", None),
    },
    "tie3": {
        "Test & treat": ("reference", None),
        "No Treat": ("dominated", None),
        "Treat all": ("dominated", None),
    },
    # Alarid-Escudero et al. 2023, Med Decis Making 43:3, base case of the Sick-Sicker model.
    "darth": {
        "SoC": ("reference", None),
        "B": ("on frontier", 72_993.89002036647),
        "A": ("dominated", None),
        "AB": ("on frontier", 125_682.05666316902),
    },
}


@pytest.mark.parametrize("case", EXPECTED)
def test_published_means_give_the_published_icers(case: str, tmp_path: Path) -> None:
    """Differences of numbers with nine digits leave the ICERs about six; both programs start from these."""
    path = tmp_path / "cases.csv"
    path.write_text(SMALL_CASES, encoding="utf-8")
    table = read_psa_table(path, where={"case": case})
    assert table.n_iterations == 1
    rows = incremental_analysis(table.strategies, table.mean_cost, table.mean_qaly)
    assert {row.strategy: str(row.status) for row in rows} == {
        name: status for name, (status, _) in EXPECTED[case].items()
    }
    for row in rows:
        icer = EXPECTED[case][row.strategy][1]
        assert row.icer == (None if icer is None else pytest.approx(icer, rel=1e-9))


def test_published_means_have_no_uncertainty_to_value(tmp_path: Path) -> None:
    path = tmp_path / "cases.csv"
    path.write_text(SMALL_CASES, encoding="utf-8")
    analysis = analyse(read_psa_table(path, where={"case": "darth"}), [50_000, 100_000, 150_000])
    assert analysis.by_wtp["optimal"].tolist() == ["SoC", "B", "AB"]
    assert analysis.by_wtp["evpi"].tolist() == [0, 0, 0]
