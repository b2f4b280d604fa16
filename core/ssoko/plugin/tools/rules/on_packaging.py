"""Rules on the distribution: names, versions, licence, files."""

import ast
import fnmatch
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from ssoko.plugin import API_VERSION
from ssoko.plugin.host.tested import is_tested, this_version
from ssoko.plugin.tools.rules.rule import Rule
from ssoko.plugin.tools.rules.subject import Subject

_DOOR = "ssoko.plugin"
_TEXTS = frozenset({".py", ".md", ".svg", ".html", ".css", ".txt"})


def loads(subject: Subject) -> Iterator[str]:
    if subject.problem:
        yield subject.problem


def names_agree(subject: Subject) -> Iterator[str]:
    slug, name = subject.slug, re.sub(r"[-_.]+", "-", subject.declared.name).lower()
    wanted = f"ssoko-{slug}"
    if len(subject.declared.entry_points) == 1 and name != wanted:
        yield f"the distribution is called {name or 'nothing'}; call it {wanted}"
    elif not name.startswith("ssoko-"):
        yield f"the distribution is called {name}; begin its name with ssoko-"
    if not subject.package.startswith("ssoko_"):
        yield f"the package is called {subject.package}; call it ssoko_{slug.replace('-', '_')}"


def imports_the_door(subject: Subject) -> Iterator[str]:
    for name in sorted(subject.files):
        if not name.endswith(".py") or not name.startswith(subject.package):
            continue
        tree = ast.parse((subject.root / name).read_text("utf-8"), name)
        for node in ast.walk(tree):
            found = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                found = [node.module or ""]
            for module in found:
                if module.split(".")[0] == "ssoko" and not f"{module}.".startswith(f"{_DOOR}."):
                    yield f"{name} imports {module}"


def api_is_stated(subject: Subject) -> Iterator[str]:
    stated = subject.loaded.integration.api
    if stated.split(".")[0] != API_VERSION.split(".")[0]:
        yield f"Integration.api is {stated}, and this Ssoko speaks {API_VERSION}"


def core_is_bounded(subject: Subject) -> Iterator[str]:
    wanted = [r for r in subject.declared.requires if re.match(r"ssoko\s*(\[|[<>=!~(]|$)", r)]
    if not wanted:
        yield "the distribution does not require ssoko"
    elif not any("<" in r or "~=" in r or "==" in r for r in wanted):
        yield f"it requires {wanted[0]}, which any later version would satisfy"


def tested_with_this_core(subject: Subject) -> Iterator[str]:
    tested = [v.strip() for v in subject.loaded.integration.tested_with.split(",")]
    if wrong := [v for v in tested if v and not re.fullmatch(r"\d+\.\d+(\.\d+)?", v)]:
        yield f"tested_with names {wrong[0]}, which is no version"
    elif not is_tested(subject.loaded.integration.tested_with):
        yield f"tested_with does not name {this_version()}"


def licence_is_named(subject: Subject) -> Iterator[str]:
    if not subject.declared.license.strip():
        yield "the metadata name no licence"


def data_travel(subject: Subject) -> Iterator[str]:
    """Hold a project's data files against the patterns of its setup.cfg."""
    patterns = subject.declared.package_data
    if subject.is_wheel or patterns is None:
        return
    for name in sorted(subject.files):
        package, within = subject.package, PurePosixPath(name).relative_to(subject.package)
        wanted = (*patterns.get(package, ()), *patterns.get("*", ()))
        if within.suffix != ".py" and not any(_matches(within, p) for p in wanted):
            yield f"{name} is in no pattern of package_data"


def _matches(path: PurePosixPath, pattern: str) -> bool:
    # setuptools' star stops at a slash, and two stars do not.
    if "**" in pattern:
        return fnmatch.fnmatch(str(path), pattern)
    parts = pattern.split("/")
    return len(parts) == len(path.parts) and all(map(fnmatch.fnmatch, path.parts, parts))


def wheel_holds_its_own(subject: Subject) -> Iterator[str]:
    tops = {name.partition("/")[0] for name in subject.files}
    for top in sorted(tops):
        if not top.startswith("ssoko_"):
            yield f"the wheel installs {top}, which is not the plugin's"
    if not any(name.endswith(".md") for name in subject.files):
        yield "the wheel holds no Markdown file; the guide stayed behind"


def nothing_is_left_to_write(subject: Subject) -> Iterator[str]:
    for name in sorted(subject.files):
        path = subject.root / name
        if path.suffix in _TEXTS:
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
                if re.search(r"\bREPLACE\b", line):
                    yield f"{name}, line {number}: {line.strip()[:80]}"


def has_readme(subject: Subject) -> Iterator[str]:
    if not subject.declared.readme:
        yield "the metadata have no long description"
    if not subject.declared.summary.strip():
        yield "the metadata have no one-line description"


def has_types(subject: Subject) -> Iterator[str]:
    if f"{subject.package}/py.typed" not in subject.files:
        yield f"there is no {subject.package}/py.typed"


def keeps_a_changelog(subject: Subject) -> Iterator[str]:
    names = ("CHANGELOG.md", "CHANGES.md", "CHANGELOG.rst", "CHANGES.rst")
    if subject.project and not any((subject.project / name).is_file() for name in names):
        yield "there is no CHANGELOG.md beside setup.cfg"


RULES = (
    Rule(
        "SSK001",
        "bronze",
        "it can be loaded",
        "A plugin that cannot be loaded is kept apart: the marketplace does not show it.",
        "Mend what the message names; the stages are import, register and describe.",
        loads,
        loaded=False,
    ),
    Rule(
        "SSK002",
        "bronze",
        "slug, distribution and package agree",
        "Whoever sees the slug must know what to pip install, and no two packages may clash.",
        "Call the distribution ssoko-<slug> and the package ssoko_<slug>.",
        names_agree,
        loaded=False,
    ),
    Rule(
        "SSK003",
        "bronze",
        "it imports ssoko.plugin and nothing else of Ssoko",
        "Everything else may change with any version, and takes the plugin with it.",
        "Use what ssoko.plugin exports, or ask for what it lacks.",
        imports_the_door,
        loaded=False,
    ),
    Rule(
        "SSK004",
        "bronze",
        "the version of the contract is stated",
        "An older Ssoko can then say what to upgrade instead of failing half-way.",
        f'Write api="{API_VERSION}" in integration().',
        api_is_stated,
        refusal="plugin API",
    ),
    Rule(
        "SSK005",
        "bronze",
        "the required core has an upper bound",
        "pip must not put the plugin beside a core that nobody tried it with.",
        "Write a range into install_requires, such as ssoko>=0.1,<0.2.",
        core_is_bounded,
        loaded=False,
    ),
    Rule(
        "SSK006",
        "bronze",
        "a licence is named",
        "Without one nobody may use it.",
        "Write an SPDX name, such as MIT, as license in the metadata.",
        licence_is_named,
        loaded=False,
    ),
    Rule(
        "SSK007",
        "bronze",
        "nothing of the template is left to write",
        "People would read REPLACE in the marketplace.",
        "Write what each REPLACE asks for.",
        nothing_is_left_to_write,
        loaded=False,
    ),
    Rule(
        "SSK008",
        "bronze",
        "guide and pictures travel in the wheel",
        "A file that stays behind is missed only where the wheel is installed.",
        "Add a pattern for it to package_data.",
        data_travel,
        loaded=False,
    ),
    Rule(
        "SSK009",
        "bronze",
        "the wheel holds the plugin and nothing else",
        "What else it installs, such as tests, overwrites what others install.",
        "List the plugin's packages by name, and its data in package_data.",
        wheel_holds_its_own,
        loaded=False,
        wheel=True,
    ),
    Rule(
        "SSK050",
        "silver",
        "it was tested with this core",
        "The marketplace marks what was not tested with the Ssoko that runs.",
        f"Try it, and write {this_version()} into tested_with.",
        tested_with_this_core,
    ),
    Rule(
        "SSK051",
        "silver",
        "the distribution describes itself",
        "It is all that an index shows of it.",
        "Give the metadata a description and README.md as the long one.",
        has_readme,
        loaded=False,
    ),
    Rule(
        "SSK080",
        "gold",
        "it has types",
        "Those who build on it are checked too.",
        "Add an empty py.typed to the package and to package_data.",
        has_types,
        loaded=False,
    ),
    Rule(
        "SSK081",
        "gold",
        "it keeps a changelog",
        "An operator decides on an upgrade by it.",
        "Write CHANGELOG.md, the latest version first.",
        keeps_a_changelog,
        loaded=False,
    ),
)
