"""`igsim explain`: the compiled model in words and tables."""

from __future__ import annotations

import typer

from sim.cli import options as opt


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="explain", epilog="Example: igsim explain scenarios/indication-based.toml")(explain)


def explain(
    scenario: opt.ScenarioFile,
    settings: opt.Settings = None,
    output_format: opt.FormatOption = opt.Format.TABLE,
) -> None:
    """Show what will be played: who, which hazards, which rules, and each number with its source."""
    from sim.explain import explain as lay_open
    from sim.report.explain_text import explanation_document, print_explanation

    loaded = opt.load_scenario(scenario, settings)
    explanation = lay_open(loaded)
    if output_format is opt.Format.JSON:
        opt.print_json(explanation_document(loaded, explanation))
    else:
        print_explanation(opt.console(), loaded, explanation)
