"""The plugin reference, plugins/README.md, agrees with the code."""

import inspect
import re
from pathlib import Path

import pytest
from ssoko.plugin import API_VERSION, acceptance, checks, fields, hookspecs, sources, testing
from ssoko.plugin.guide import GUIDE_VALUES
from ssoko.plugin.hookspecs import HOOKS
from ssoko.plugin.steps import EVIDENCE
from ssoko.plugin.values import METADATA_LABELS

README = (Path(__file__).parents[2] / "plugins" / "README.md").read_text("utf-8")


def section(hook: str) -> str:
    """Return the text below the heading of a hook."""
    signature = str(inspect.signature(getattr(hookspecs, hook))).replace("'", "")
    _, heading, rest = README.partition(f"\n#### `{hook}{signature}`\n")
    assert heading, f"no heading for {hook}{signature}"
    return rest.partition("\n#")[0]


@pytest.mark.parametrize("hook", HOOKS.values(), ids=lambda hook: hook.name)
def test_every_hook_is_described_with_its_signature(hook):
    text = section(hook.name)
    assert ("Required" in text) == hook.required
    for name in filter(None, (hook.file, hook.attribute)):
        assert f"`{name}`" in text


def test_every_specification_is_in_the_table_of_hooks():
    specifications = {n for n, f in vars(hookspecs).items() if hasattr(f, "ssoko_spec")}
    assert specifications == set(HOOKS)


def test_all_evidence_is_described_with_its_label():
    for kind, when in EVIDENCE.items():
        assert f"| `done: {kind}` | {when} |" in README


def test_all_values_of_guides_are_described_with_their_label():
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", README, re.MULTILINE))
    assert {name: rows.get(name) for name in GUIDE_VALUES} == GUIDE_VALUES


def test_sources_keys_fields_and_validators_are_listed():
    for source in sources.USER_SOURCES:
        assert f"`{source}`" in README
    for key in METADATA_LABELS:
        assert f"`{key}`" in README
    for name, _ in inspect.getmembers(fields, inspect.isclass):
        if getattr(fields, name).__module__ == fields.__name__ and name[0] != "_":
            assert f"`fields.{name}`" in README
    for key in fields.METADATA_KEYS:
        assert f"\n| `{key}` |" in README
    for name, function in inspect.getmembers(checks, inspect.isfunction):
        if function.__module__ == checks.__name__ and name.startswith("check_"):
            assert f"`{name}`" in README
    for name in ("optional", "host"):
        assert f"`checks.{name}(" in README
    for name in acceptance.__all__:
        assert re.search(rf"`(acceptance\.)?{name}[(`]", README), name


def test_contract_version_is_current():
    assert f"now {API_VERSION}." in README


def test_example_test_uses_existing_names():
    assert callable(testing.assert_integration)
    for name in ("load", "service_provider", "problems", "call"):
        assert f"`{name}(" in README
        assert callable(getattr(testing.LoadedPlugin, name))


def test_all_links_have_a_target():
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
