"""Who may ask the dashboard, what may be fetched from it, and how it begins and ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import pytest
from flask.testing import FlaskClient
from typer.testing import CliRunner

from sim.cli import build_app
from sim.dashboard.app import ASSETS
from sim.dashboard.live import ROUTE
from sim.dashboard.server import create_app, host_name, listen, own_names
from sim.errors import UsageError
from tests.dashboard.conftest import PRICE, TUTORIAL


@pytest.fixture(scope="module")
def client(root, scenarios) -> FlaskClient:
    return create_app(root, scenarios).server.test_client()


def test_the_page_loads_nothing_from_elsewhere(client):
    answer = client.get("/", headers={"Host": "127.0.0.1:8050"})
    assert answer.status_code == 200
    page = answer.get_data(as_text=True)
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(sources) > 8
    assert not [source for source in sources if "//" in source], sources
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert '<html lang="en">' in page
    for asset in ("igsim.js", "style.css"):
        assert f"/assets/{asset}" in page
        assert not re.search(r"https?://|@import|url\(", (ASSETS / asset).read_text(encoding="utf-8"))


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8050", "127.0.0.1.evil.example", "", "[::2]:80"])
def test_another_host_is_refused(client, host):
    for path in ("/", "/_dash-layout", "/_dash-dependencies", "/assets/igsim.js"):
        assert client.get(path, headers={"Host": host}).status_code == 403
    assert client.post("/_dash-update-component", headers={"Host": host}, json={}).status_code == 403


def test_another_origin_is_refused(client):
    for origin in ("http://evil.example", "null"):
        answer = client.post("/figure.html", headers={"Host": "localhost", "Origin": origin}, json={})
        assert answer.status_code == 403
    answer = client.post("/figure.html", headers={"Host": "localhost", "Origin": "http://localhost:8050"}, json={})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("header", "name"),
    [("LocalHost:80", "localhost"), ("[::1]:8050", "::1"), ("127.0.0.1", "127.0.0.1"), ("a:b:c", "a"), ("", "")],
)
def test_host_headers(header, name):
    assert host_name(header) == name


def test_only_the_loopback_has_no_other_name():
    assert own_names("127.0.0.1") == {"localhost", "127.0.0.1", "::1"}
    assert socket.gethostname() in own_names("0.0.0.0")
    assert "192.0.2.7" in own_names("192.0.2.7")


def test_tables_are_fetched_whole(client, root, entries):
    entry = entries["run"][0]
    answer = client.get(f"/table/{entry.name}/outcomes.csv")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    assert answer.get_data(as_text=True) == (root / entry.name / "outcomes.csv").read_text()
    assert (
        len(pd.read_parquet(root / entry.name / "outcomes.parquet")) == answer.get_data(as_text=True).count("\n") - 1
    )


@pytest.mark.parametrize(
    "path",
    [
        "/table/tutorial/../outcomes.csv",
        "/table/../../etc/passwd.csv",
        "/table/%2e%2e/%2e%2e/passwd.csv",
        "/table/tutorial/20000101-000000-altered/outcomes.csv",
        "/table/tutorial/{run}/manifest.csv",
        "/table/tutorial/{run}/..%2foutcomes.csv",
        "/assets/../server.py",
        "/assets/%2e%2e/server.py",
        "/assets/..%2fserver.py",
    ],
)
def test_nothing_else_can_be_fetched(client, entries, path):
    answer = client.get(path.format(run=entries["run"][0].name.split("/")[1]))
    # The app answers every other path with its own empty page.
    body = answer.get_data(as_text=True)
    assert answer.status_code == 404 or "react-entry-point" in body
    assert "Traceback" not in body


def test_a_figure_becomes_a_page_and_anything_else_is_refused(client):
    figure = go.Figure(go.Bar(x=[1], y=[2]), {"title": "<b>T</b>"})
    page = client.post("/figure.html", data=figure.to_json()).get_data(as_text=True)
    assert "Plotly.newPlot" in page
    assert "default-src 'none'" in page
    for bad in ("", "[]", '{"data": 3}', json.dumps({"data": [{"type": "bar", "nonsense": 1}], "layout": {}})):
        answer = client.post("/figure.html", data=bad)
        assert answer.status_code == 400
        assert answer.get_data(as_text=True).startswith("This is no figure")


QUESTION = {"moved": {PRICE: 80}, "wtp": 50_000, "against": "", "strategy": "", "look_at": "scenario:tutorial"}


def test_a_question_is_answered_in_json(client):
    answer = client.post(ROUTE, json=QUESTION).get_json()
    assert set(answer["figures"]) == {"live_plane", "live_benefit", "live_costs"}
    assert "50,000 USD per QALY" in answer["parts"]["verdict"]
    assert f"--set {PRICE}=80" in answer["parts"]["command"]
    refused = client.post(ROUTE, json=QUESTION | {"moved": {PRICE: -1}}).get_json()
    assert set(refused) == {"parts"}
    assert "found -1" in json.dumps(refused)
    gone = client.post(ROUTE, json=QUESTION | {"look_at": "run:../../etc"}).get_json()
    assert "is no run folder" in json.dumps(gone)


@pytest.mark.parametrize("change", [{"moved": 3}, {"moved": {PRICE: "<b>"}}, {"moved": {PRICE: None}}])
def test_what_is_no_question_is_refused(client, change):
    for answer in (client.post(ROUTE, json=QUESTION | change), client.post(ROUTE, data="[1")):
        assert answer.status_code == 400
        assert answer.get_data(as_text=True).startswith("This is no question")


# ---------------------------------------------------------------------- beginning and end


def test_a_port_that_is_taken_is_an_error_of_input(root, scenarios):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=rf"127.0.0.1:{port} .*; must be free: choose another with --port"):
            listen(create_app(root, scenarios), "127.0.0.1", port)
        command = ["dashboard", "--no-browser", "--port", str(port), "--results", str(root)]
        said = CliRunner().invoke(build_app(), command)
        assert said.exit_code == 2
        assert "Traceback" not in said.output


@pytest.mark.parametrize("what", ["nowhere.toml", "."])
def test_what_cannot_be_opened_is_an_error_before_anything_listens(what, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(build_app(), ["dashboard", what, "--no-browser", "--port", "0"])
    assert said.exit_code in (1, 2)
    assert "must be a run folder or a scenario" in said.output or "not a run folder" in said.output


def test_it_says_where_it_is_and_ends_with_ctrl_c(tmp_path: Path):
    command = [sys.executable, "-m", "sim", "dashboard", str(TUTORIAL), "--no-browser", "--port", "0"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [*command, "--results", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    try:
        first = process.stdout.readline()
        assert re.fullmatch(r"Dashboard: http://127\.0\.0\.1:\d+/what-if\?look_at=scenario:tutorial\n", first)
        assert process.stdout.readline() == "Ctrl-C ends it.\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, out, err) == (0, "", "")


def test_listening_to_others_is_warned_of(root, monkeypatch):
    class Ended:
        port = 8050

        def serve_forever(self) -> None:
            raise KeyboardInterrupt

        def server_close(self) -> None:
            pass

    monkeypatch.setattr("sim.dashboard.server.listen", lambda app, host, port: Ended())
    command = ["dashboard", "--no-browser", "--results", str(root)]
    said = CliRunner().invoke(build_app(), [*command, "--host", "0.0.0.0"])
    assert said.exit_code == 0
    assert "Warning: listening on 0.0.0.0, where others on the network can see every run" in said.stderr
    assert "Dashboard: http://127.0.0.1:8050/\n" in said.stdout
    quiet = CliRunner().invoke(build_app(), command)
    assert "Warning" not in quiet.output
