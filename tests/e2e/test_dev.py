"""`ssoko dev` while a plugin is being written: one start, in the order of an author's morning."""

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
from .test_pages import look_at
from .visitor import Answer, Visitor

pytestmark = [pytest.mark.e2e, pytest.mark.release]

#: Seconds for a start, and for a saved file to be seen; an idle machine needs two and one.
START, SEEN = 40.0, 20.0


@dataclass(slots=True)
class Desk:
    """A project, the command that shows it, and a browser without JavaScript."""

    project: Path
    temporary: Path
    process: "subprocess.Popen[str]"
    log: Path
    visitor: Visitor = field(default_factory=Visitor)
    opened: Answer | None = None

    @property
    def said(self) -> str:
        return self.log.read_text("utf-8")

    @property
    def link(self) -> str:
        found = re.search(r"open +(\S+)", self.said)
        assert found, self.said
        return found[1]

    @property
    def root(self) -> str:
        return self.link.partition("/dev/")[0]

    def look(self, path: str = "/dev/moose") -> Answer:
        return self.visitor.get(self.root + path)

    def until(self, is_so: Callable[[], bool], seconds: float = SEEN) -> None:
        end = time.monotonic() + seconds
        while not is_so():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < end, self.said
            time.sleep(0.1)

    def file(self, name: str) -> Path:
        return self.project / "ssoko_moose" / name


def install_editable(project: Path, folder: Path) -> str:
    """Lay down what `pip install -e` leaves, and return the PYTHONPATH that finds it."""
    info = folder / "ssoko_moose-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ssoko-moose\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[ssoko.integrations]\nmoose = ssoko_moose\n")
    origin = {"url": project.as_uri(), "dir_info": {"editable": True}}
    (info / "direct_url.json").write_text(json.dumps(origin))
    inherited = [p for p in sys.path if p and Path(p).is_absolute()]
    return os.pathsep.join([str(folder), str(project), *inherited])


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    work = tmp_path_factory.mktemp("dev")
    project = write_plugin(work, "moose", title="Moosehead")
    temporary = work / "tmp"
    temporary.mkdir()
    environ = os.environ | {
        "PYTHONPATH": install_editable(project, work / "site"),
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(temporary),
        # A real site around it does not count.
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
    desk = Desk(project, temporary, process, log)
    try:
        desk.until(lambda: "Ctrl-C stops" in desk.said, START)
        desk.opened = desk.visitor.get(desk.link)
        yield desk
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=30)


def test_it_says_what_there_is_and_where(desk: Desk) -> None:
    assert f"moose 0.1.0 (editable, {desk.project})" in desk.said
    # One a line, beside every other plugin that is installed editable.
    watched = desk.said.partition("watching")[2]
    assert re.search(r"^ +ssoko_moose$", watched, re.MULTILINE)
    assert desk.root.startswith("http://localhost:")
    assert len(list(desk.temporary.glob("ssoko-dev-*"))) == 1


def test_the_link_leads_to_the_preview_signed_in(desk: Desk) -> None:
    assert "Open the printed link" in Visitor().get(f"{desk.root}/dev/moose").words()
    page = desk.opened
    assert page.url == f"{desk.root}/dev/moose"
    words = page.words()
    assert "Moosehead" in words
    assert "Amina Odhiambo" in words
    assert page.form("plugin.acs_url")
    assert "Accepted" in desk.look("/dev/moose?as=bram").words()
    # The sample people, and the sandbox that they sign in to, are those of the demo.
    assert "Sandbox" in desk.look("/w/demo/applications").words()


def test_the_rules_speak_after_a_moment(desk: Desk) -> None:
    desk.until(lambda: "SSK007" in desk.look().words())


def test_a_changed_guide_is_shown(desk: Desk) -> None:
    guide = desk.file("guide.md")
    guide.write_text(guide.read_text("utf-8") + "\nAntlers may be shed in winter.\n", "utf-8")
    desk.until(lambda: "Antlers may be shed" in desk.look().words())


def test_a_broken_plugin_shows_its_traceback_while_the_site_stays_up(desk: Desk) -> None:
    module = desk.file("__init__.py")
    good = module.read_text("utf-8")
    module.write_text(good + "\ndef antlers(:\n", "utf-8")
    desk.until(lambda: "Stopped at import" in desk.look().words())
    broken = desk.look()
    assert broken.status == 200
    assert "def antlers(:" in broken.words()
    assert "moose (import) SyntaxError" in desk.said
    assert desk.look("/w/demo/marketplace").status == 200
    module.write_text(good, "utf-8")
    desk.until(lambda: "Install form" in desk.look().words())


def test_the_page_reloads_itself_and_is_accessible(desk: Desk, browser: Browser) -> None:
    context = browser.new_context(reduced_motion="reduce")
    context.set_default_timeout(SEEN * 1000)
    host = desk.visitor.cookies["localhost"]
    context.add_cookies([{"name": n, "value": v, "url": desk.root} for n, v in host.items()])
    page = context.new_page()
    page.goto(f"{desk.root}/dev/moose?as=bram")
    page.get_by_text("SSK007").wait_for()
    module = desk.file("__init__.py")
    module.write_text(module.read_text("utf-8").replace('"ACS URL"', '"Antler URL"'), "utf-8")
    page.get_by_label("Antler URL").wait_for()
    page.get_by_text("SSK007").wait_for()
    assert page.get_by_text("Bram de Vries is signed in").is_visible()
    found = []
    for width in (390, 1280):
        # Pages of their own: one that is left breaks off its question for changes.
        preview, overview = context.new_page(), context.new_page()
        found += look_at(preview, width, f"{desk.root}/dev/moose?as=bram", "dev-preview")
        found += look_at(overview, width, f"{desk.root}/dev", "dev-list")
    context.close()
    assert found == [], "\n".join(found)


def test_what_was_typed_is_not_reloaded_away(desk: Desk, browser: Browser) -> None:
    context = browser.new_context()
    context.set_default_timeout(SEEN * 1000)
    host = desk.visitor.cookies["localhost"]
    context.add_cookies([{"name": n, "value": v, "url": desk.root} for n, v in host.items()])
    page = context.new_page()
    page.goto(f"{desk.root}/dev/moose")
    page.get_by_text("SSK007").wait_for()
    page.get_by_label("Antler URL").fill("https://antlers.example.com")
    desk.file("guide.md").touch()
    page.get_by_text("Reload this page to see the changes").wait_for()
    assert page.get_by_label("Antler URL").input_value() == "https://antlers.example.com"
    context.close()


def test_at_the_end_nothing_is_left(desk: Desk) -> None:
    desk.process.send_signal(signal.SIGTERM)
    assert desk.process.wait(timeout=20) == 0, desk.said
    assert list(desk.temporary.glob("ssoko-dev-*")) == []
    assert "thrown away" in desk.said
    with pytest.raises(OSError):
        desk.look()
