"""Rules on the distribution: names, versions, license, files."""

import ast
import fnmatch
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from ssoko.plugin import API_VERSION
from ssoko.plugin.host.tested import is_tested, this_version
from ssoko.plugin.tools.rules.rule import Rule
from ssoko.plugin.tools.rules.subject import Subject

_PUBLIC_API = "ssoko.plugin"
_TEXT_SUFFIXES = frozenset({".py", ".md", ".svg", ".html", ".css", ".txt"})


def loads(subject: Subject) -> Iterator[str]:
    if subject.problem:
        yield subject.problem


def names_agree(subject: Subject) -> Iterator[str]:
    slug, name = subject.slug, re.sub(r"[-_.]+", "-", subject.declared.name).lower()
    expected = f"ssoko-{slug}"
    if len(subject.declared.entry_points) == 1 and name != expected:
        yield f"the distribution is named {name or '(empty)'}; rename it to {expected}"
    elif not name.startswith("ssoko-"):
        yield f"the distribution is named {name}; start its name with ssoko-"
    if not subject.package.startswith("ssoko_"):
        yield f"the package is named {subject.package}; rename it to ssoko_{slug.replace('-', '_')}"


def imports_the_public_api(subject: Subject) -> Iterator[str]:
    for name in sorted(subject.files):
        if not name.endswith(".py") or not name.startswith(subject.package):
            continue
        tree = ast.parse((subject.root / name).read_text("utf-8"), name)
        for node in ast.walk(tree):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                modules = [node.module or ""]
            for module in modules:
                if module.split(".")[0] == "ssoko" and not f"{module}.".startswith(
                    f"{_PUBLIC_API}."
                ):
                    yield f"{name} imports {module}"


def api_is_stated(subject: Subject) -> Iterator[str]:
    stated = subject.loaded.integration.api
    if stated.split(".")[0] != API_VERSION.split(".")[0]:
        yield f"Integration.api is {stated}, but this Ssoko has {API_VERSION}"


def core_is_bounded(subject: Subject) -> Iterator[str]:
    requirements = [r for r in subject.declared.requires if re.match(r"ssoko\s*(\[|[<>=!~(]|$)", r)]
    if not requirements:
        yield "the distribution does not require ssoko"
    elif not any("<" in r or "~=" in r or "==" in r for r in requirements):
        yield f"it requires {requirements[0]}, which has no upper bound"


def tested_with_this_core(subject: Subject) -> Iterator[str]:
    tested = [v.strip() for v in subject.loaded.integration.tested_with.split(",")]
    if invalid := [v for v in tested if v and not re.fullmatch(r"\d+\.\d+(\.\d+)?", v)]:
        yield f"tested_with has {invalid[0]}, which is not a version"
    elif not is_tested(subject.loaded.integration.tested_with):
        yield f"tested_with does not have {this_version()}"


def license_is_set(subject: Subject) -> Iterator[str]:
    if not subject.declared.license.strip():
        yield "the metadata has no license"


def data_is_packaged(subject: Subject) -> Iterator[str]:
    """Check a project's data files against the patterns in its setup.cfg."""
    patterns = subject.declared.package_data
    if subject.is_wheel or patterns is None:
        return
    for name in sorted(subject.files):
        package, within = subject.package, PurePosixPath(name).relative_to(subject.package)
        package_patterns = (*patterns.get(package, ()), *patterns.get("*", ()))
        if within.suffix != ".py" and not any(_matches(within, p) for p in package_patterns):
            yield f"{name} matches no pattern of package_data"


def _matches(path: PurePosixPath, pattern: str) -> bool:
    # In setuptools, * does not match a slash, and ** does.
    if "**" in pattern:
        return fnmatch.fnmatch(str(path), pattern)
    parts = pattern.split("/")
    return len(parts) == len(path.parts) and all(map(fnmatch.fnmatch, path.parts, parts))


def wheel_has_only_the_plugin(subject: Subject) -> Iterator[str]:
    tops = {name.partition("/")[0] for name in subject.files}
    for top in sorted(tops):
        if not top.startswith("ssoko_"):
            yield f"the wheel installs {top}, which does not belong to the plugin"
    if not any(name.endswith(".md") for name in subject.files):
        yield "the wheel has no Markdown file; the guide is missing"


def placeholders_are_replaced(subject: Subject) -> Iterator[str]:
    for name in sorted(subject.files):
        path = subject.root / name
        if path.suffix in _TEXT_SUFFIXES:
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
                if re.search(r"\bREPLACE\b", line):
                    yield f"{name}, line {number}: {line.strip()[:80]}"


def has_readme(subject: Subject) -> Iterator[str]:
    if not subject.declared.readme:
        yield "the metadata has no long description"
    if not subject.declared.summary.strip():
        yield "the metadata has no one-line description"


def has_types(subject: Subject) -> Iterator[str]:
    if f"{subject.package}/py.typed" not in subject.files:
        yield f"there is no {subject.package}/py.typed"


def has_changelog(subject: Subject) -> Iterator[str]:
    names = ("CHANGELOG.md", "CHANGES.md", "CHANGELOG.rst", "CHANGES.rst")
    if subject.project and not any((subject.project / name).is_file() for name in names):
        yield "there is no CHANGELOG.md next to setup.cfg"


RULES = (
    Rule(
        "SSK001",
        "bronze",
        "the plugin can be loaded",
        "A plugin that cannot be loaded is quarantined and not shown in the marketplace.",
        "Fix the error in the message. The stages are import, register and describe.",
        loads,
        loaded=False,
    ),
    Rule(
        "SSK002",
        "bronze",
        "slug, distribution and package agree",
        "The slug must say what to install with pip, and package names must be unique.",
        "Name the distribution ssoko-<slug> and the package ssoko_<slug>.",
        names_agree,
        loaded=False,
    ),
    Rule(
        "SSK003",
        "bronze",
        "of Ssoko, only ssoko.plugin is imported",
        "Everything else can change in any version and break the plugin.",
        "Use ssoko.plugin, or open an issue for what is missing.",
        imports_the_public_api,
        loaded=False,
    ),
    Rule(
        "SSK004",
        "bronze",
        "the version of the contract is stated",
        "An older Ssoko can then say what to upgrade.",
        f'Set api="{API_VERSION}" in integration().',
        api_is_stated,
        refusal="plugin API",
    ),
    Rule(
        "SSK005",
        "bronze",
        "the required core has an upper bound",
        "pip must not install the plugin with an untested version of Ssoko.",
        "Set a range in install_requires, such as ssoko>=0.1,<0.2.",
        core_is_bounded,
        loaded=False,
    ),
    Rule(
        "SSK006",
        "bronze",
        "a license is set",
        "Without a license, nobody is allowed to use the plugin.",
        "Set license in the metadata to an SPDX identifier, such as MIT.",
        license_is_set,
        loaded=False,
    ),
    Rule(
        "SSK007",
        "bronze",
        "all placeholders of the template are replaced",
        "Users would see REPLACE in the marketplace.",
        "Replace each text that starts with REPLACE.",
        placeholders_are_replaced,
        loaded=False,
    ),
    Rule(
        "SSK008",
        "bronze",
        "guide and logo are in the wheel",
        "A missing file is noticed only after the wheel is installed.",
        "Add a pattern for the file to package_data.",
        data_is_packaged,
        loaded=False,
    ),
    Rule(
        "SSK009",
        "bronze",
        "the wheel has only the plugin",
        "Other packages, such as tests, overwrite those of other distributions.",
        "List the plugin's packages by name, and its data in package_data.",
        wheel_has_only_the_plugin,
        loaded=False,
        wheel=True,
    ),
    Rule(
        "SSK050",
        "silver",
        "the plugin is tested with this version of Ssoko",
        "The marketplace marks plugins that are not tested with the running version.",
        f"Test the plugin, and add {this_version()} to tested_with.",
        tested_with_this_core,
    ),
    Rule(
        "SSK051",
        "silver",
        "the distribution has descriptions",
        "A package index shows them.",
        "Set description in the metadata, and README.md as long_description.",
        has_readme,
        loaded=False,
    ),
    Rule(
        "SSK080",
        "gold",
        "the package is typed",
        "Type checkers then use its annotations.",
        "Add an empty py.typed to the package and to package_data.",
        has_types,
        loaded=False,
    ),
    Rule(
        "SSK081",
        "gold",
        "there is a changelog",
        "Operators read it before an upgrade.",
        "Add CHANGELOG.md, with the latest version first.",
        has_changelog,
        loaded=False,
    ),
)
