"""The docs for plugin authors: the tutorial runs, and the tables match the code."""

import os
import re
import shutil
import subprocess
import venv
from pathlib import Path

import pytest
from ssoko.plugin import API_VERSION
from ssoko.plugin.conformance import options
from ssoko.plugin.tools.rules import RULES
from ssoko.plugin.tools.rules.rule import TIERS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "plugins"
BLOCK = re.compile(r"^(```|~~~)([a-z]+)(?: (\S+))?\n(.*?)^\1$", re.MULTILINE | re.DOTALL)

#: What a reader does beside a command that serves: open the address, save the guide, look again.
WATCH = """
import re, time, urllib.request
from pathlib import Path

def until(look, wanted):
    end = time.monotonic() + 60
    while wanted not in (seen := look()):
        assert time.monotonic() < end, f"no {wanted!r} in {seen[-2000:]}"
        time.sleep(0.2)
    return seen

browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
said = until(Path("../serving.log").read_text, "Press Ctrl-C")
opened = browser.open(re.search(r"open +(\\S+)", said)[1], timeout=30)
assert "/dev/moosehead" in opened.url, opened.url

def look():
    try:
        return browser.open(opened.url, timeout=30).read().decode()
    except ConnectionError as error:  # it was starting anew at that moment; a browser asks again
        return str(error)

until(look, "https://moosehead.example.com/saml/acs")
guide = Path("ssoko_moosehead/guide.md")
before = guide.read_text()
guide.write_text(before + "\\nMind the antlers.\\n")
until(look, "Mind the antlers.")
guide.write_text(before)
assert "Accepted" in browser.open(opened.url + "?as=bram", timeout=30).read().decode()
"""


def as_script(text: str, core: str) -> str:
    """Turn the tutorial into a shell script: its commands, and its files between them."""
    lines = ["set -e"]
    for _, language, note, body in BLOCK.findall(text):
        if note.startswith("file="):
            lines.append(f"cat > {note.removeprefix('file=')} <<'END_OF_FILE'\n{body}END_OF_FILE")
        elif language == "sh" and note == "exits-with-1":
            lines.append(f"if {body.strip()}; then echo did not fail; exit 9; fi")
        elif language == "sh" and note == "serves":
            command = body.strip().replace("ssoko dev", "ssoko dev --port 0")
            lines.append(f"{command} > ../serving.log 2>&1 & serving=$!")
            lines.append(f"python - <<'END_OF_FILE'\n{WATCH}END_OF_FILE")
            lines.append("kill $serving && wait $serving && cat ../serving.log")
        elif language == "sh":
            # The tests' own checkout, without what the extra brings for Ssoko's own tests.
            needed = f"'{core}' build pytest axe-playwright-python"
            lines.append(body.replace("'ssoko[dev]'", needed))
    return "\n".join(lines)


@pytest.mark.release
@pytest.mark.e2e
def test_tutorial_produces_a_verified_wheel(tmp_path):
    left_out = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__")
    core = shutil.copytree(ROOT, tmp_path / "core", ignore=left_out)
    venv.create(tmp_path / "venv", with_pip=True)
    script = as_script((DOCS / "tutorial.md").read_text("utf-8"), str(core))
    environ = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "PYTEST_ADDOPTS"}}
    environ["PATH"] = f"{tmp_path / 'venv' / 'bin'}{os.pathsep}{environ['PATH']}"
    result = subprocess.run(
        ["bash", "-c", script.replace("plugin verify", f"plugin verify --core {core}")],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=500,
    )
    said = result.stdout + result.stderr
    assert result.returncode == 0, said
    assert "FAIL  SSK007" in said
    assert "was deleted" in said
    assert said.count("tier  Gold") == 2, said
    assert len(re.findall(r"\b26 passed in", said)) == 2, said
    assert "ssoko_moosehead-0.1.0-py3-none-any.whl is ready to publish" in said


def test_table_of_rules_matches_the_code():
    text = (DOCS / "rules.md").read_text("utf-8").replace("\\<", "<")
    for tier in TIERS:
        _, _, rest = text.partition(f"## {tier.capitalize()}\n")
        rows = re.findall(
            r"^\| (SSK\d+) \| (.+?) \| (.+?) \| (.+) \|$", rest.split("\n## ")[0], re.MULTILINE
        )
        wanted = [(r.id, r.title, r.why, r.fix) for r in RULES.values() if r.tier == tier]
        assert rows == wanted


def test_versions_and_fixtures_match_the_code():
    text = (DOCS / "versions.md").read_text("utf-8")
    assert f"now {API_VERSION} |" in text
    fixtures = {name for name in vars(options) if name.startswith("ssoko_")}
    assert {name for name in fixtures if f"`{name}`" in text} == fixtures


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_links_in_the_plugin_docs_have_a_target(path):
    for target in re.findall(r"\]\(([^)#:<{]+)\)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), target
