"""`ssoko dev`: errors, watched files, and shutdown without a reloader."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from ssoko.cli import cli
from ssoko.cli.authors import dev_plugins
from ssoko.web.plugins.preview_site import PreviewPlugin


def run(*arguments: str) -> Result:
    """Run the command in this process, to test errors before it serves."""
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        return CliRunner().invoke(cli, ["dev", *arguments])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_port_in_use_is_reported_with_a_fix() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        result = run("--port", str(listener.getsockname()[1]))
    assert result.exit_code == 2
    assert "is in use. Choose another one with --port" in result.output


def test_missing_plugin_error_lists_installed_plugins() -> None:
    result = run("--plugin", "moose")
    assert result.exit_code == 1
    assert "--plugin: moose is not installed. Installed plugins:" in result.output
    assert "pip install -e" in result.output


def test_error_without_plugins_shows_how_to_create_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev_plugins, "installed", lambda: ())
    result = run()
    assert result.exit_code == 2
    assert "ssoko plugin new" in result.output


def test_host_option_does_not_exist() -> None:
    result = run("--host", "0.0.0.0")  # noqa: S104 - the option does not exist
    assert result.exit_code == 2
    assert "No such option" in result.output


def test_source_files_are_watched(tmp_path: Path) -> None:
    for name in ("a.py", "guide.md", "pages/x.html", "__pycache__/a.cpython-311.pyc", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    before = dev_plugins.snapshot([tmp_path])
    assert {Path(p).name for p in before} == {"a.py", "guide.md", "x.html"}
    (tmp_path / "guide.md").write_text("more")
    changed = dev_plugins.snapshot([tmp_path])
    assert {p for p in before if before[p] != changed[p]} == {str(tmp_path / "guide.md")}
    (tmp_path / "a.py").unlink()
    assert len(dev_plugins.snapshot([tmp_path])) == 2


def test_installed_plugins_are_listed_with_their_folders() -> None:
    plugins = {plugin.slug: plugin for plugin in dev_plugins.installed()}
    assert plugins["sandbox"].distribution == "ssoko-sandbox"
    places = dev_plugins.packages(plugins.values())
    if plugins["sandbox"].folder:
        assert Path(plugins["sandbox"].folder, "ssoko_sandbox") in places
    installed_for_good = [PreviewPlugin(slug="sandbox", distribution="ssoko-sandbox", version="1")]
    assert dev_plugins.packages(installed_for_good) == ()


def test_unreadable_report_contains_the_error_output() -> None:
    assert dev_plugins.read_report("moose", "", "Traceback\nError: no setup.cfg").problem == (
        "Error: no setup.cfg"
    )
    assert "moose" in dev_plugins.read_report("moose", '{"items": []}', "").problem


def test_ctrl_c_without_reloader_deletes_all_data(tmp_path: Path) -> None:
    path = os.pathsep.join(p for p in sys.path if p and Path(p).is_absolute())
    process = subprocess.Popen(
        [sys.executable, "-m", "ssoko", "dev", "--port", "0", "--no-reload"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Press Ctrl-C" in line:
                break
        assert list(tmp_path.glob("ssoko-dev-*")), lines
        assert not [line for line in lines if "watching" in line]
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, rest
    assert "was deleted" in rest
    assert list(tmp_path.glob("ssoko-dev-*")) == []


STOPPED_IN_A_HOOK = """
import os, signal, time
from ssoko.cli.authors.reload import stop_on_signals, supervise
stop_on_signals()
os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.SIGTERM))
supervise(lambda: time.sleep(60), dict, print)
print("the end")
"""


def test_signal_in_a_fork_hook_is_not_lost() -> None:
    command = [sys.executable, "-c", STOPPED_IN_A_HOOK]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (ended.returncode, ended.stdout) == (0, "the end\n"), ended.stderr
