"""The arrows between the floors, as the imports draw them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = ROOT / "core" / "ssoko"

#: Floor to the floors that it may import; everybody may import errors, and their own floor.
ARROWS = {
    "saml": set(),
    "plugin": set(),
    "store": set(),
    "services": {"store", "saml", "plugin", "config"},
    "web": {"services", "plugin", "config"},
    # Authors reach it by their door; it stands on the roof, see docs/decisions/0014.
    "conformance": {"app", "services", "saml", "plugin", "config", "store"},
    "cli": {"web", "services", "plugin", "config", "app", "store"},
    "app": {"web", "services", "plugin", "config", "store"},
    "config": set(),
    "errors": set(),
    "__init__": set(),
    "__main__": {"cli"},
}

#: Exceptions, each with its reason.
ALLOWED = {
    # The web layer holds a connection for each request, and says when the database is away.
    ("web", "ssoko.store.db"),
    ("web", "ssoko.store.migrate"),
    # What a binding makes of an HTTP request is decoded where the request is.
    ("web", "ssoko.saml.bindings"),
    # The version, which is a literal.
    ("plugin", "ssoko"),
    ("web", "ssoko"),
    ("cli", "ssoko"),
    ("services", "ssoko"),
    ("app", "ssoko"),
}


def floor_of(module: str) -> str:
    """Return ``services`` for ``ssoko.services.users``."""
    if f"{module}.".startswith("ssoko.plugin.conformance."):
        return "conformance"
    return module.split(".")[1] if "." in module else "ssoko"


def imports(path: Path) -> Iterator[str]:
    """Return the modules of ssoko that a file imports, at any depth of its code."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                package = ["ssoko", *path.relative_to(CORE).parts[: -node.level]]
                module = ".".join([*package, *filter(None, [module])])
            for alias in node.names:
                whole = f"{module}.{alias.name}"
                # "from ssoko import errors" names a floor, "from ssoko.saml import xml" is in it.
                yield whole if module == "ssoko" else module


def of_ssoko(path: Path) -> list[str]:
    return [name for name in imports(path) if name == "ssoko" or name.startswith("ssoko.")]


@pytest.mark.parametrize("path", sorted(CORE.rglob("*.py")), ids=lambda p: str(p.relative_to(CORE)))
def test_a_module_imports_only_the_floors_below_it(path: Path) -> None:
    own = floor_of(".".join(("ssoko", *path.relative_to(CORE).with_suffix("").parts)))
    wrong = [
        name
        for name in of_ssoko(path)
        if floor_of(name) not in ARROWS[own] | {own, "errors", "__version__"}
        and (own, name) not in ALLOWED
    ]
    assert not wrong, f"{own} must not import {wrong}"


@pytest.mark.parametrize("path", sorted((CORE / "services").glob("*.py")), ids=lambda p: p.name)
def test_services_know_nothing_of_http(path: Path) -> None:
    web = {"flask", "werkzeug", "flask_login", "flask_wtf", "jinja2"}
    assert not [n for n in imports(path) if n.split(".")[0] in web]


@pytest.mark.parametrize("path", sorted((CORE / "saml").glob("*.py")), ids=lambda p: p.name)
def test_saml_knows_no_clock_no_database_and_no_settings(path: Path) -> None:
    impure = {"flask", "peewee", "time", "random", "secrets", "uuid", "os"}
    if path.name == "encryption.py":
        # A content key and its IV must be fresh, and no caller's to choose.
        impure -= {"os", "secrets"}
    assert not [n for n in imports(path) if n.split(".")[0] in impure]


def plugin_modules() -> list[Path]:
    return sorted(
        path
        for path in (ROOT / "plugins").glob("*/*/*.py")
        if path.parent.name != "tests" and "build" not in path.parts
    )


def test_plugins_import_only_the_public_door() -> None:
    wrong = {
        str(path): name
        for path in plugin_modules()
        for name in of_ssoko(path)
        if name != "ssoko.plugin" and not name.startswith("ssoko.plugin.")
    }
    assert not wrong
