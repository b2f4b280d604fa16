"""The command line as scripts run it: one process per command, with a real database."""

import base64
import contextlib
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ssoko.services.context import Scope

PASSWORD = "weathered teapot 41"


@dataclass(slots=True)
class Site:
    """A folder with a data directory, in which commands run."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def environment(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("SSOKO_", "FLASK_"))}
        # Absolute paths, because commands run in another folder than the tests.
        path = os.pathsep.join(p for p in sys.path if p and Path(p).is_absolute())
        return inherited | {"SSOKO_DATA_DIR": str(self.data), "PYTHONPATH": path} | self.settings

    def run(
        self, *arguments: str, stdin: str = "", fails: int = 0
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "ssoko", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.environment(),
            timeout=60,
        )
        assert done.returncode == fails, f"{done.returncode}: {done.stdout}{done.stderr}"
        return done

    def json(self, *arguments: str, stdin: str = "", fails: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", stdin=stdin, fails=fails).stdout)

    def error(self, *arguments: str, stdin: str = "", code: int = 1) -> str:
        """Run a command that fails and return its error line."""
        lines = self.run(*arguments, stdin=stdin, fails=code).stderr.splitlines()
        assert len(lines) == 1, lines
        assert lines[0].startswith("Error: ")
        return lines[0]

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "ssoko", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
            env=self.environment() | {"PYTHONUNBUFFERED": "1"},
        )
        self.running.append(process)
        return process

    def read_until(self, process: "subprocess.Popen[str]", text: str) -> str:
        """Return the output of a process up to the line that contains ``text``."""
        assert process.stdout is not None
        output = ""
        for line in process.stdout:
            output += line
            if text in line:
                return output
        raise AssertionError(f"the process ended without {text!r}: {output}")

    def stop(self) -> None:
        for process in self.running:
            process.kill()
            process.communicate(timeout=30)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.stop()


@pytest.fixture(scope="module")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data directory with a workspace, to be copied."""
    site = Site(tmp_path_factory.mktemp("set-up"))
    site.run("init", "--no-input")
    site.run("workspace", "create", "acme", "--name", "Acme")
    return site.data


@pytest.fixture
def ready(site: Site, set_up: Path) -> Site:
    """Return a site that is set up."""
    shutil.copytree(set_up, site.data)
    return site


def create_user(site: Site, username: str = "admin1", **how: Any) -> Any:
    who = ("--workspace", "acme", "--username", username, "--email", f"{username}@acme.test")
    return site.json(
        "user", "create", *who, "--admin", "--password-stdin", **{"stdin": PASSWORD, **how}
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url: str, **headers: str) -> tuple[int, dict[str, str], str]:
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, dict(response.headers), response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read().decode()


# init and migrate


def test_init_creates_private_files(site: Site) -> None:
    site.run("init", "--no-input")
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in site.data.iterdir()}
    assert {"ssoko.toml", "secret.key", "master.key", "ssoko.sqlite3"} <= set(modes)
    assert {mode for mode in modes.values()} == {0o600}
    assert stat.S_IMODE(site.data.stat().st_mode) == 0o700


def test_init_makes_an_empty_folder_private_and_leaves_others_unchanged(site: Site) -> None:
    site.data.mkdir(mode=0o755)
    site.run("init", "--no-input")
    assert stat.S_IMODE(site.data.stat().st_mode) == 0o700
    site.settings["SSOKO_DATA_DIR"] = str(site.folder)
    before = site.folder.stat().st_mode
    site.run("init", "--no-input")
    assert site.folder.stat().st_mode == before


def test_init_prints_a_setup_url_for_the_first_admin(site: Site) -> None:
    site.settings["SSOKO_BASE_URL"] = "https://sso.example.org"
    output = site.run("init", "--no-input").stdout
    assert re.search(r"https://sso\.example\.org/setup\?code=\S{16,}", output)
    assert 'base_url = "https://sso.example.org"' in (site.data / "ssoko.toml").read_text()


def test_init_keeps_and_reports_existing_keys(site: Site) -> None:
    first = site.json("init", "--no-input")
    keys = {p.name: p.read_bytes() for p in site.data.glob("*.key")}
    second = site.json("init", "--no-input")
    assert {p.name: p.read_bytes() for p in site.data.glob("*.key")} == keys
    assert first["created"] == second["kept"] == ["ssoko.toml", "secret.key", "master.key"]
    assert second["created"] == []
    assert first["setup_url"] != second["setup_url"]
    assert "ssoko.toml: kept" in site.run("init", "--no-input").stdout


def test_init_prints_no_setup_url_when_an_admin_exists(ready: Site) -> None:
    create_user(ready)
    assert ready.json("init", "--no-input")["setup_url"] is None


def test_init_refuses_an_unsafe_base_url_and_writes_nothing(site: Site) -> None:
    output = site.error("init", "--no-input", "--base-url", "http://sso.example.org", code=2)
    assert "use https" in output
    assert not site.data.exists()


def test_init_does_not_write_keys_that_are_in_the_environment(site: Site) -> None:
    site.settings["SSOKO_SECRET_KEY"] = "k" * 40
    site.run("init", "--no-input")
    assert not (site.data / "secret.key").exists()
    assert (site.data / "master.key").exists()


def test_migrate_check_lists_pending_migrations(site: Site) -> None:
    site.run("init", "--no-input")
    (site.data / "ssoko.sqlite3").unlink()
    assert site.json("migrate", "--check", fails=1)["pending"][0].startswith("0001")
    assert site.json("migrate")["applied"][0].startswith("0001")
    assert site.json("migrate", "--check") == {"pending": []}
    assert "up to date" in site.run("migrate").stdout


# workspace, user, token


def test_unattended_setup_creates_a_working_token(ready: Site) -> None:
    user = create_user(ready)
    assert (user["username"], user["admin"], user["has_password"]) == ("admin1", True, True)
    how = ("--workspace", "acme", "--name", "lab", "--scope", "admin")
    token = ready.json("token", "create", *how)["token"]
    port = free_port()
    ready.read_until(ready.start("serve", "--port", str(port)), "Ssoko is at")
    url = f"http://localhost:{port}/api/v1/workspaces/acme/users"
    status, _, body = get(url, Authorization=f"Bearer {token}")
    assert (status, json.loads(body)["items"][0]["id"]) == (200, user["id"])


def test_password_from_standard_input_loses_only_its_line_break(
    ready: Site,
) -> None:
    create_user(ready, stdin=f"  {PASSWORD} \n")
    script = (
        "from ssoko.cli.operators.open_site import opened\n"
        "from ssoko.services import workspaces\n"
        "from ssoko.services.authentication.sign_in import sign_in\n"
        "with opened() as services:\n"
        "    ws = workspaces.get_workspace('acme').id\n"
        "    sign_in(services, ws, username='admin1', password='  weathered teapot 41 ',\n"
        "                     address='', user_agent='')\n"
    )
    subprocess.run([sys.executable, "-c", script], env=ready.environment(), check=True)


def test_user_without_a_password_gets_a_sign_in_link(ready: Site) -> None:
    who = ("--workspace", "acme", "--username", "amina")
    user = ready.json("user", "create", *who)
    assert user["has_password"] is False
    link = ready.json("user", "link", *who)
    assert link["user"] == user["id"]
    assert link["url"].startswith("http://localhost:8000/link/")


def test_error_is_one_line_or_json(ready: Site) -> None:
    create_user(ready)
    who = ("--workspace", "acme", "--username", "admin1", "--password-stdin")
    assert "username" in ready.error("user", "create", *who, stdin=PASSWORD)
    result = ready.json("user", "create", *who, stdin=PASSWORD, fails=1)
    assert list(result["errors"]) == ["username"]
    assert result["error"]


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (("workspace", "create", "No Slug"), ""),
        (("workspace", "create", "acme"), ""),
        (("user", "create", "--workspace", "nowhere", "--username", "a"), ""),
        (("user", "create", "--workspace", "acme", "--username", "a", "--password-stdin"), ""),
        (("user", "create", "--workspace", "acme", "--username", "a", "--password-stdin"), "short"),
        (("user", "link", "--workspace", "acme", "--username", "nobody"), ""),
        (("token", "create", "--workspace", "acme", "--name", ""), ""),
    ],
)
def test_input_error_is_one_line(ready: Site, arguments: tuple[str, ...], stdin: str) -> None:
    ready.error(*arguments, stdin=stdin)


def test_wrong_usage_exits_with_2(site: Site) -> None:
    assert "--workspace" in site.run("user", "create", fails=2).stderr
    site.run("token", "create", "--scope", "everything", fails=2)
    site.run("nonsense", fails=2)


@pytest.fixture
def issuer(ready: Site) -> str:
    """Return the ID of a shared issuer in a workspace."""
    from ssoko.cli.operators.open_site import command_line_actor, opened
    from ssoko.config import load_config
    from ssoko.services import workspaces
    from ssoko.services.issuers import issuers

    with opened(load_config(ready.environment())) as services:
        workspace_id = workspaces.get_workspace("acme").id
        return issuers.create_issuer(
            Scope(services, workspace_id, command_line_actor()), name="Shared"
        ).id


@pytest.mark.release
def test_keys_are_rotated_step_by_step(ready: Site, issuer: str) -> None:
    where = ("--workspace", "acme", "--issuer", issuer)
    (first,) = ready.json("keys", "list", *where)["items"]
    assert "no next key" in ready.error("keys", "activate", *where)
    assert "no previous key" in ready.error("keys", "undo", *where)
    printed = ready.run("keys", "next", *where, "--algorithm", "ec-p256").stdout
    assert printed.startswith("-----BEGIN CERTIFICATE-----")
    assert "already a next key" in ready.error("keys", "next", *where)
    done = ready.json("keys", "activate", *where)
    assert (done["state"], done["description"]) == ("active", "EC P-256, SHA-256")
    assert done["created_by"] == "Command line"
    lines = ready.run("keys", "list", *where).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["active", "kept"]
    assert ready.json("keys", "undo", *where)["id"] == first["id"]
    assert "PRIVATE" not in ready.run("keys", "list", *where, "--json").stdout


def test_keys_requires_an_application_or_an_issuer(ready: Site, issuer: str) -> None:
    assert "--application or with --issuer" in ready.error("keys", "list", "--workspace", "acme")
    both = ("--workspace", "acme", "--issuer", issuer, "--application", "wiki")
    assert "--application or with --issuer" in ready.error("keys", "list", *both)
    nowhere = ("--workspace", "acme", "--application", "wiki")
    assert "does not exist" in ready.error("keys", "list", *nowhere)


def test_notices_are_written_by_a_command(ready: Site, issuer: str) -> None:
    assert ready.json("notices") == {"written": 0}


def test_help_lists_every_command_without_setup(site: Site) -> None:
    output = site.run("--help").stdout
    for name in ("init", "serve", "demo", "migrate", "workspace", "user", "token", "plugins"):
        assert re.search(rf"^  {name}\s+\S", output, re.MULTILINE)
    assert re.fullmatch(r"ssoko \d+\.\d+\.\d+\S*\n", site.run("version").stdout)
    assert site.run("--version").stdout == site.run("version").stdout


# plugins


def broken_plugin(site: Site) -> None:
    """Add a distribution to the path whose plugin raises an error on import."""
    folder = site.folder / "broken"
    info = folder / "ssoko_broken-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ssoko-broken\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[ssoko.integrations]\nbroken = ssoko_broken\n")
    (folder / "ssoko_broken.py").write_text("raise RuntimeError('no such luck')\n")
    site.settings["PYTHONPATH"] = f"{folder}{os.pathsep}{site.environment()['PYTHONPATH']}"


def test_plugins_names_a_broken_plugin_and_exits_with_1(site: Site) -> None:
    broken_plugin(site)
    items = site.json("plugins", fails=1)["items"]
    (item,) = [item for item in items if item["slug"] == "broken"]
    assert (item["state"], item["stage"], item["version"]) == ("broken", "import", "1.2")
    assert "no such luck" in item["message"]
    assert "no such luck" in site.run("plugins", fails=1).stdout


def test_plugins_obeys_the_block_list(site: Site) -> None:
    broken_plugin(site)
    site.settings["SSOKO_DISABLED_PLUGINS"] = "broken"
    (item,) = [item for item in site.json("plugins")["items"] if item["slug"] == "broken"]
    assert item["state"] == "disabled"


# serve


@pytest.mark.parametrize(
    ("arguments", "warns"),
    [((), False), (("--threads", "1"), False), (("--workers", "2"), True)],
    ids=["waitress", "one-thread", "gunicorn"],
)
def test_serve_is_ready_when_it_says_so_and_stops_on_sigterm(
    ready: Site, arguments: tuple[str, ...], warns: bool
) -> None:
    port = free_port()
    process = ready.start("serve", "--port", str(port), *arguments)
    output = ready.read_until(process, "Ssoko is at")
    assert f"127.0.0.1:{port}" in output
    assert ("WAL-reset" in output) == (warns and not _sqlite_is_safe())
    status, headers, body = get(f"http://127.0.0.1:{port}/healthz")
    assert (status, json.loads(body)) == (200, {"status": "ok"})
    assert "waitress" not in headers.get("Server", "")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=15) == 0


def _sqlite_is_safe() -> bool:
    return sqlite3.sqlite_version_info >= (3, 51, 3)


def test_serve_warns_when_base_url_has_another_port(ready: Site) -> None:
    process = ready.start("serve", "--port", "0")
    assert "set SSOKO_BASE_URL=http://localhost:" in ready.read_until(process, "Warning")


def test_serve_reports_a_port_in_use(ready: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert "--port" in ready.error("serve", "--port", str(port), code=2)


def test_serve_refuses_to_start_before_init_and_before_migrate(site: Site) -> None:
    assert "ssoko init" in site.error("serve", "--port", "0", code=2)
    site.run("init", "--no-input")
    (site.data / "ssoko.sqlite3").unlink()
    assert "ssoko migrate" in site.error("serve", "--port", "0")


def with_a_signing_key(ready: Site) -> None:
    ready.run("token", "create", "--workspace", "acme", "--name", "t")
    with sqlite3.connect(ready.data / "ssoko.sqlite3") as database:
        (workspace,) = database.execute("SELECT id FROM workspace").fetchone()
        database.execute(
            "INSERT INTO issuer (id, workspace_id, name, shared, entity_id, created_at) "
            "VALUES ('i', ?, 'I', 1, '', 1)",
            (workspace,),
        )
        key = base64.b64decode((ready.data / "master.key").read_text())
        blob = b"\x01" + hashlib.sha256(b"ssoko master key" + key).digest()[:8] + b"sealed"
        database.execute(
            "INSERT INTO signing_key (id, issuer_id, state, algorithm, certificate, private_key, "
            "not_before, not_after, created_at, created_by) "
            "VALUES ('k', 'i', 'active', '', '', ?, 1, 2, 1, '')",
            (blob,),
        )
    database.close()


def test_a_master_key_of_another_database_stops_every_start(ready: Site) -> None:
    with_a_signing_key(ready)
    (ready.data / "master.key").write_text(base64.b64encode(bytes(32)).decode())
    for command in (("serve", "--port", "0"), ("init", "--no-input"), ("migrate",)):
        assert "SSOKO_MASTER_KEY" in ready.error(*command, code=2)


@pytest.mark.parametrize("content", [None, ""])
def test_init_makes_no_master_key_for_a_database_that_has_one(
    ready: Site, content: str | None
) -> None:
    with_a_signing_key(ready)
    key = ready.data / "master.key"
    key.unlink()
    if content is not None:
        key.write_text(content)
    assert "restore it from a backup" in ready.error("init", "--no-input", code=2)
    assert not key.exists() or key.read_text() == content


def test_init_replaces_an_empty_key_file(site: Site) -> None:
    site.data.mkdir()
    (site.data / "master.key").touch()
    site.run("init", "--no-input")
    assert len((site.data / "master.key").read_text()) > 40


def test_a_database_of_a_newer_ssoko_is_refused(ready: Site) -> None:
    with sqlite3.connect(ready.data / "ssoko.sqlite3") as database:
        database.execute(
            "INSERT INTO schema_migration (name, applied) VALUES ('9000_future', '2027-01-01')"
        )
    database.close()
    assert "9000_future" in ready.run("migrate", "--check", fails=1).stdout
    for command in (("migrate",), ("workspace", "list"), ("serve", "--port", "0")):
        assert "newer than this Ssoko" in ready.error(*command)


def test_a_new_master_key_replaces_the_old_one(ready: Site) -> None:
    old = (ready.data / "master.key").read_text()
    assert ready.json("keys", "rewrap")["rewrapped"] == 0
    assert (ready.data / "master.key.old").read_text() == old
    key = ready.data / "master.key"
    assert key.read_text() != old
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert not (ready.data / "master.key.new").exists()
    ready.run("migrate")


def test_a_new_base_url_is_a_notice_until_migrate_accepts_it(ready: Site) -> None:
    ready.settings["SSOKO_BASE_URL"] = "https://new.example.org"
    port = str(free_port())
    output = ready.read_until(ready.start("serve", "--port", port), "Ssoko is at")
    assert "The base URL was http://localhost:8000" in output
    assert "Notice: The base URL was" in ready.run("migrate").stderr
    assert ready.run("migrate").stderr == ""


def test_the_command_line_names_the_cause_of_a_database_failure(ready: Site) -> None:
    ready.settings["SSOKO_DATABASE_URL"] = "postgresql://u:secret@127.0.0.1:1/x?connect_timeout=2"
    said = ready.error("workspace", "list")
    assert "refuse" in said
    assert "secret" not in said


def test_debug_logs_no_statements_and_hashes(ready: Site) -> None:
    ready.settings["SSOKO_LOG_LEVEL"] = "DEBUG"
    port = free_port()
    process = ready.start("serve", "--port", str(port))
    output = ready.read_until(process, "Ssoko is at")
    get(f"http://127.0.0.1:{port}/w/acme/sign-in")
    process.send_signal(signal.SIGTERM)
    output += process.communicate(timeout=15)[0]
    assert "peewee" not in output
    assert "SELECT" not in output


def test_serve_refuses_debug_mode(ready: Site) -> None:
    ready.settings["FLASK_DEBUG"] = "1"
    assert "FLASK_DEBUG" in ready.error("serve", "--port", "0", code=2)


def test_serve_accepts_only_its_own_host(ready: Site) -> None:
    ready.settings["SSOKO_BASE_URL"] = "https://sso.example.org"
    port = free_port()
    ready.read_until(ready.start("serve", "--port", str(port)), "Ssoko is at")
    page = f"http://127.0.0.1:{port}/w/acme/sign-in"
    assert get(page, Host="sso.example.org")[0] == 200
    assert get(page, Host="evil.example")[0] == 400
    assert get(page, Host="evil example/..")[0] == 400
    assert get(f"http://127.0.0.1:{port}/healthz")[0] == 200


SITE = "sso.example.org"


def behind_a_proxy(ready: Site, *arguments: str, trusted: str) -> int:
    """Serve ``https://sso.example.org`` with one user and return the port."""
    ready.settings |= {"SSOKO_BASE_URL": f"https://{SITE}", "SSOKO_TRUSTED_PROXIES": trusted}
    create_user(ready)
    port = free_port()
    ready.read_until(ready.start("serve", "--port", str(port), *arguments), "Ssoko is at")
    return port


def sign_in(port: int, forwarded_for: str, password: str = PASSWORD, host: str = SITE) -> int:
    """Sign in through the proxy as a new visitor and return the status."""
    schemes = ", ".join(["https"] * (forwarded_for.count("192.0.2.") + 1))  # one for each proxy
    passed_on = {"Host": host, "X-Forwarded-For": forwarded_for, "X-Forwarded-Proto": schemes}
    page = "/w/acme/sign-in"
    _, headers, body = get(f"http://127.0.0.1:{port}{page}", **passed_on)
    token = re.search(r'name="csrf_token" value="([^"]+)"', body)
    assert token, body
    form = {"csrf_token": token[1], "username": "admin1", "password": password}
    form_headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": headers["Set-Cookie"].partition(";")[0],
        "Origin": f"https://{SITE}",
    }
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        connection.request("POST", page, urllib.parse.urlencode(form), passed_on | form_headers)
        return connection.getresponse().status


@pytest.mark.parametrize("server", ["waitress", "gunicorn"])
@pytest.mark.parametrize(
    ("trusted", "added"), [("1", ""), ("2", ", 192.0.2.9")], ids=["one-proxy", "two-proxies"]
)
def test_visitors_behind_a_proxy_are_distinguished(
    ready: Site, server: str, trusted: str, added: str
) -> None:
    port = behind_a_proxy(ready, "--server", server, trusted=trusted)
    # The IP address that a visitor claims is before the one that the proxy adds. It is ignored.
    claims = [f"198.51.100.{number}, 203.0.113.5{added}" for number in range(1, 12)]
    assert [sign_in(port, claim, "wrong") for claim in claims] == [401] * 10 + [429]
    # Port 443 in the host is accepted only if Ssoko knows that the visitor uses HTTPS.
    assert sign_in(port, f"198.51.100.7{added}", host=f"{SITE}:443") == 303


@pytest.mark.parametrize("server", ["waitress", "gunicorn"])
def test_forwarded_headers_are_ignored_without_trusted_proxies(ready: Site, server: str) -> None:
    port = behind_a_proxy(ready, "--server", server, trusted="0")
    claims = [f"203.0.113.{number}" for number in range(1, 12)]
    assert [sign_in(port, claim, "wrong") for claim in claims] == [401] * 10 + [429]
    assert sign_in(port, "198.51.100.7") == 429
    assert sign_in(port, "198.51.100.7", host=f"{SITE}:443") == 429


# demo


def test_demo_offers_a_filled_workspace_within_seconds(site: Site) -> None:
    port = free_port()
    started = time.monotonic()
    output = site.read_until(site.start("demo", "--port", str(port)), "Not for production")
    assert time.monotonic() - started < 30
    links = re.findall(rf"http://localhost:{port}/link/\S+", output)
    assert len(links) == 2
    assert "Amina" in get(links[0])[2]
    assert (site.folder / ".demo").is_dir()


@pytest.mark.release
def test_demo_keeps_its_data_until_it_is_reset(site: Site) -> None:
    first = _demo(site, free_port())
    again = _demo(site, free_port())
    over = _demo(site, free_port(), "--reset")
    assert first == again
    assert first != over


def _demo(site: Site, port: int, *arguments: str) -> str:
    """Run the demo once and return the ID of its admin."""
    process = site.start("demo", "--port", str(port), *arguments)
    site.read_until(process, "Not for production")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=15) == 0
    site.settings |= {"SSOKO_DATA_DIR": str(site.folder / ".demo")}
    who = ("--workspace", "demo", "--username", "amina")
    return str(site.json("user", "link", *who)["user"])


def test_demo_leaves_other_folders_alone(site: Site) -> None:
    other = site.folder / "other"
    other.mkdir()
    (other / "letter.txt").write_text("mine")
    output = site.error("demo", "--port", str(free_port()), "--data-dir", "other", "--reset")
    assert "other files" in output
    assert (other / "letter.txt").read_text() == "mine"


@pytest.fixture
def demo(site: Site) -> Iterator[str]:
    """Run the demo and return what it prints."""
    process = site.start("demo", "--port", str(free_port()))
    yield site.read_until(process, "Not for production")
    process.terminate()
    process.wait(timeout=15)


def rows(site: Site, sql: str) -> list[tuple]:
    with contextlib.closing(sqlite3.connect(site.folder / ".demo" / "ssoko.sqlite3")) as database:
        return database.execute(sql).fetchall()


def test_events_are_in_order_of_time(site: Site, demo: str) -> None:
    times = [at for (at,) in rows(site, "SELECT at FROM event ORDER BY id")]
    assert len(times) > 50
    assert times == sorted(times)


def test_every_denied_sign_in_has_a_reason(site: Site, demo: str) -> None:
    denied = rows(site, "SELECT detail, reference FROM event WHERE outcome = 'refused'")
    assert denied
    for detail, reference in denied:
        assert reference or '"reason"' in detail, detail
    references = {reference for _, reference in denied if reference}
    assert references
    assert references == {reference for (reference,) in rows(site, "SELECT reference FROM trace")}


def test_password_signs_in_again_after_signing_out(site: Site, demo: str) -> None:
    found = re.search(r"sign in as (\w+) or (\w+) with the password (\S+)", demo)
    assert found
    base = re.search(r"http://localhost:\d+", demo)
    assert base
    for username in found.groups()[:2]:
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with opener.open(f"{base[0]}/w/demo/sign-in") as page:
            token = re.search(r'name="csrf_token" value="([^"]+)"', page.read().decode())
        assert token
        form = {"csrf_token": token[1], "username": username, "password": found[3]}
        data = urllib.parse.urlencode(form).encode()
        with opener.open(f"{base[0]}/w/demo/sign-in", data) as page:
            assert "sign-in" not in page.url


def test_purge_deletes_expired_traces(site: Site) -> None:
    site.json("init", "--no-input")
    assert site.json("purge") == {"traces": 0}
    assert "Deleted 0 traces." in site.run("purge").stdout
