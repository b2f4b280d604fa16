"""plugins/README.md says what the code says."""

import inspect
import re
from pathlib import Path

import pytest
from ssoko.plugin import API_VERSION, checks, fields, hookspecs, sources, testing
from ssoko.plugin.guide import GUIDE_VALUES
from ssoko.plugin.host.registry import OPTIONAL_HOOKS, REQUIRED_HOOKS
from ssoko.plugin.host.validate import METADATA_KEYS
from ssoko.plugin.steps import EVIDENCE

README = (Path(__file__).parents[2] / "plugins" / "README.md").read_text("utf-8")
HOOKS = [
    f
    for _, f in inspect.getmembers(hookspecs, inspect.isfunction)
    if f.__module__ == hookspecs.__name__
]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook.__name__)
def test_every_hook_is_described_with_its_signature(hook):
    signature = str(inspect.signature(hook)).replace("'", "")
    assert f"\n#### `{hook.__name__}{signature}`\n" in README


def test_the_hooks_are_those_that_the_registry_knows():
    assert {hook.__name__ for hook in HOOKS} == {*REQUIRED_HOOKS, *OPTIONAL_HOOKS}


def test_every_kind_of_evidence_is_described_in_the_same_words():
    for kind, when in EVIDENCE.items():
        assert f"| `done: {kind}` | {when} |" in README


def test_every_value_of_a_guide_is_described_in_the_same_words():
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", README, re.MULTILINE))
    assert {name: rows.get(name) for name in GUIDE_VALUES} == GUIDE_VALUES


def test_sources_keys_fields_and_validators_are_listed():
    for source in sources.USER_SOURCES:
        assert f"`{source}`" in README
    for key in METADATA_KEYS:
        assert f"`{key}`" in README
    for name, _ in inspect.getmembers(fields, inspect.isclass):
        if getattr(fields, name).__module__ == fields.__name__:
            assert f"`fields.{name}`" in README
    for name, function in inspect.getmembers(checks, inspect.isfunction):
        if function.__module__ == checks.__name__ and name.startswith("check_"):
            assert f"`{name}`" in README


def test_the_contract_version_is_the_one_in_force():
    assert f"now {API_VERSION}." in README


def test_the_example_test_uses_what_there_is():
    assert callable(testing.assert_integration)
    for name in ("load", "service_provider", "problems", "call"):
        assert f"`{name}(" in README
        assert callable(getattr(testing.LoadedPlugin, name))


def test_every_link_leads_somewhere():
    headings = {
        re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in README.splitlines()
        if line.startswith("#")
    }
    for target in re.findall(r"\]\(([^)<]+)\)", README):
        if target.startswith("#"):
            assert target[1:] in headings
        else:
            assert (Path(__file__).parents[2] / "plugins" / target).exists()
