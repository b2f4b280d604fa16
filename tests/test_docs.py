"""The docs describe every setting, command and hook, and only what exists."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from flask import Flask
from ssoko.cli import cli
from ssoko.config import SETTINGS
from ssoko.plugin import hookspecs
from ssoko.web.api import init_api
from ssoko.web.api.openapi import operations

ROOT = Path(__file__).parents[1]
DOCS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "decisions").glob("*.md")),
]


def text(name: str) -> str:
    """Return a document."""
    return (ROOT / name).read_text("utf-8")


def commands(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Return every command with its words."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield (*path, name), command


COMMANDS = dict(commands(cli))


def typed() -> Iterator[tuple[str, list[str]]]:
    """Return every ``ssoko`` command line of the documents' shell blocks, as words."""
    for path in DOCS:
        for block in re.findall(r"```sh\n(.*?)```", path.read_text("utf-8"), re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                found = re.search(r"(?:^|[|(/ ])ssoko ([^|)#]+)", line)
                if found and not line.startswith(("#", "git", "export")):
                    yield path.name, shlex.split(found[1])


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda one: one.name)
def test_every_setting_is_in_the_operators_table(setting) -> None:
    assert f"| `{setting.variable}` |" in text("docs/operators.md")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_is_documented_with_its_options(words: tuple[str, ...]) -> None:
    row = re.search(rf"\| `ssoko {' '.join(words)}\b([^`]*)` \|", text("docs/operators.md"))
    assert row, f"docs/operators.md does not list ssoko {' '.join(words)}"
    there = {name for p in COMMANDS[words].params for name in p.opts if name.startswith("--")}
    assert set(re.findall(r"--[a-z-]+", row[1])) == there


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_and_option_has_a_help_text(words: tuple[str, ...]) -> None:
    command = COMMANDS[words]
    assert command.help
    evident = {"host", "port", "first_name", "last_name"}
    options = [p for p in command.params if isinstance(p, click.Option)]
    assert [p.name for p in options if not p.help and p.name not in evident] == []


TYPED = list(typed())


def test_the_documents_have_commands_to_check() -> None:
    assert len(TYPED) > 8


@pytest.mark.parametrize("line", TYPED, ids=lambda line: f"{line[0]}-{' '.join(line[1])}"[:60])
def test_every_command_in_the_documents_exists(line: tuple[str, list[str]]) -> None:
    _, words = line
    path = next((p for p in COMMANDS if list(p) == words[: len(p)]), None)
    assert path, f"there is no command: ssoko {' '.join(words)}"
    options = {name for p in COMMANDS[path].params for name in p.opts}
    assert {w for w in words if w.startswith("--")} <= options


def test_every_make_target_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    named = {t for path in DOCS for t in re.findall(r"make ([a-z]+)(?=[`\n ])", _code(path))}
    assert {"demo", "test"} <= named <= targets


def _code(path: Path) -> str:
    spans = re.findall(r"```sh\n.*?```|`[^`\n]+`", path.read_text("utf-8"), re.DOTALL)
    return "\n".join(spans)


def test_every_file_that_the_documents_link_to_exists() -> None:
    missing = [
        (path.name, target)
        for path in DOCS
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text("utf-8"))
        if not (path.parent / target).exists()
    ]
    assert missing == []


def _anchors(path: Path) -> set[str]:
    """Return the anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 _-]", "", h.lower()).replace(" ", "-") for h in headings}


def test_every_heading_that_the_documents_link_to_exists() -> None:
    missing = [
        f"{path.name}: {target}#{anchor}"
        for path in DOCS
        for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", path.read_text("utf-8"))
        if anchor not in _anchors(path.parent / target if target else path)
    ]
    assert missing == []


def test_every_path_in_the_architecture_exists() -> None:
    named = re.findall(r"`([a-z_/]+(?:/|\.py|\.md))`", text("docs/architecture.md"))
    files = [
        f"/{path.relative_to(ROOT)}"
        for folder in ("core", "docs", "migrations", "plugins", "tests")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    ]
    missing = [
        name
        for name in named
        if not any(
            file.endswith(f"/{name}") or f"/{name}" in file and name.endswith("/") for file in files
        )
    ]
    assert len(named) > 20
    assert missing == []


def test_the_architecture_lists_the_ranks_that_the_import_test_checks() -> None:
    source = ast.parse(text("tests/test_imports.py"))
    (ranks,) = (
        ast.literal_eval(node.value)
        for node in source.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "RANKS"
    )
    block = text("docs/architecture.md").partition("lines below its own:")[2].split("```")[1]
    assert [set(line.strip().split(", ")) for line in block.strip().splitlines()] == [
        set(rank) for rank in reversed(ranks)
    ]


def test_every_package_of_the_services_is_in_the_architecture() -> None:
    services = ROOT / "core" / "ssoko" / "services"
    names = {path.stem for path in services.iterdir() if not path.name.startswith("__")}
    table = (
        text("docs/architecture.md").partition("| package of `services`")[2].partition("\n\n")[0]
    )
    assert names - set(re.findall(r"`([a-z_]+)`", table)) == set()


def test_decision_records_are_numbered_without_gaps_and_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    records = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    titles = [path.read_text("utf-8").partition("\n")[0] for path in records]
    numbers = [int(path.name[:4]) for path in records]
    assert numbers == list(range(1, len(records) + 1))
    assert [title.split(".")[0] for title in titles] == [f"# {number}" for number in numbers]
    listed = re.findall(r"^(\d+)\. \[(.+)\]\((.+)\)$", text("docs/decisions/README.md"), re.M)
    assert listed == [
        (str(number), title.partition(". ")[2], path.name)
        for number, title, path in zip(numbers, titles, records, strict=True)
    ]


@pytest.mark.parametrize(
    "hook", [n for n, f in vars(hookspecs).items() if hasattr(f, "ssoko_spec")]
)
def test_every_hook_is_in_the_authors_reference(hook: str) -> None:
    assert f"`{hook}" in text("plugins/README.md")


def test_every_endpoint_is_in_the_api_document() -> None:
    app = Flask(__name__)
    init_api(app)
    with app.app_context():
        served = {(one.method, re.sub(r"<[^>]+>", "<>", one.path) or "/") for one in operations()}
    rows = re.findall(r"^\| `([A-Z]+) (/[^`?]*)[^`]*` \|", text("docs/api.md"), re.MULTILINE)
    documented = {(method, re.sub(r"<[^>]+>", "<>", path)) for method, path in rows}
    assert documented == served
