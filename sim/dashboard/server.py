"""Serving the app on this machine: who may ask, what may be fetched, and how it ends.

Requests whose Host header is not the dashboard's own are refused, so that a web page elsewhere cannot reach it under
a name of its own (DNS rebinding). The browser is told to load nothing from anywhere else.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from dash import Dash
from flask import Flask, Response, abort, request
from werkzeug.exceptions import HTTPException
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sim.dashboard.app import build
from sim.dashboard.bench import Bench
from sim.dashboard.library import RUN, Library
from sim.dashboard.pages import Desk
from sim.errors import IgsimError, Problem, UsageError
from sim.figures.export import page

LOOPBACK: Final = "127.0.0.1"
PORT: Final = 8050
LARGEST_REQUEST: Final = 20_000_000
"""Bytes: a figure on its way to becoming a page."""


class _Quiet(WSGIRequestHandler):
    """Says nothing of every request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


def create_app(root: Path, scenarios: Mapping[str, Path], *, hosts: frozenset[str] | None = None) -> Dash:
    """The dashboard as a web application.

    Args:
        root: Results folder.
        scenarios: Name to file.
        hosts: Names and addresses, without port, under which it may be asked; None for those of the loopback.
    """
    desk = Desk(Library(root, scenarios), Bench())
    app = build(desk)
    allowed = hosts if hosts is not None else own_names(LOOPBACK)
    _guard(app, allowed)
    _files(app, desk)
    return app


def own_names(host: str) -> frozenset[str]:
    """Names under which a server bound to an address may be asked."""
    loopback = {"localhost", "127.0.0.1", "::1"}
    if is_loopback(host):
        return frozenset(loopback | {host})
    if host in ("0.0.0.0", "::"):
        name = socket.gethostname()
        try:
            addresses = {str(found[4][0]) for found in socket.getaddrinfo(name, None)}
        except OSError:
            addresses = set()
        return frozenset(loopback | {host, name, socket.getfqdn()} | addresses)
    return frozenset(loopback | {host})


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def host_name(header: str) -> str:
    """The host of a Host header, without its port, in lower case."""
    if header.startswith("["):
        return header[1:].partition("]")[0].lower()
    return header.partition(":")[0].lower()


def _guard(app: Dash, allowed: frozenset[str]) -> None:
    names = {name.lower() for name in allowed}
    server: Flask = app.server
    server.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST
    scripts: list[str] = []

    @server.before_request
    def _own_host_only() -> None:
        if host_name(request.headers.get("Host", "")) not in names:
            abort(403, "This dashboard answers under its own address only.")
        origin = request.headers.get("Origin")
        if origin is not None and host_name(origin.partition("://")[2]) not in names:
            abort(403, "This dashboard answers to its own pages only.")

    @server.after_request
    def _nothing_from_elsewhere(response: Response) -> Response:
        if not scripts:
            scripts.extend(app.csp_hashes())
        response.headers["Content-Security-Policy"] = (
            f"default-src 'self'; script-src 'self' {' '.join(scripts)}; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
            "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    @server.errorhandler(HTTPException)
    def _plain_text(error: HTTPException) -> Response:
        return Response(f"{error.description}\n", status=error.code, mimetype="text/plain")


def _files(app: Dash, desk: Desk) -> None:
    server: Flask = app.server

    @server.get("/table/<name>/<run>/<table>.csv")
    def _table(name: str, run: str, table: str) -> Response:
        try:
            source = desk.library.open(f"{RUN}{name}/{run}")
        except IgsimError as error:
            abort(404, str(error))
        if table not in source.tables:
            abort(404, f"This run has no table of that name; there are {', '.join(source.tables)}.")
        return Response(source.tables[table].to_csv(index=False), mimetype="text/csv")

    @server.post("/figure.html")
    def _figure() -> Response:
        import plotly.graph_objects as go

        try:
            content: Any = json.loads(request.get_data(cache=False))
            figure = go.Figure(data=content["data"], layout=content["layout"])
        except (ValueError, KeyError, TypeError) as error:
            abort(400, f"This is no figure ({error}).")
        return Response(page(figure), mimetype="text/html")


def listen(app: Dash, host: str, port: int) -> BaseWSGIServer:
    """A server that listens already; `serve_forever` answers until Ctrl-C.

    Raises:
        UsageError: The address cannot be used, or somebody else has the port.
    """
    probe = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((host, port))
        probe.listen(128)
    except (OSError, OverflowError) as error:
        probe.close()
        allowed = "must be free: choose another with --port, or 0 for any free one"
        raise UsageError(
            "the dashboard cannot listen", [Problem("--host, --port", f"{host}:{port} ({error})", allowed)]
        ) from error
    server = make_server(host, port, app.server, threaded=True, request_handler=_Quiet, fd=probe.fileno())
    # The server has taken a copy of the socket.
    probe.close()
    return server
