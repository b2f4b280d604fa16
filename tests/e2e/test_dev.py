"""`ssoko dev` while a plugin is written: one server, in the order in which an author works."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from ssoko.plugin.tools.scaffold import write_plugin

from .server import COMMAND
from .test_pages import inspect_page
from .visitor import Response, Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.release]

#: Time limits in seconds for a start and for a reload; an idle machine needs two and one.
START, RELOAD = 40.0, 20.0


@dataclass(slots=True)
class DevServer:
    """A plugin project, the `ssoko dev` process and a browser without JavaScript."""

    project: Path
    temporary: Path
    process: "subprocess.Popen[str]"
    log: Path
    visitor: Visitor = field(default_factory=Visitor)
    opened: Response | None = None

    @property
    def output(self) -> str:
        return self.log.read_text("utf-8")

    @property
    def link(self) -> str:
        match = re.search(r"open +(\S+)", self.output)
        assert match, self.output
        return match[1]

    @property
    def root(self) -> str:
        return self.link.partition("/dev/")[0]

    def get(self, path: str = "/dev/moose") -> Response:
        return self.visitor.get(self.root + path)

    def wait_until(self, condition: Callable[[], bool], seconds: float = RELOAD) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert self.process.poll() is None, self.output
            assert time.monotonic() < end, self.output
            time.sleep(0.1)

    def file(self, name: str) -> Path:
        return self.project / "ssoko_moose" / name


def install_editable(project: Path, folder: Path) -> str:
    """Create the files of `pip install -e` and return a PYTHONPATH that includes them."""
    info = folder / "ssoko_moose-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ssoko-moose\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[ssoko.integrations]\nmoose = ssoko_moose\n")
    origin = {"url": project.as_uri(), "dir_info": {"editable": True}}
    (info / "direct_url.json").write_text(json.dumps(origin))
    inherited = [p for p in sys.path if p and Path(p).is_absolute()]
    return os.pathsep.join([str(folder), str(project), *inherited])


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevServer]:
    work = tmp_path_factory.mktemp("dev")
    project = write_plugin(work, "moose", title="Moosehead")
    temporary = work / "tmp"
    temporary.mkdir()
    environ = os.environ | {
        "PYTHONPATH": install_editable(project, work / "site"),
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(temporary),
        # `ssoko dev` ignores the settings of a real site.
        "SSOKO_BASE_URL": "https://sso.example.org",
    }
    log = work / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [COMMAND, "dev", "--port", "0", "--plugin", "moose"],
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=project,
            env=environ,
            text=True,
        )
    dev = DevServer(project, temporary, process, log)
    try:
        dev.wait_until(lambda: "Press Ctrl-C" in dev.output, START)
        dev.opened = dev.visitor.get(dev.link)
        yield dev
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=30)


def test_output_lists_the_plugin_and_watched_folders(dev: DevServer) -> None:
    assert f"moose 0.1.0 (editable, {dev.project})" in dev.output
    # One line for each plugin that is installed in editable mode.
    watched = dev.output.partition("watching")[2]
    assert re.search(r"^ +ssoko_moose$", watched, re.MULTILINE)
    assert dev.root.startswith("http://localhost:")
    assert len(list(dev.temporary.glob("ssoko-dev-*"))) == 1


def test_link_opens_the_preview_and_signs_in(dev: DevServer) -> None:
    assert "Open the printed link" in Visitor().get(f"{dev.root}/dev/moose").words()
    page = dev.opened
    assert page.url == f"{dev.root}/dev/moose"
    words = page.words()
    assert "Moosehead" in words
    assert "Amina Odhiambo" in words
    assert page.form("plugin.acs_url")
    assert "Accepted" in dev.get("/dev/moose?as=bram").words()
    # The sample users and their sandbox application are the same as in the demo.
    assert "Sandbox" in dev.get("/w/demo/applications").words()


def test_preview_shows_lint_findings(dev: DevServer) -> None:
    dev.wait_until(lambda: "SSK007" in dev.get().words())


def test_changed_guide_is_shown(dev: DevServer) -> None:
    guide = dev.file("guide.md")
    guide.write_text(guide.read_text("utf-8") + "\nAntlers may be shed in winter.\n", "utf-8")
    dev.wait_until(lambda: "Antlers may be shed" in dev.get().words())


def test_broken_plugin_shows_its_traceback_and_the_site_keeps_running(dev: DevServer) -> None:
    module = dev.file("__init__.py")
    good = module.read_text("utf-8")
    module.write_text(good + "\ndef antlers(:\n", "utf-8")
    dev.wait_until(lambda: "Failed at import" in dev.get().words())
    broken = dev.get()
    assert broken.status == 200
    assert "def antlers(:" in broken.words()
    assert "moose (import) SyntaxError" in dev.output
    assert dev.get("/w/demo/marketplace").status == 200
    module.write_text(good, "utf-8")
    dev.wait_until(lambda: "Install form" in dev.get().words())


def test_page_reloads_and_is_accessible(dev: DevServer, browser: Browser) -> None:
    context = browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(RELOAD * 1000)
    host = dev.visitor.cookies["localhost"]
    context.add_cookies([{"name": n, "value": v, "url": dev.root} for n, v in host.items()])
    page = context.new_page()
    page.goto(f"{dev.root}/dev/moose?as=bram")
    page.get_by_text("SSK007").wait_for()
    module = dev.file("__init__.py")
    module.write_text(module.read_text("utf-8").replace('"ACS URL"', '"Antler URL"'), "utf-8")
    page.get_by_label("Antler URL").wait_for()
    page.get_by_text("SSK007").wait_for()
    assert page.get_by_text("Bram de Vries is signed in").is_visible()
    problems = []
    for width in (390, 1280):
        # New pages, because leaving a page cancels its pending request for changes.
        preview, overview = context.new_page(), context.new_page()
        problems += inspect_page(preview, width, f"{dev.root}/dev/moose?as=bram", "dev-preview")
        problems += inspect_page(overview, width, f"{dev.root}/dev", "dev-list")
    context.close()
    assert problems == [], "\n".join(problems)


def test_reload_waits_while_a_field_has_input(dev: DevServer, browser: Browser) -> None:
    context = browser.new_context()
    context.set_default_timeout(RELOAD * 1000)
    host = dev.visitor.cookies["localhost"]
    context.add_cookies([{"name": n, "value": v, "url": dev.root} for n, v in host.items()])
    page = context.new_page()
    page.goto(f"{dev.root}/dev/moose")
    page.get_by_text("SSK007").wait_for()
    page.get_by_label("Antler URL").fill("https://antlers.example.com")
    dev.file("guide.md").touch()
    page.get_by_text("Reload this page to see the changes").wait_for()
    assert page.get_by_label("Antler URL").input_value() == "https://antlers.example.com"
    context.close()


def test_sigterm_stops_the_server_and_deletes_its_data(dev: DevServer) -> None:
    dev.process.send_signal(signal.SIGTERM)
    assert dev.process.wait(timeout=20) == 0, dev.output
    assert list(dev.temporary.glob("ssoko-dev-*")) == []
    assert "was deleted" in dev.output
    with pytest.raises(OSError):
        dev.get()
