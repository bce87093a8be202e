"""`igsim verify` with its checklists and with what was published."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import BASE_CASE, REPOSITORY, TUTORIAL, Igsim


def test_full_goes_through_both_checklists_and_writes_a_page(igsim: Igsim, tmp_path: Path) -> None:
    said = igsim("verify", TUTORIAL, "--full", "--patients", "2000", "--page", "page.md")
    assert (said.status, said.err) == (0, "")
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    for words in ("TECH-VER", "AdViSHE", "Event-state calculations", "all passed"):
        assert words in page
    assert "AdViSHE" in said.out
    assert "all passed" in said.out


def test_the_committed_page_has_every_claim_and_none_failed() -> None:
    from sim.scenario import load
    from sim.verify.techver import techver

    page = (REPOSITORY / "docs/checklists.md").read_text(encoding="utf-8")
    checks = [check for stage in techver(load(BASE_CASE), 1).values() for check in stage]
    assert all(f"| {check.claim} |" in page for check in checks)
    counted = [check for check in checks if "parameters" in check.compared]
    assert counted
    assert all(f"| {check.claim} | {check.compared} |" in page for check in counted)
    assert "FAILED" not in page


def test_external_prints_each_outcome_with_its_verdict(igsim: Igsim) -> None:
    said = igsim("verify", "--external", "--patients", "200", "--draws", "20", "--format", "json")
    assert said.status == 0
    rows = said.document["external"]
    assert {row["verdict"] for row in rows} <= {"agrees", "overlaps", "misses"}
    assert all(row["model_low"] <= row["model"] <= row["model_high"] for row in rows)
    assert any(row["used"] for row in rows)


def test_options_that_do_not_go_together_are_refused(igsim: Igsim) -> None:
    said = igsim("verify", BASE_CASE, "--external", "--full")
    assert said.status == 2
    assert "SCENARIO" in said.err
    assert "--full: cannot be combined with --external" in said.err
    assert "--page: found x.md; needs --full or --external" in igsim("verify", "--page", "x.md").err
    assert "--draws: found 20; needs --external" in igsim("verify", "--draws", "20").err
