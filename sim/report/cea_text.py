"""The decision analysis of an outside table, as text and as a JSON document."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from sim.cea import Individualised, PsaAnalysis, PsaTable
from sim.report.document import SCHEMA, Document, clean
from sim.report.text import number, table, wide_table, with_error


def print_cea(console: Console, path: str, read: PsaTable, analysis: PsaAnalysis) -> None:
    """Everything `igsim cea` says."""
    kind = "means only" if read.n_iterations == 1 else f"{read.n_iterations:,} iterations"
    console.print(Text(f"{path}: {len(read.strategies)} strategies, {kind}", style="bold"))
    console.print()
    icers = table(
        "Incremental analysis of means", "strategy", "cost", "QALYs", "against", "Δ cost", "Δ QALYs", "ICER", "status"
    )
    for row in analysis.incremental.to_dict(orient="records"):
        icers.add_row(
            str(row["strategy"]),
            number(row["cost"], 2),
            number(row["qaly"], 5),
            str(row["comparator"]) if isinstance(row["comparator"], str) else "",
            with_error(row["delta_cost"], row["delta_cost_se"], 2),
            with_error(row["delta_qaly"], row["delta_qaly_se"], 5),
            number(row["icer"], 2),
            str(row["status"]),
        )
    console.print(icers)
    if read.n_iterations == 1:
        console.print(Text("One row a strategy carries no uncertainty: no CEAC, CEAF or EVPI."))
        return
    curves = wide_table("CEAC: probability of being best", "WTP", *read.strategies, "optimal", "CEAF", "EVPI", left=0)
    wide = analysis.by_wtp_strategy.pivot_table(index="wtp", columns="strategy", values="ceac", observed=True)
    for row in analysis.by_wtp.to_dict(orient="records"):
        curves.add_row(
            number(row["wtp"]),
            *(number(wide.loc[row["wtp"], name], 4) for name in read.strategies),
            str(row["optimal"]),
            number(row["ceaf"], 4),
            with_error(row["evpi"], row["evpi_se"], 2),
        )
    console.print(curves)
    console.print(
        Text(
            "The optimal strategy has the highest mean net benefit; CEAF is its probability of being best. "
            "EVPI is per patient and decision; ± is one standard error over iterations."
        )
    )


def cea_document(path: str, read: PsaTable, analysis: PsaAnalysis) -> Document:
    """The JSON document of `igsim cea`."""
    return {
        "schema": SCHEMA,
        "command": "cea",
        "table": path,
        "settings": {"strategies": list(read.strategies), "iterations": read.n_iterations},
        "incremental": _records(analysis.incremental),
        "by_wtp": _records(analysis.by_wtp),
        "by_wtp_strategy": _records(analysis.by_wtp_strategy),
    }


def print_subgroups(console: Console, path: str, found: Individualised) -> None:
    """The decision by subgroup."""
    console.print(Text(f"{path}: one decision for all, or one for each subgroup", style="bold"))
    console.print()
    shown = table(
        "Per patient of the subgroup", "WTP", "subgroup", "share", "best", "gain over best for all", "EVPI", left=2
    )
    for row in found.by_subgroup.to_dict(orient="records"):
        cells = (number(row["weight"], 4), str(row["best"]), number(row["gain"], 2), number(row["evpi"], 2))
        shown.add_row(number(row["wtp"]), str(row["subgroup"]), *cells)
    console.print(shown)
    totals = table(
        "Per patient of the population",
        *("WTP", "best for all", "value of individualised care", "EVPI of deciding by subgroup"),
        left=0,
    )
    for row in found.by_wtp.to_dict(orient="records"):
        value, evpi = number(row["value_of_individualised_care"], 2), number(row["evpi"], 2)
        totals.add_row(number(row["wtp"]), str(row["best_for_all"]), value, evpi)
    console.print(totals)


def subgroups_document(path: str, column: str, found: Individualised) -> Document:
    """The JSON document of `igsim cea --subgroups`."""
    return {
        "schema": SCHEMA,
        "command": "cea",
        "table": path,
        "settings": {"subgroups": column},
        "by_subgroup": _records(found.by_subgroup),
        "by_wtp": _records(found.by_wtp),
    }


def _records(frame: object) -> list[Document]:
    records = frame.to_dict(orient="records")  # type: ignore[attr-defined]
    return [{key: _plain(value) for key, value in record.items()} for record in records]


def _plain(value: object) -> object:
    if isinstance(value, str | bool) or value is None:
        return value
    if hasattr(value, "item"):
        value = value.item()
    return value if isinstance(value, bool) else clean(value)
