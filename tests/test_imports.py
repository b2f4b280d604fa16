"""The import rules of docs/architecture.md, one test per rule."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
CORE = ROOT / "core" / "ssoko"

#: Layer to the layers that it may import, besides itself and what everybody may import.
LAYERS = {
    "text": set(),
    "saml": {"text"},
    "plugin": {"text"},
    # Recorded values name SAML's constants.
    "plugin.host": {"plugin", "saml", "text"},
    "plugin.tools": {"plugin", "plugin.host", "text"},
    "plugin.conformance": {"plugin", "plugin.host", "plugin.tools", "app", "services", "saml"}
    | {"config", "store"},
    "fetch": set(),
    "store": {"text"},
    "services": {"store", "saml", "plugin", "plugin.host", "text", "config", "fetch"},
    "schemas": {"services", "plugin", "plugin.host", "saml", "text"},
    "web": {"services", "schemas", "plugin", "plugin.host", "text", "config"},
    "cli": {"app", "services", "schemas", "plugin", "plugin.host", "config", "store", "text"}
    | {"fetch"},
    "app": {"web", "services", "saml", "plugin", "plugin.host", "config", "store"},
    "config": set(),
    "errors": set(),
    "__main__": {"cli"},
}
#: What every layer may import.
SHARED = {"errors", ""}

#: Exceptions to the layers, each with its reason.
ALLOWED = {
    # A page or an API call holds a connection, and reports a database that does not answer.
    ("web", "ssoko.store.db"),
    ("web", "ssoko.store.migrate"),
    # An API call compares the version and makes the change in one transaction.
    ("web", "ssoko.store.exclusive"),
    # Pages of results are values.
    ("web", "ssoko.store.paging"),
    ("schemas", "ssoko.store.paging"),
    # The limit of a count is part of its description.
    ("schemas", "ssoko.store.counting"),
    # A binding is decoded where the HTTP request is.
    ("web", "ssoko.saml.bindings"),
    # Authors call the loader and the checks from their own tests.
    ("plugin", "ssoko.plugin.host"),
    # Only what is for plugin authors uses the author's tools.
    ("cli", "ssoko.plugin.tools"),
    ("web", "ssoko.plugin.tools.rules.sample"),
    # `ssoko dev` serves the preview of a plugin; a test below names the modules.
    ("cli", "ssoko.web.plugins.preview_site"),
    # The Plugins page shows the quality tier of what is installed.
    ("services", "ssoko.plugin.tools.rules"),
}

#: Packages of services, lowest first; a package imports packages of lower rank only.
RANKS = (
    ("credentials", "plugins"),
    ("context",),
    ("activity",),
    ("installation", "issuers", "people", "workspaces"),
    ("access",),
    ("applications", "authentication"),
    ("applications.upgrades", "applications.sp_metadata"),
    ("sso",),
    ("sso.saml", "marketplace"),
    ("troubleshooting",),
    ("guides",),
    ("maintenance",),
)
RANK = {package: rank for rank, packages in enumerate(RANKS) for package in packages}

#: The largest number of modules in one package, ``__init__`` not counted.
MOST_MODULES = 15
MOST_LINES = 500


def name_of(path: Path) -> str:
    """Return ``services.people.users`` for its file."""
    return ".".join(path.relative_to(CORE).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in sorted(CORE.rglob("*.py"))}


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Return the modules that a file imports, anywhere in its code."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                package = ["ssoko", *path.relative_to(CORE).parts[: -node.level]]
                module = ".".join([*package, *filter(None, [module])])
            for alias in node.names:
                whole = f"{module}.{alias.name}"
                is_module = whole.removeprefix("ssoko.") in MODULES
                found.append(whole if is_module else module)
    return tuple(found)


def ours(path: Path) -> Iterator[str]:
    """Return the modules of ssoko that a file imports, without the leading ``ssoko.``."""
    for name in imports(path):
        if name == "ssoko" or name.startswith("ssoko."):
            yield name.removeprefix("ssoko").lstrip(".")


def layer_of(module: str) -> str:
    """Return ``services`` for ``services.people.users``."""
    first_two = ".".join(module.split(".")[:2])
    return first_two if first_two in LAYERS else module.split(".")[0]


def package_of(module: str) -> str:
    """Return ``people`` for ``services.people.users``, and ``sso.saml`` for what is in there."""
    parts = module.split(".")[1:]
    return next((p for p in (".".join(parts[:2]), parts[0]) if p in RANK), "") if parts else ""


def test_a_layer_imports_only_the_layers_below_it() -> None:
    wrong = [
        f"{module} imports {name}"
        for module, path in MODULES.items()
        for name in ours(path)
        if layer_of(name) not in LAYERS.get(layer_of(module), set()) | SHARED | {layer_of(module)}
        and not any(
            layer_of(module) == layer and f"ssoko.{name}".startswith(allowed)
            for layer, allowed in ALLOWED
        )
    ]
    assert wrong == []


def test_a_service_package_imports_only_packages_below_it() -> None:
    wrong = []
    for module, path in MODULES.items():
        here = package_of(module) if module.startswith("services.") else ""
        for name in ours(path) if here else ():
            there = package_of(name) if name.startswith("services.") else here
            if there != here and not RANK.get(there, 99) < RANK[here]:
                wrong.append(f"{module} imports {name}")
    assert wrong == []


def test_a_web_package_imports_no_other_web_package() -> None:
    shared = {"framework", "components", ""}
    wrong = []
    for module, path in MODULES.items():
        if not module.startswith("web.") or module.count(".") < 2:
            continue
        here = module.split(".")[1]
        for name in ours(path):
            there = name.split(".")[1] if name.startswith("web.") else here
            if there not in shared | {here}:
                wrong.append(f"{module} imports {name}")
    assert wrong == []


def test_only_ssoko_dev_imports_pages() -> None:
    importers = {
        module
        for module, path in MODULES.items()
        for name in ours(path)
        if module.startswith("cli.") and layer_of(name) == "web"
    }
    assert importers == {"cli.authors.dev", "cli.authors.dev_plugins"}


def test_there_are_no_import_cycles() -> None:
    graph = {m: {n for n in ours(p) if n in MODULES and n != m} for m, p in MODULES.items()}
    # A module whose imports are all done is done; what is left over is in a cycle.
    while done := {module for module, needed in graph.items() if not needed}:
        graph = {m: needed - done for m, needed in graph.items() if m not in done}
    assert graph == {}


def test_no_import_is_only_for_type_checking() -> None:
    wrong = [
        module
        for module, path in MODULES.items()
        # Commands and pytest options are loaded at every start, so they import late.
        if not module.startswith("cli.") and module != "plugin.conformance.options"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if "ssoko" in ast.unparse(node)
    ]
    assert wrong == []


def test_a_name_is_imported_from_the_module_that_defines_it() -> None:
    """Only ``ssoko.plugin``, the API for plugin authors, and the list of tables re-export."""
    packages = {m for m, path in MODULES.items() if path.name == "__init__.py"}
    packages -= {"plugin", "plugin.tools.rules", "store.models", "", "cli", "web", "web.api"}
    wrong = [
        f"{module} imports a name from {name}"
        for module, path in MODULES.items()
        for name in ours(path)
        if name in packages and not module.startswith(f"{name}.")
    ]
    assert wrong == []


def test_services_know_nothing_of_http() -> None:
    web = {"flask", "werkzeug", "flask_login", "flask_wtf", "jinja2"}
    wrong = {
        (module, name)
        for module, path in MODULES.items()
        for name in imports(path)
        if module.startswith("services.") and name.split(".")[0] in web
    }
    assert wrong == set()


def test_saml_knows_no_clock_no_database_and_no_settings() -> None:
    impure = {"flask", "peewee", "time", "random", "secrets", "uuid", "os"}
    # A content key and its IV must be fresh, and no caller may choose them.
    allowed = {("saml.encryption", "os"), ("saml.encryption", "secrets")}
    wrong = {
        (module, name)
        for module, path in MODULES.items()
        for name in imports(path)
        if module.startswith("saml.") and name.split(".")[0] in impure
    }
    assert wrong - allowed == set()


def test_plugins_import_only_the_public_api() -> None:
    private = ("ssoko.plugin.host", "ssoko.plugin.tools")
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / "plugins").glob("*/ssoko_*/**/*.py")
        if "build" not in path.parts
        for name in (n for n in _absolute_imports(path) if n.split(".")[0] == "ssoko")
        if not f"{name}.".startswith("ssoko.plugin.") or name.startswith(private)
    ]
    assert wrong == []


def _absolute_imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_a_package_has_at_most_fifteen_modules() -> None:
    packages = {path.parent for path in MODULES.values()}
    full = {
        str(folder.relative_to(CORE)): count
        for folder in packages
        if (count := sum(path.name != "__init__.py" for path in folder.glob("*.py"))) > MOST_MODULES
    }
    assert full == {}


def test_every_package_says_what_belongs_in_it() -> None:
    silent = [
        module
        for module, path in MODULES.items()
        if path.name == "__init__.py"
        and len(ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "") < 40
        and module not in {"", "plugin.tools.rules"}
    ]
    assert silent == []


def test_no_module_is_too_long() -> None:
    lines = {m: len(path.read_text("utf-8").splitlines()) for m, path in MODULES.items()}
    assert {m: count for m, count in lines.items() if count > MOST_LINES} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    names = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "base", "misc"}
    assert [m for m in MODULES if m.rpartition(".")[2] in names] == []
