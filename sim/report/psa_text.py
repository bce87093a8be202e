"""`igsim psa` for a person at a terminal."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sim.psa import PsaReport, PsaResult
from sim.psa.prices import EVERYONE
from sim.report.text import finding_lines, icer_text, in_lines, number, open_limits, table, wide_table, with_error

SHOWN_PARAMETERS = 12


def print_psa(console: Console, report: PsaReport, folder: Path | None) -> None:
    """Everything `igsim psa` says."""
    result = report.result
    currency = result.scenario.analysis.currency
    console.print(Text(result.scenario.title, style="bold"))
    console.print(Text(_setting(result)))
    for line in report.rounds:
        console.print(Text(line))
    console.print()
    incremental = result.incremental().to_dict(orient="records")
    console.print(_incremental(incremental, currency))
    console.print(_benefit(result))
    console.print(_decision(result, report))
    for line in warnings(report):
        console.print(Text(line, style="yellow"))
    console.print()
    console.print(_value(report, currency))
    if not report.price.empty:
        console.print(_price(report, currency))
    if not report.subgroups.empty:
        console.print(_subgroups(report, currency))
    console.print(_precision(result))
    console.print(Text(advice(result)))
    console.print(
        Text(
            "Under each number its 95 % credible interval over draws; ± is one Monte Carlo standard error, of draws "
            "and patients together. Corrected: with the patients' luck taken out of the draws' scatter."
        )
    )
    if sentence := open_limits(incremental):
        console.print(Text(f"Under the ICER its limits by that error. {sentence}"))
    if folder is not None:
        console.print()
        console.print(Text(f"Run folder: {folder}"), soft_wrap=True)


def _setting(result: PsaResult) -> str:
    analysis = result.scenario.analysis
    luck = (
        "the same patients' luck in every draw" if result.shared_luck else "patients' luck of its own in every draw"
    )
    return (
        f"{result.n_draws:,} draws of {len(result.draws.paths)} parameters x {result.n_patients:,} patients x "
        f"{len(result.strategies)} strategies, {luck}, seed {result.seed}; {analysis.perspective}; "
        f"{analysis.currency} of {analysis.price_year}."
    )


def _limits(row: Mapping[Hashable, object], name: str, digits: int = 0) -> str:
    text = with_error(row[name], row[f"{name}_mcse"], digits)
    if not text:
        return ""
    return in_lines(f"{text}\n{number(row[f'{name}_low'], digits)}–{number(row[f'{name}_high'], digits)}")


def _incremental(rows: Sequence[Mapping[Hashable, object]], currency: str) -> Table:
    shown = table(
        f"Incremental analysis of means over draws, per patient ({currency}, discounted)",
        *("strategy", "cost", "QALYs", "against", "Δ cost", "Δ QALYs", "ICER", "status"),
    )
    for column in (shown.columns[0], shown.columns[3], *shown.columns[-2:]):
        column.no_wrap = True
    for row in rows:
        shown.add_row(
            str(row["strategy"]),
            _limits(row, "cost"),
            _limits(row, "qaly", 3),
            str(row["comparator"]) if isinstance(row["comparator"], str) else "",
            _limits(row, "delta_cost"),
            _limits(row, "delta_qaly", 3),
            in_lines(icer_text(row)),
            str(row["status"]),
        )
    return shown


def _benefit(result: PsaResult) -> Table:
    shown = table(
        f"Incremental net monetary benefit against {result.reference}, per patient, at a willingness to pay of",
        "strategy",
        *(f"{wtp:,.0f}" for wtp in result.wtp),
    )
    precision = result.precision()
    for strategy in dict.fromkeys(precision["strategy"]):
        cells = [
            f"{with_error(r['inmb'], r['mcse'])}\n[{number(r['low'])}, {number(r['high'])}]"
            for r in precision[precision["strategy"] == strategy].to_dict(orient="records")
        ]
        shown.add_row(strategy, *cells)
    return shown


def _decision(result: PsaResult, report: PsaReport) -> Table:
    by_wtp, by_strategy = result.curves
    shown = wide_table(
        "Decision uncertainty: probability that each strategy is best, as drawn (corrected)",
        "WTP",
        *result.strategies,
        "highest mean",
        "EVPI per patient",
        "corrected",
        "for the population",
        left=0,
    )
    for wtp in result.wtp:
        row = by_wtp[by_wtp["wtp"] == wtp].iloc[0]
        at = by_strategy[by_strategy["wtp"] == wtp][["ceac", "ceac_corrected"]].to_numpy()
        shown.add_row(
            number(wtp),
            *(f"{number(raw, 3)} ({number(corrected, 3)})" for raw, corrected in at),
            str(row["optimal"]),
            with_error(row["evpi"], row["evpi_se"]),
            number(row["evpi_corrected"]),
            number(row["evpi_corrected"] * report.population) if report.population else "",
        )
    return shown


def warnings(report: PsaReport) -> list[str]:
    """What a reader must not miss: decisions that noise could turn round, and suspicious inputs."""
    lines = []
    for row in report.result.leads().to_dict(orient="records"):
        if row["could_flip"]:
            lines.append(
                f"Noise could flip the decision at {number(row['wtp'])} per QALY: {row['best']} leads {row['next']} "
                f"by {with_error(row['lead'], row['mcse'])}. Ask for more draws and patients, or --target-mcse."
            )
    lines += finding_lines(report.findings)
    for path, share in report.result.draws.adjusted.items():
        if share:
            lines.append(
                f"Adjusted in {share:,} of {report.result.n_draws:,} draws to keep the scenario valid: {path}."
            )
    return lines


def _value(report: PsaReport, currency: str) -> Table:
    """Expected value of partial perfect information, groups first, then parameters, largest first."""
    wtp = report.result.wtp[-1]
    shown = table(
        f"Value of learning parameters at {number(wtp)} per QALY, per patient ({currency})",
        *("group or parameter", "EVPPI", "of EVPI", "rank correlation with INMB"),
    )
    if report.evppi.empty:
        return shown
    found = report.evppi[report.evppi["wtp"] == wtp]
    found = found[(found["kind"] == "group") | (found["evppi"] > 0)]
    moves = report.correlations[report.correlations["wtp"] == wtp]
    strongest = moves.groupby("parameter")["rank"].agg(
        lambda ranks: max(ranks.dropna(), key=abs, default=float("nan"))
    )
    if found.empty:
        shown.add_row("none above 0: knowing one of them would not change the decision", "", "", "")
    groups, single = (found[found["kind"] == kind] for kind in ("group", "parameter"))
    for row in [*groups.to_dict(orient="records"), *single.head(SHOWN_PARAMETERS).to_dict(orient="records")]:
        name = str(row["name"])
        note = f" (less than {row['less_than_member']} alone: read that)" if row["less_than_member"] else ""
        shown.add_row(
            name + note,
            with_error(row["evppi"], row["standard_error"], 1),
            f"{row['share_of_evpi']:.0%}",
            number(strongest.get(name), 2),
        )
    return shown


def _price(report: PsaReport, currency: str) -> Table:
    reference, wtps = report.result.reference, report.result.wtp
    own = report.price[(report.price["comparator"] == reference) & report.price["wtp"].isin(wtps)]
    subgroups = list(dict.fromkeys(own["subgroup"]))
    shown = table(
        f"Price of immunoglobulin per gram at which a strategy is worth as much as {reference}, at the means and in "
        f"95 % of draws ({currency}; exact, cost is linear in it; table price_of_immunoglobulin has the curve)",
        *("strategy", "WTP", *("everyone" if name == EVERYONE else name for name in subgroups)),
    )
    for (strategy, wtp), rows in own.groupby(["strategy", "wtp"], sort=False):
        cells = rows.set_index("subgroup").reindex(subgroups).to_dict(orient="records")
        shown.add_row(str(strategy), number(wtp), *(_price_cell(cell) for cell in cells))
    return shown


def _price_cell(row: Mapping[Hashable, object]) -> str:
    """A break-even price and its spread over draws; blank where the subgroup has none."""
    price = with_error(row["price"], row["mcse"], 1)
    return f"{price}\n[{number(row['low'], 1)}, {number(row['high'], 1)}]" if price else ""


def _subgroups(report: PsaReport, currency: str) -> Table:
    shown = table(
        f"Subgroups at {number(report.result.wtp[0])} per QALY: what deciding for them apart is worth ({currency} "
        "per patient of all)",
        *("subgroup", "share", "best in it", "best for the others", "value of deciding apart"),
    )
    for row in report.subgroups[report.subgroups["wtp"] == report.result.wtp[0]].to_dict(orient="records"):
        shown.add_row(
            str(row["label"]),
            f"{row['share']:.1%}",
            str(row["best"]),
            str(row["best_for_others"]),
            with_error(row["value_of_deciding_apart"], row["mcse"]),
        )
    return shown


def _precision(result: PsaResult) -> Table:
    shown = table(
        f"Precision of the INMB at {number(result.wtp[0])} per QALY",
        *("strategy", "INMB ± MCSE", "of draws", "of patients", "luck in the draws' scatter"),
    )
    frame = result.precision()
    for row in frame[frame["wtp"] == result.wtp[0]].to_dict(orient="records"):
        shown.add_row(
            str(row["strategy"]),
            with_error(row["inmb"], row["mcse"]),
            number(row["mcse_draws"]),
            number(row["mcse_patients"]),
            f"{row['noise_share']:.1%}",
        )
    return shown


def advice(result: PsaResult) -> str:
    """How to divide the same work between draws and patients for the least certain INMB."""
    frame = result.precision()
    if frame.empty:
        return "One strategy: nothing to compare."
    row = frame.iloc[int(frame["mcse"].argmax())]
    return (
        f"Best use of the same work for the INMB of {row['strategy']} at {number(row['wtp'])}: about "
        f"{row['best_draws']:,} draws x {row['best_patients']:,} patients would give ± {number(row['best_mcse'])} in "
        f"place of ± {number(row['mcse'])}."
    )
