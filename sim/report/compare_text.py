"""What `igsim compare` says: to a person, and as a JSON document."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.text import Text

from sim.report.document import SCHEMA, Document, scenario_part
from sim.report.dsa_folder import records
from sim.report.dsa_text import PAIRED, ending
from sim.report.text import EVENT_ROWS, number, table, wide_table, with_error
from sim.scenario import Scenario
from sim.sensitivity import Comparison, ModelAveraging

WORDS = {"cost": ("cost", 0), "qaly": ("QALYs", 4), **EVENT_ROWS}


def compare_document(scenarios: Mapping[str, Scenario], result: Comparison) -> Document:
    """The document of `igsim compare`."""
    averaging = result.averaging
    return {
        "schema": SCHEMA,
        "command": "compare",
        "scenarios": [{"name": name, **scenario_part(scenario)} for name, scenario in scenarios.items()],
        "settings": {
            "patients": result.patients,
            "seed": result.seed,
            "currency": next(iter(scenarios.values())).analysis.currency,
            "weights": list(averaging.weights) if averaging else None,
        },
        "incremental": records(result.incremental),
        "decisions": records(result.decisions),
        "differences": records(result.differences),
        "averaging": {
            "strategies": records(averaging.strategies),
            "decisions": records(averaging.decisions),
            "losses": records(averaging.losses),
        }
        if averaging
        else None,
    }


def print_compare(
    console: Console, scenarios: Mapping[str, Scenario], result: Comparison, folder: Path | None
) -> None:
    """Everything `igsim compare` says."""
    currency = next(iter(scenarios.values())).analysis.currency
    for name, scenario in scenarios.items():
        console.print(Text(f"{name}: {scenario.title}", style="bold"))
    console.print(Text(f"{result.patients:,} patients under each strategy, the same in all, seed {result.seed}."))
    console.print()
    _print_incremental(console, result, currency)
    _print_decisions(console, result, currency)
    _print_differences(console, result)
    if result.averaging:
        _print_averaging(console, result.names, result.averaging, currency)
    console.print(Text(PAIRED))
    ending(console, folder)


def _print_incremental(console: Console, result: Comparison, currency: str) -> None:
    shown = table(
        f"Incremental analysis of each, per patient ({currency}, discounted)",
        "scenario",
        "strategy",
        "cost",
        "QALYs",
        "against",
        "Δ cost",
        "Δ QALYs",
        "ICER",
        "status",
        left=2,
    )
    for name, rows in result.incremental.groupby("scenario", sort=False):
        for place, row in enumerate(rows.to_dict(orient="records")):
            shown.add_row(
                str(name) if place == 0 else "",
                str(row["strategy"]),
                with_error(row["cost"], row["cost_mcse"]),
                with_error(row["qaly"], row["qaly_mcse"], 4),
                row["comparator"] if isinstance(row["comparator"], str) else "",
                with_error(row["delta_cost"], row["delta_cost_mcse"]),
                with_error(row["delta_qaly"], row["delta_qaly_mcse"], 4),
                number(row["icer"]),
                str(row["status"]),
            )
        shown.add_section()
    console.print(shown)


def _print_decisions(console: Console, result: Comparison, currency: str) -> None:
    wtps = list(dict.fromkeys(result.decisions["wtp"]))
    title = f"Best strategy and its INMB against the second ({currency}), at a willingness to pay per QALY of"
    shown = wide_table(title, "scenario", *(f"{wtp:,.0f}" for wtp in wtps))
    for name, rows in result.decisions.groupby("scenario", sort=False):
        cells = [f"{row.best} {with_error(row.margin, row.margin_mcse)}" for row in rows.itertuples()]
        shown.add_row(str(name), *cells)
    console.print(shown)
    for wtp, rows in result.decisions.groupby("wtp", sort=False):
        best = list(dict.fromkeys(rows["best"]))
        told = f"all prefer {best[0]}" if len(best) == 1 else f"they disagree: {', '.join(best)}"
        console.print(Text(f"At {wtp:,.0f} per QALY {told}."))
    console.print()


def _print_differences(console: Console, result: Comparison) -> None:
    for name, rows in result.differences.groupby("scenario", sort=False):
        shown = wide_table(f"{name} less {rows['against'].iloc[0]}, per patient", "", *result.strategies)
        for component, each in rows.groupby("component", sort=False):
            words, digits = WORDS[str(component)]
            shown.add_row(words, *(with_error(row.mean, row.mcse, digits) for row in each.itertuples(name="Row")))
        console.print(shown)


def _print_averaging(console: Console, names: tuple[str, ...], averaging: ModelAveraging, currency: str) -> None:
    weights = ", ".join(f"{name} {weight:g}" for name, weight in zip(names, averaging.weights, strict=True))
    shown = table(f"Averaged over models, weights {weights}", "strategy", f"cost ({currency})", "QALYs")
    for row in averaging.strategies.to_dict(orient="records"):
        cost, qaly = with_error(row["cost"], row["cost_mcse"]), with_error(row["qaly"], row["qaly_mcse"], 4)
        shown.add_row(str(row["strategy"]), cost, qaly)
    console.print(shown)
    lost = table(
        f"What is lost, per patient ({currency}), by deciding by one model",
        "WTP per QALY",
        "decided by",
        "strategy",
        "expected loss",
        "worst loss",
        "if the truth is",
        left=3,
    )
    for row in averaging.losses.to_dict(orient="records"):
        lost.add_row(
            number(row["wtp"]),
            str(row["decided_by"]),
            str(row["best"]),
            with_error(row["expected_loss"], row["expected_loss_mcse"]),
            number(row["worst_loss"]),
            str(row["worst_model"]) if row["worst_loss"] > 0 else "",
        )
    console.print(lost)
    for row in averaging.decisions.to_dict(orient="records"):
        worth = with_error(row["evpi"], row["evpi_mcse"])
        console.print(
            Text(
                f"At {row['wtp']:,.0f} per QALY the weighted models prefer {row['best']}; "
                f"knowing which is right is worth {worth}."
            )
        )
