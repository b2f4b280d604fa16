"""The command line, run as scripts run it: in one process a command, against a real database."""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
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
class Place:
    """A folder with a data directory in it, and the commands run there."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def environment(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("SSOKO_", "FLASK_"))}
        # Absolute, since commands run in another folder than the tests.
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
        """Return the one line of a command that fails."""
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

    def until(self, process: "subprocess.Popen[str]", wanted: str) -> str:
        """Return what a process says up to the line that holds ``wanted``."""
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if wanted in line:
                return said
        raise AssertionError(f"it ended without {wanted!r}: {said}")

    def stop(self) -> None:
        for process in self.running:
            process.kill()
            process.communicate(timeout=30)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path)
    yield place
    place.stop()


@pytest.fixture(scope="module")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data directory after ``ssoko init``, with a workspace, to be copied."""
    place = Place(tmp_path_factory.mktemp("set-up"))
    place.run("init", "--no-input")
    place.run("workspace", "create", "acme", "--name", "Acme")
    return place.data


@pytest.fixture
def ready(place: Place, set_up: Path) -> Place:
    """Return a place that is set up."""
    shutil.copytree(set_up, place.data)
    return place


def create_user(place: Place, username: str = "admin1", **how: Any) -> Any:
    who = ("--workspace", "acme", "--username", username, "--email", f"{username}@acme.test")
    return place.json(
        "user", "create", *who, "--admin", "--password-stdin", **{"stdin": PASSWORD, **how}
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url: str, **headers: str) -> tuple[int, dict[str, str], str]:
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read().decode()


# init and migrate


def test_init_makes_files_that_only_their_owner_reads(place: Place) -> None:
    place.run("init", "--no-input")
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in place.data.iterdir()}
    assert {"ssoko.toml", "secret.key", "master.key", "ssoko.sqlite3"} <= set(modes)
    assert {mode for mode in modes.values()} == {0o600}
    assert stat.S_IMODE(place.data.stat().st_mode) == 0o700


def test_init_closes_an_empty_folder_and_leaves_a_full_one(place: Place) -> None:
    place.data.mkdir(mode=0o755)
    place.run("init", "--no-input")
    assert stat.S_IMODE(place.data.stat().st_mode) == 0o700
    place.settings["SSOKO_DATA_DIR"] = str(place.folder)
    before = place.folder.stat().st_mode
    place.run("init", "--no-input")
    assert place.folder.stat().st_mode == before


def test_init_prints_an_address_for_the_first_admin(place: Place) -> None:
    place.settings["SSOKO_BASE_URL"] = "https://sso.example.org"
    said = place.run("init", "--no-input").stdout
    assert re.search(r"https://sso\.example\.org/setup\?code=\S{16,}", said)
    assert 'base_url = "https://sso.example.org"' in (place.data / "ssoko.toml").read_text()


def test_init_again_keeps_the_keys_and_says_so(place: Place) -> None:
    first = place.json("init", "--no-input")
    keys = {p.name: p.read_bytes() for p in place.data.glob("*.key")}
    second = place.json("init", "--no-input")
    assert {p.name: p.read_bytes() for p in place.data.glob("*.key")} == keys
    assert first["created"] == second["kept"] == ["ssoko.toml", "secret.key", "master.key"]
    assert second["created"] == []
    assert first["setup_url"] != second["setup_url"]
    assert "kept as it was" in place.run("init", "--no-input").stdout


def test_init_prints_no_address_once_there_is_an_admin(ready: Place) -> None:
    create_user(ready)
    assert ready.json("init", "--no-input")["setup_url"] is None


def test_init_refuses_an_unsafe_base_url_and_writes_nothing(place: Place) -> None:
    said = place.error("init", "--no-input", "--base-url", "http://sso.example.org", code=2)
    assert "use https" in said
    assert not place.data.exists()


def test_init_does_not_write_down_keys_that_the_environment_has(place: Place) -> None:
    place.settings["SSOKO_SECRET_KEY"] = "k" * 40
    place.run("init", "--no-input")
    assert not (place.data / "secret.key").exists()
    assert (place.data / "master.key").exists()


def test_migrate_check_tells_what_is_due(place: Place) -> None:
    place.run("init", "--no-input")
    (place.data / "ssoko.sqlite3").unlink()
    assert place.json("migrate", "--check", fails=1)["pending"][0].startswith("0001")
    assert place.json("migrate")["applied"][0].startswith("0001")
    assert place.json("migrate", "--check") == {"pending": []}
    assert "up to date" in place.run("migrate").stdout


# workspace, user, token


def test_the_unattended_set_up_ends_with_a_token_that_works(ready: Place) -> None:
    made = create_user(ready)
    assert (made["username"], made["admin"], made["has_password"]) == ("admin1", True, True)
    how = ("--workspace", "acme", "--name", "lab", "--scope", "admin")
    token = ready.json("token", "create", *how)["token"]
    port = free_port()
    ready.until(ready.start("serve", "--port", str(port)), "Ssoko serves")
    url = f"http://localhost:{port}/api/v1/workspaces/acme/users"
    status, _, body = get(url, Authorization=f"Bearer {token}")
    assert (status, json.loads(body)["items"][0]["id"]) == (200, made["id"])


def test_a_password_from_standard_input_loses_its_line_break_and_nothing_else(
    ready: Place,
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


def test_a_user_may_have_no_password_and_sign_in_with_a_link(ready: Place) -> None:
    who = ("--workspace", "acme", "--username", "amina")
    made = ready.json("user", "create", *who)
    assert made["has_password"] is False
    link = ready.json("user", "link", *who)
    assert link["user"] == made["id"]
    assert link["url"].startswith("http://localhost:8000/link/")


def test_an_error_is_one_line_and_json_when_asked(ready: Place) -> None:
    create_user(ready)
    who = ("--workspace", "acme", "--username", "admin1", "--password-stdin")
    assert "username" in ready.error("user", "create", *who, stdin=PASSWORD)
    said = ready.json("user", "create", *who, stdin=PASSWORD, fails=1)
    assert list(said["errors"]) == ["username"]
    assert said["error"]


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
def test_bad_input_is_refused_in_one_line(
    ready: Place, arguments: tuple[str, ...], stdin: str
) -> None:
    ready.error(*arguments, stdin=stdin)


def test_wrong_usage_exits_with_2(place: Place) -> None:
    assert "--workspace" in place.run("user", "create", fails=2).stderr
    place.run("token", "create", "--scope", "everything", fails=2)
    place.run("nonsense", fails=2)


@pytest.fixture
def issuer(ready: Place) -> str:
    """Return the id of a shared issuer in a workspace."""
    from ssoko.cli.operators.open_site import at_the_command_line, opened
    from ssoko.config import load_config
    from ssoko.services import workspaces
    from ssoko.services.issuers import issuers

    with opened(load_config(ready.environment())) as services:
        place = workspaces.get_workspace("acme").id
        return issuers.create_issuer(
            Scope(services, place, at_the_command_line()), name="Shared"
        ).id


@pytest.mark.release
def test_keys_are_rotated_step_by_step(ready: Place, issuer: str) -> None:
    where = ("--workspace", "acme", "--issuer", issuer)
    (first,) = ready.json("keys", "list", *where)["items"]
    assert "no next key" in ready.error("keys", "activate", *where)
    assert "none is kept" in ready.error("keys", "undo", *where)
    printed = ready.run("keys", "next", *where, "--algorithm", "ec-p256").stdout
    assert printed.startswith("-----BEGIN CERTIFICATE-----")
    assert "a next key already" in ready.error("keys", "next", *where)
    done = ready.json("keys", "activate", *where)
    assert (done["state"], done["description"]) == ("active", "EC P-256, SHA-256")
    assert done["created_by"] == "Command line"
    lines = ready.run("keys", "list", *where).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["active", "kept"]
    assert ready.json("keys", "undo", *where)["id"] == first["id"]
    assert "PRIVATE" not in ready.run("keys", "list", *where, "--json").stdout


def test_keys_says_when_it_is_not_told_whose(ready: Place, issuer: str) -> None:
    assert "--application or with --issuer" in ready.error("keys", "list", "--workspace", "acme")
    both = ("--workspace", "acme", "--issuer", issuer, "--application", "wiki")
    assert "--application or with --issuer" in ready.error("keys", "list", *both)
    nowhere = ("--workspace", "acme", "--application", "wiki")
    assert "does not exist" in ready.error("keys", "list", *nowhere)


def test_notices_are_written_by_a_command(ready: Place, issuer: str) -> None:
    assert ready.json("notices") == {"written": 0}


def test_help_lists_every_command_and_needs_no_set_up(place: Place) -> None:
    said = place.run("--help").stdout
    for name in ("init", "serve", "demo", "migrate", "workspace", "user", "token", "plugins"):
        assert re.search(rf"^  {name}\s+\S", said, re.MULTILINE)
    assert re.fullmatch(r"ssoko \d+\.\d+\.\d+\S*\n", place.run("version").stdout)
    assert place.run("--version").stdout == place.run("version").stdout


# plugins


def broken_plugin(place: Place) -> None:
    """Put a distribution on the path whose plugin raises when it is imported."""
    folder = place.folder / "broken"
    info = folder / "ssoko_broken-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ssoko-broken\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[ssoko.integrations]\nbroken = ssoko_broken\n")
    (folder / "ssoko_broken.py").write_text("raise RuntimeError('no such luck')\n")
    place.settings["PYTHONPATH"] = f"{folder}{os.pathsep}{place.environment()['PYTHONPATH']}"


def test_plugins_names_a_broken_one_and_exits_with_1(place: Place) -> None:
    broken_plugin(place)
    items = place.json("plugins", fails=1)["items"]
    (item,) = [one for one in items if one["slug"] == "broken"]
    assert (item["state"], item["stage"], item["version"]) == ("broken", "import", "1.2")
    assert "no such luck" in item["message"]
    assert "no such luck" in place.run("plugins", fails=1).stdout


def test_plugins_obeys_the_block_list(place: Place) -> None:
    broken_plugin(place)
    place.settings["SSOKO_DISABLED_PLUGINS"] = "broken"
    (item,) = [one for one in place.json("plugins")["items"] if one["slug"] == "broken"]
    assert item["state"] == "disabled"


# serve


@pytest.mark.parametrize(
    ("arguments", "warns"),
    [((), False), (("--threads", "1"), False), (("--workers", "2"), True)],
    ids=["waitress", "one-thread", "gunicorn"],
)
def test_serve_answers_once_it_says_so_and_ends_when_told(
    ready: Place, arguments: tuple[str, ...], warns: bool
) -> None:
    port = free_port()
    process = ready.start("serve", "--port", str(port), *arguments)
    said = ready.until(process, "Ssoko serves")
    assert f"127.0.0.1:{port}" in said
    assert ("WAL-reset" in said) == (warns and not _sqlite_is_safe())
    status, headers, body = get(f"http://127.0.0.1:{port}/healthz")
    assert (status, json.loads(body)) == (200, {"status": "ok"})
    assert "waitress" not in headers.get("Server", "")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=15) == 0


def _sqlite_is_safe() -> bool:
    import sqlite3

    return sqlite3.sqlite_version_info >= (3, 51, 3)


def test_serve_warns_when_links_lead_to_another_port(ready: Place) -> None:
    process = ready.start("serve", "--port", "0")
    assert "set SSOKO_BASE_URL=http://localhost:" in ready.until(process, "Warning")


def test_serve_says_when_the_port_is_taken(ready: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert "--port" in ready.error("serve", "--port", str(port), code=2)


def test_serve_refuses_to_start_before_init_and_before_migrate(place: Place) -> None:
    assert "ssoko init" in place.error("serve", "--port", "0", code=2)
    place.run("init", "--no-input")
    (place.data / "ssoko.sqlite3").unlink()
    assert "ssoko migrate" in place.error("serve", "--port", "0")


def test_serve_refuses_debug_mode(ready: Place) -> None:
    ready.settings["FLASK_DEBUG"] = "1"
    assert "FLASK_DEBUG" in ready.error("serve", "--port", "0", code=2)


def test_serve_answers_only_to_its_own_name(ready: Place) -> None:
    ready.settings["SSOKO_BASE_URL"] = "https://sso.example.org"
    port = free_port()
    ready.until(ready.start("serve", "--port", str(port)), "Ssoko serves")
    page = f"http://127.0.0.1:{port}/w/acme/sign-in"
    assert get(page, Host="sso.example.org")[0] == 200
    assert get(page, Host="evil.example")[0] == 400
    assert get(page, Host="evil example/..")[0] == 400
    assert get(f"http://127.0.0.1:{port}/healthz")[0] == 200


SITE = "sso.example.org"


def behind_a_proxy(ready: Place, *arguments: str, trusted: str) -> int:
    """Serve ``https://sso.example.org`` with a person in it, and return the port."""
    ready.settings |= {"SSOKO_BASE_URL": f"https://{SITE}", "SSOKO_TRUSTED_PROXIES": trusted}
    create_user(ready)
    port = free_port()
    ready.until(ready.start("serve", "--port", str(port), *arguments), "Ssoko serves")
    return port


def sign_in(port: int, forwarded_for: str, password: str = PASSWORD, host: str = SITE) -> int:
    """Sign in as the proxy passes it on for a new visitor, and return the status."""
    schemes = ", ".join(["https"] * (forwarded_for.count("192.0.2.") + 1))  # one a proxy
    passed_on = {"Host": host, "X-Forwarded-For": forwarded_for, "X-Forwarded-Proto": schemes}
    page = "/w/acme/sign-in"
    _, headers, body = get(f"http://127.0.0.1:{port}{page}", **passed_on)
    token = re.search(r'name="csrf_token" value="([^"]+)"', body)
    assert token, body
    form = {"csrf_token": token[1], "username": "admin1", "password": password}
    sent = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": headers["Set-Cookie"].partition(";")[0],
        "Origin": f"https://{SITE}",
    }
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        connection.request("POST", page, urllib.parse.urlencode(form), passed_on | sent)
        return connection.getresponse().status


@pytest.mark.parametrize("server", ["waitress", "gunicorn"])
@pytest.mark.parametrize(
    ("trusted", "added"), [("1", ""), ("2", ", 192.0.2.9")], ids=["one-proxy", "two-proxies"]
)
def test_visitors_behind_a_proxy_are_told_apart(
    ready: Place, server: str, trusted: str, added: str
) -> None:
    port = behind_a_proxy(ready, "--server", server, trusted=trusted)
    # What a visitor claims stands before the address that the proxy adds, and does not count.
    claims = [f"198.51.100.{number}, 203.0.113.5{added}" for number in range(1, 12)]
    assert [sign_in(port, claim, "wrong") for claim in claims] == [401] * 10 + [429]
    # The port in the name is left out only for who knows that the visitor speaks https.
    assert sign_in(port, f"198.51.100.7{added}", host=f"{SITE}:443") == 303


@pytest.mark.parametrize("server", ["waitress", "gunicorn"])
def test_without_trusted_proxies_an_address_in_a_header_counts_for_nothing(
    ready: Place, server: str
) -> None:
    port = behind_a_proxy(ready, "--server", server, trusted="0")
    claims = [f"203.0.113.{number}" for number in range(1, 12)]
    assert [sign_in(port, claim, "wrong") for claim in claims] == [401] * 10 + [429]
    assert sign_in(port, "198.51.100.7") == 429
    assert sign_in(port, "198.51.100.7", host=f"{SITE}:443") == 403


# demo


def test_demo_offers_a_filled_workspace_within_seconds(place: Place) -> None:
    port = free_port()
    begun = time.monotonic()
    said = place.until(place.start("demo", "--port", str(port)), "Not for production")
    assert time.monotonic() - begun < 30
    links = re.findall(rf"http://localhost:{port}/link/\S+", said)
    assert len(links) == 2
    assert "Amina" in get(links[0])[2]
    assert (place.folder / ".demo").is_dir()


@pytest.mark.release
def test_demo_keeps_its_data_until_it_is_reset(place: Place) -> None:
    first = _demo(place, free_port())
    again = _demo(place, free_port())
    over = _demo(place, free_port(), "--reset")
    assert first == again
    assert first != over


def _demo(place: Place, port: int, *arguments: str) -> str:
    """Run the demo once and return the id of its admin."""
    process = place.start("demo", "--port", str(port), *arguments)
    place.until(process, "Not for production")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=15) == 0
    place.settings |= {"SSOKO_DATA_DIR": str(place.folder / ".demo")}
    who = ("--workspace", "demo", "--username", "amina")
    return str(place.json("user", "link", *who)["user"])


def test_demo_leaves_other_folders_alone(place: Place) -> None:
    other = place.folder / "other"
    other.mkdir()
    (other / "letter.txt").write_text("mine")
    said = place.error("demo", "--port", str(free_port()), "--data-dir", "other", "--reset")
    assert "other files" in said
    assert (other / "letter.txt").read_text() == "mine"


def test_purge_deletes_traces_that_have_ended(place: Place) -> None:
    place.json("init", "--no-input")
    assert place.json("purge") == {"traces": 0}
    assert "Deleted 0 traces." in place.run("purge").stdout
