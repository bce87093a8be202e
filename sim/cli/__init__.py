"""The command `igsim`: parse, call the library, print. One module a command; nothing is computed here.

Libraries are imported inside the commands, so that `igsim --help` answers at once. Exit status: 0 done, 1 the
analysis failed, 2 bad input. A user's mistake is one clear message on standard error, a bug of ours its traceback.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from sim.errors import IgsimError


class _Commands(TyperGroup):
    """Turns every error raised on purpose into its message and exit status."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except IgsimError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(error.exit_status) from error


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"igsim {version('igsim')}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and leave."),
    ] = False,
) -> None:
    pass


def build_app() -> typer.Typer:
    """The command with all its subcommands."""
    from sim.cli import (
        calibrate,
        capacity,
        cea,
        compare,
        dashboard,
        dsa,
        excel,
        explain,
        plot,
        psa,
        report,
        run,
        scenario_files,
        sweep,
        trace,
        trial,
        verify,
        voi,
    )

    app = typer.Typer(
        name="igsim",
        cls=_Commands,
        help="Who should get immunoglobulin, and when: discrete-event simulation and cost-effectiveness analysis of "
        "prophylaxis in myeloma treated with bispecific antibodies.",
        epilog="Start with: igsim run scenarios/base-case.toml",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for module in (
        run,
        explain,
        trace,
        dashboard,
        capacity,
        psa,
        voi,
        plot,
        report,
        excel,
        dsa,
        sweep,
        compare,
        cea,
        scenario_files,
        calibrate,
        trial,
        verify,
    ):
        module.register(app)
    return app


def main() -> None:
    """Entry point of the command."""
    build_app()()
