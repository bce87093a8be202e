"""`igsim dashboard`: look at runs and try changes in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sim.cli import options as opt


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(name="dashboard", epilog="Example: igsim dashboard scenarios/base-case.toml")(dashboard)


def dashboard(
    what: Annotated[
        Path | None,
        typer.Argument(
            metavar="[RUN|SCENARIO]",
            callback=opt.newest,
            help="Run folder or scenario file; none lists what there is.",
            show_default=False,
        ),
    ] = None,
    results: Annotated[Path, typer.Option("--results", help="Folder with run folders.")] = Path("results"),
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", parser=opt.whole_number, metavar="N", help="Port; 0 takes any free one.")
    ] = 8050,
    open_browser: Annotated[bool, typer.Option("--open/--no-browser", help="Open the page in the browser.")] = True,
) -> None:
    """Look at runs, compare them and move sliders, in a browser on this machine; Ctrl-C ends it."""
    from sim.dashboard.address import View
    from sim.dashboard.opening import opening
    from sim.dashboard.server import create_app, is_loopback, listen, own_names

    chosen = opening(what, results)
    app = create_app(chosen.root, chosen.scenarios, hosts=own_names(host))
    server = listen(app, host, port)
    if not is_loopback(host):
        typer.echo(
            f"Warning: listening on {host}, where others on the network can see every run in {chosen.root}. "
            "There is no password.",
            err=True,
        )
    name = "127.0.0.1" if host in ("0.0.0.0", "::") else host
    name = f"[{name}]" if ":" in name else name
    url = f"http://{name}:{server.port}{View(page=chosen.page, look_at=chosen.key).href()}"
    try:
        # Ctrl-C may come as soon as the words are out.
        typer.echo(f"Dashboard: {url}")
        typer.echo("Ctrl-C ends it.")
        if open_browser:
            import webbrowser

            webbrowser.open(url)
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
