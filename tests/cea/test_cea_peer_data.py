"""Every number that peers' tables of iterations should give; the files are listed in tests/published/README.md.

The expected numbers were computed by other programs from these same files and written with ten
significant digits, so they agree to a relative 5e-10; differences taken after that leave 1e-8.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from sim.cea import PsaTable, Status, analyse, incremental_analysis, read_psa_table
from sim.errors import TableError
from tests.cea.conftest import PeerData
from tests.cea.table_files import Write

RTOL = 1e-8
STATUS = {"ND": {"reference", "on frontier"}, "D": {"dominated"}, "ED": {"extendedly dominated"}}


@dataclass(frozen=True)
class Peer:
    file: str
    expected: str
    where: dict[str, str] | None = None
    names: tuple[str, ...] | None = None


PEERS = [
    Peer(
        "bcea_smoking.csv",
        "bcea_smoking",
        names=("No intervention", "Self-help", "Individual counselling", "Group counselling"),
    ),
    Peer("darth_sicksicker_timeindep_psa.csv", "darth_sicksicker_timeindep"),
    Peer("darth_sicksicker_timedep_psa.csv", "darth_sicksicker_timedep"),
    Peer("hesim_cea_vignette.csv", "hesim_cea_vignette_group1", where={"grp": "Group 1"}),
    Peer("hesim_cea_vignette.csv", "hesim_cea_vignette_group2", where={"grp": "Group 2"}),
    Peer("savi_brennan10000.csv.gz", "savi_brennan10000"),
]


def load(find: PeerData, peer: Peer) -> PsaTable:
    table = read_psa_table(find(peer.file), where=peer.where)
    return PsaTable(peer.names or table.strategies, table.iterations, table.cost, table.qaly)


def expected(find: PeerData, peer: Peer, part: str) -> pd.DataFrame:
    return pd.read_csv(find(f"expected/{peer.expected}__{part}.csv"))


@pytest.fixture(params=PEERS, ids=lambda peer: peer.expected)
def peer(request: pytest.FixtureRequest) -> Peer:
    chosen: Peer = request.param
    return chosen


def check_icer_table(rows: pd.DataFrame, truth: pd.DataFrame) -> None:
    ours = rows.set_index("strategy").loc[truth["strategy"]]
    for name, other in (("cost", "cost"), ("qaly", "effect"), ("icer", "icer")):
        np.testing.assert_allclose(ours[name], truth[other], rtol=RTOL, err_msg=name)
    frontier = (truth["inc_cost"].notna()).to_numpy()
    np.testing.assert_allclose(ours["delta_cost"][frontier], truth["inc_cost"][frontier], rtol=RTOL)
    np.testing.assert_allclose(ours["delta_qaly"][frontier], truth["inc_effect"][frontier], rtol=RTOL)
    for strategy, status in zip(truth["strategy"], truth["status"], strict=True):
        assert ours.loc[strategy, "status"] in STATUS[status], strategy


def test_incremental_table(peer_data: PeerData, peer: Peer) -> None:
    analysis = analyse(load(peer_data, peer), [0])
    check_icer_table(analysis.incremental, expected(peer_data, peer, "icer_table"))


def test_measures_by_threshold_and_strategy(peer_data: PeerData, peer: Peer) -> None:
    truth = expected(peer_data, peer, "by_wtp_strategy")
    ours = analyse(load(peer_data, peer), list(dict.fromkeys(truth["wtp"]))).by_wtp_strategy
    merged = truth.merge(ours, on=["wtp", "strategy"], suffixes=("_truth", ""), validate="one_to_one")
    assert len(merged) == len(truth) == len(ours)
    for name in ("ceac", "expected_nmb", "expected_loss"):
        np.testing.assert_allclose(merged[name], merged[f"{name}_truth"], rtol=RTOL, atol=1e-9, err_msg=name)
    assert merged["on_ceaf"].tolist() == merged["on_ceaf_truth"].astype(bool).tolist()


def test_measures_by_threshold(peer_data: PeerData, peer: Peer) -> None:
    truth = expected(peer_data, peer, "by_wtp")
    ours = analyse(load(peer_data, peer), list(truth["wtp"])).by_wtp
    assert ours["optimal"].tolist() == truth["optimal"].tolist()
    for name, other in (("ceaf", "ceaf"), ("evpi", "evpi"), ("evpi_se", "evpi_mcse_naive")):
        np.testing.assert_allclose(ours[name], truth[other], rtol=RTOL, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("case", ["paltiel_hiv", "toy6", "tie3", "darth_cohort_published"])
def test_small_cases(peer_data: PeerData, case: str) -> None:
    table = read_psa_table(peer_data("small_icer_cases.csv"), where={"case": case})
    rows = pd.DataFrame(
        {**vars(row), "status": row.status.value}
        for row in incremental_analysis(table.strategies, table.mean_cost, table.mean_qaly)
    ).astype({"icer": float, "delta_cost": float, "delta_qaly": float})
    truth = pd.read_csv(peer_data("expected/small_icer_cases__icer_table.csv"))
    # The expected rows name no case, but come in blocks of the same order and size as the input's.
    of_case = pd.read_csv(peer_data("small_icer_cases.csv"))["case"] == case
    check_icer_table(rows, truth[of_case])


def test_frontier_of_the_smoking_example_switches_where_its_authors_say(peer_data: PeerData) -> None:
    """Thresholds 159 and 225 on a whole-number grid; EVPI 45.774 at 250 (Baio, BCEA)."""
    table = load(peer_data, PEERS[0])
    by_wtp = analyse(table, list(range(501))).by_wtp
    changes = by_wtp["wtp"][by_wtp["optimal"] != by_wtp["optimal"].shift()]
    assert changes.tolist() == [0, 159, 225]
    assert by_wtp["evpi"][250] == pytest.approx(45.774, abs=5e-4)


def test_subgroups_in_one_file_are_refused_by_the_name_of_their_column(write: Write) -> None:
    groups = "sample,strategy,grp,cost,qalys\n1,a,Group 1,1,2\n1,b,Group 1,2,3\n1,a,Group 2,3,4\n1,b,Group 2,4,5\n"
    with pytest.raises(TableError, match="column grp: found 2 values") as caught:
        read_psa_table(write(groups))
    assert "--where 'grp=Group 1'" in str(caught.value)
    with pytest.raises(TableError, match="column case"):
        read_psa_table(write("case,strategy,cost,effect\none,a,1,2\none,b,2,3\ntwo,a,3,4\ntwo,b,4,5\n"))


def test_status_words_are_those_of_the_published_interface() -> None:
    assert set.union(*STATUS.values()) == {status.value for status in Status}
