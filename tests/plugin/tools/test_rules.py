"""Each rule reports a plugin that breaks it, and passes a plugin that follows it."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from ssoko.cli import cli
from ssoko.errors import InputError
from ssoko.plugin.tools.rules import RULES, check
from ssoko.plugin.tools.rules.rule import TIERS
from ssoko.plugin.tools.scaffold import write_plugin

ROOT = Path(__file__).parents[3]
OURS = sorted(
    path.parent for path in (ROOT / "plugins").glob("*/setup.cfg") if path.parent.name[0] != "_"
)


@pytest.fixture
def project(tmp_path) -> Path:
    """A new plugin without placeholders."""
    folder = write_plugin(tmp_path, "zoom")
    for path in filter(Path.is_file, folder.rglob("*")):
        text = path.read_text("utf-8")
        path.write_text(re.sub(r"REPLACE[^\"|\n]*", "Some text for the page ", text))
    return folder


def edit(project: Path, file: str, old: str, new: str) -> None:
    path = project / file
    text = path.read_text("utf-8")
    assert old in text, f"{file} has no {old!r}"
    path.write_text(text.replace(old, new), "utf-8")


def failures(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the messages of the failed rules."""
    (report,) = check(path)
    return {f.rule.id: f.messages for f in report.findings if f.state == "failed"}


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_shipped_plugins_are_silver_or_gold(path):
    for report in check(path):
        assert report.tier in {"silver", "gold"}, report.short_of("silver")


def test_template_without_placeholders_is_gold(project):
    assert failures(project) == {}
    assert check(project)[0].tier == "gold"


def test_template_fails_only_for_its_placeholders(tmp_path):
    assert set(failures(write_plugin(tmp_path, "zoom"))) == {"SSK007"}


CODE = "ssoko_zoom/__init__.py"
GUIDE = "ssoko_zoom/guide.md"
PROVIDER = "    return ServiceProvider(\n"
FORM = "class InstallForm(fields.Form):"
TOKEN = "api_token = fields.Text(metadata={'label': 'T', 'help': 'h'})\n    "
SECRET = (
    "api_token = fields.Text(load_default='', load_only=True,"
    " metadata={'label': 'T', 'help': 'h', 'secret': True})\n    "
)
CALL = "import socket\nsocket.create_connection(('127.0.0.1', 9))\n"
COLOR = """
    color = fields.Text(
        error_messages={"required": "Invalid"}, required=True,
        metadata={"label": "Color", "help": "It", "placeholder": "red", "where_to_find": "There"},
    )
"""

BROKEN = {
    "SSK001": (CODE, FORM, "import nowhere\n" + FORM),
    "SSK002": ("setup.cfg", "name = ssoko-zoom", "name = zoom-for-ssoko"),
    "SSK003": (CODE, "from ssoko.plugin import", "import ssoko.errors\nfrom ssoko.plugin import"),
    "SSK004": (CODE, 'api="1.0"', 'api="2.0"'),
    "SSK005": ("setup.cfg", "ssoko>=0.1,<0.2", "ssoko>=0.1"),
    "SSK006": ("setup.cfg", "license = MIT\n", ""),
    "SSK007": (GUIDE, "You need:", "REPLACE me"),
    "SSK008": ("setup.cfg", "*.svg, ", ""),
    "SSK010": (CODE, 'label="ACS URL"', 'label=" "'),
    "SSK011": (CODE, "        help=", "        dump_default="),
    "SSK012": (CODE, "entity_id = fields", TOKEN + "entity_id = fields"),
    "SSK013": (CODE, "https://zoom.example.com/saml/acs", "http://zoom.example.com/saml/acs"),
    "SSK020": (GUIDE, "## Remove", "## Uninstall"),
    "SSK021": (GUIDE, "{{ login_endpoint }}", "{{ logon_endpoint }}"),
    "SSK030": ("ssoko_zoom/logo.svg", "<title>", "<script/><title>"),
    "SSK031": (CODE, 'summary="', 'summary="Zoom. '),
    "SSK032": (CODE, 'category="Other"', 'category="Toys"'),
    "SSK040": (CODE, 'source="user.first_name"', 'source="user.given_name"'),
    "SSK041": (CODE, PROVIDER, "    import time\n    time.time()\n" + PROVIDER),
    "SSK042": (CODE, FORM, CALL + FORM),
    "SSK050": (CODE, 'tested_with="0.1"', 'tested_with="0.0"'),
    "SSK051": ("setup.cfg", "long_description = file: README.md\n", ""),
    "SSK052": (CODE, PROVIDER, PROVIDER + "        sign_assertion=False,\n"),
    "SSK053": (CODE, FORM, FORM + COLOR),
    "SSK060": (GUIDE, "You need:", "<b>You</b> need:"),
    "SSK061": (GUIDE, "## Troubleshoot\n", "## Troubleshoot\n\nAsk.\n\n## Other\n"),
    "SSK062": ("ssoko_zoom/description.md", "", ""),
    "SSK080": ("ssoko_zoom/py.typed", "", ""),
    "SSK081": ("CHANGELOG.md", "", ""),
    "SSK082": (CODE, "        where_to_find=", "        dump_default="),
    "SSK083": (CODE, ', label="First name"', ""),
    "SSK084": (GUIDE, " {{ done: role }}", ""),
}  # fmt: skip


@pytest.mark.parametrize("rule", BROKEN)
def test_each_rule_reports_a_plugin_that_breaks_it(rule, project):
    file, old, new = BROKEN[rule]
    if old:
        edit(project, file, old, new)
    else:
        (project / file).unlink()
    assert rule in failures(project)


def test_every_rule_has_a_plugin_that_breaks_it():
    # SSK009 needs a wheel; see below. SSK054 needs a contract with deprecations; see
    # test_deprecations.py.
    assert set(RULES) - set(BROKEN) == {"SSK009", "SSK054"}


def test_texts_of_rules_are_sentences_on_one_line():
    assert all(re.fullmatch(r"SSK\d{3}", id) for id in RULES)
    assert len({rule.title for rule in RULES.values()}) == len(RULES)
    for rule in RULES.values():
        assert rule.tier in TIERS
        assert rule.why.endswith(".") and rule.fix.endswith(".")
        assert "\n" not in rule.why + rule.fix


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("import random\n    random.randint(1, 2)", "random.randint"),
        ("import random\n    random.random()", "random.random"),
        ("import secrets\n    secrets.token_hex()", "secrets.token_hex"),
        ("import uuid\n    uuid.uuid4()", "uuid.uuid4"),
        ("import os\n    os.urandom(1)", "os.urandom"),
        ("from datetime import datetime\n    datetime.now()", "datetime.now"),
        ("import socket\n    socket.getaddrinfo('localhost', 1)", "socket.getaddrinfo"),
        (
            "import urllib.request as r\n    try: r.urlopen('http://127.0.0.1:9')\n"
            "    except Exception: pass",
            "socket.getaddrinfo",
        ),
        ("import subprocess\n    subprocess.run(['true'])", "subprocess.Popen"),
    ],
)
def test_impure_calls_of_a_hook_are_detected(code, word, project):
    edit(project, CODE, PROVIDER, f"    {code}\n{PROVIDER}")
    assert any(word in message for message in failures(project)["SSK041"])


def test_clock_calls_of_libraries_are_ignored(project):
    edit(project, CODE, PROVIDER, "    import logging\n    logging.debug('x')\n" + PROVIDER)
    assert "SSK041" not in failures(project)


def test_wheel_is_checked_as_installed(project, build_wheel: Callable[[Path], Path]):
    wheel = build_wheel(project)
    (report,) = check(wheel)
    assert (report.distribution, report.version) == ("ssoko-zoom", "0.1.0")
    assert {f.state for f in report.findings} == {"ok"}
    edit(project, "setup.cfg", "packages = ssoko_zoom", "packages =\n    ssoko_zoom\n    tests")
    edit(project, "setup.cfg", "ssoko_zoom = *.md, *.svg, py.typed", "ssoko_zoom = py.typed")
    broken = failures(build_wheel(project))
    assert "the guide is missing" in broken["SSK009"][1]
    assert "tests" in broken["SSK009"][0]
    assert "guide.md" in broken["SSK001"][0]


def test_check_restores_modules_and_paths(project):
    before = sys.path[:], sys.modules.get("ssoko_zoom")
    check(project)
    assert (sys.path, sys.modules.get("ssoko_zoom")) == before


@pytest.mark.parametrize("name", ["missing.whl", "empty", "text.whl"])
def test_path_without_a_plugin_is_refused(name, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.whl").write_text("not a zip file")
    with pytest.raises(InputError) as caught:
        check(tmp_path / name)
    assert name in str(caught.value)


# ---------------------------------------------------------------------------
# The command
# ---------------------------------------------------------------------------


def run(*words: str):
    return CliRunner().invoke(cli, ["plugin", *words])


def test_command_prints_the_tier_and_the_next_step(project):
    result = run("check", str(project))
    assert result.exit_code == 0, result.output
    assert "tier  Gold" in result.output
    assert result.output.rstrip().endswith("ssoko plugin verify dist/*.whl")


def test_command_fails_with_the_fix(project):
    edit(project, GUIDE, "## Remove", "## Uninstall")
    result = run("check", str(project))
    assert result.exit_code == 1
    assert "FAIL  SSK020" in result.output
    assert 'there is no "## Remove"' in result.output
    assert f"fix: {RULES['SSK020'].fix}" in result.output
    assert "ssoko plugin explain SSK020" in result.output


def test_higher_tier_can_be_required(project):
    (project / "CHANGELOG.md").unlink()
    assert run("check", str(project), "--at-least", "silver").exit_code == 0
    assert run("check", str(project), "--at-least", "gold").exit_code == 1


def test_json_has_every_rule(project):
    output = json.loads(run("check", str(project), "--format", "json").output)
    (item,) = output["items"]
    assert (item["slug"], item["tier"], item["passed"]) == ("zoom", "gold", True)
    assert [rule["id"] for rule in item["rules"]] == list(RULES)


def test_github_format_has_an_error_for_each_failure(project):
    edit(project, CODE, 'label="ACS URL"', 'label=""')
    result = run("check", str(project), "--format", "github")
    assert result.output.startswith("::error title=SSK010 zoom::every field has a label: ")
    assert result.exit_code == 1


def test_settings_can_be_passed(project, tmp_path):
    edit(project, CODE, "https://zoom.example.com/saml/acs", "ask us")
    settings = tmp_path / "settings.json"
    settings.write_text('{"acs_url": "https://zoom.example.com/acs", "entity_id": "urn:zoom"}')
    assert run("check", str(project)).exit_code == 1
    assert run("check", str(project), "--settings", str(settings)).exit_code == 0
    settings.write_text("[]")
    assert "a JSON object" in run("check", str(project), "--settings", str(settings)).output


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_can_be_explained(rule):
    result = run("explain", rule.lower())
    assert result.output.startswith(f"{rule} ({RULES[rule].tier})")
    assert RULES[rule].why in result.output and RULES[rule].fix in result.output


def test_unknown_rule_is_reported():
    result = run("explain", "SSK999")
    assert result.exit_code == 1
    assert "There is no rule SSK999" in result.output


def test_all_rules_are_listed():
    assert set(re.findall(r"SSK\d{3}", run("rules").output)) == set(RULES)


@pytest.mark.parametrize(
    ("hook", "code"),
    [
        ("acceptance_rules", "def acceptance_rules():\n    return (lambda response: True,)"),
        ("settings_from_metadata", "def settings_from_metadata():\n    return {'nowhere': 1}"),
        ("web_application", "def web_application():\n    return None"),
        ("saml_attributes", "def saml_attributes(person):\n    return person.groups"),
    ],
)
def test_every_hook_is_called(project, hook, code):
    old = (project / CODE).read_text("utf-8")
    kept = re.sub(rf"@hookimpl\ndef {hook}\(.*?(?=\n@hookimpl|\Z)", "", old, flags=re.DOTALL)
    (project / CODE).write_text(f"{kept}\n\n@hookimpl\n{code}\n", "utf-8")
    assert any(hook in message for message in failures(project)["SSK040"])


def test_an_optional_secret_may_be_empty(project):
    edit(project, CODE, "entity_id = fields", SECRET + "entity_id = fields")
    assert "SSK013" not in failures(project)
