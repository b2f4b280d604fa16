"""The plugin that is checked: read, unpacked and loaded from its folder or wheel."""

import importlib
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from ssoko.errors import InputError
from ssoko.plugin import ENTRY_POINT_GROUP
from ssoko.plugin.host.registry import LoadedIntegration, PluginSource, Registry
from ssoko.plugin.tools.rules.declared import Declared, of_project, of_wheel
from ssoko.plugin.tools.rules.purity import no_network
from ssoko.plugin.tools.rules.sample import sample_settings

_GENERATED = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache"})


@dataclass(frozen=True, slots=True)
class Subject:
    """One integration of a distribution, loaded as Ssoko loads it.

    :param root: folder of the imports.
    :param package: name of the package of the entry point.
    :param project: folder of the project, or None for a wheel.
    :param files: paths of the distribution's modules and data, relative to ``root``.
    :param problem: why it cannot be loaded, or empty.
    :param at_import: network calls during the import.
    :param settings: values of the install form, as an admin enters them.
    """

    slug: str
    target: str
    declared: Declared
    root: Path
    package: str
    project: Path | None
    files: frozenset[str]
    registry: Registry
    problem: str = ""
    at_import: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_wheel(self) -> bool:
        return self.project is None

    @property
    def entry(self) -> LoadedIntegration | None:
        """The plugin's declarations, or None if it cannot be loaded."""
        return self.registry.get(self.slug)

    @property
    def loaded(self) -> LoadedIntegration:
        """The plugin's declarations, for rules that need a loaded plugin."""
        return self.registry.integrations[self.slug]

    def call(self, hook: str, **arguments: Any) -> Any:
        """Call a hook as Ssoko does.

        :raises HookFailed: as in Ssoko.
        """
        return self.registry.call(self.slug, hook, **arguments)


@contextmanager
def opened(path: Path, settings: Mapping[str, Any] | None) -> Iterator[tuple[Subject, ...]]:
    """Open the integrations of a project or a wheel, importable within the block.

    :raises InputError: when there is none.
    """
    with ExitStack() as stack:
        if path.is_dir():
            declared, root, project = of_project(path), _import_root(path), path
        else:
            root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ssoko-wheel-")))
            _unpack(path, root)
            declared, project = of_wheel(root), None
        if not declared.entry_points:
            raise InputError.of(
                "path",
                f"{path} has no entry point in the group {ENTRY_POINT_GROUP}. "
                "Use the project folder of a plugin, or its wheel",
            )
        packages = {top_package(target) for target in declared.entry_points.values()}
        stack.enter_context(_importable(root, packages))
        yield tuple(
            _load(slug, target, declared, root, project, settings)
            for slug, target in declared.entry_points.items()
        )


def _load(
    slug: str,
    target: str,
    declared: Declared,
    root: Path,
    project: Path | None,
    settings: Mapping[str, Any] | None,
) -> Subject:
    point = EntryPoint(slug, target, ENTRY_POINT_GROUP)
    source = PluginSource(slug, point.load, declared.name, declared.version)
    with no_network() as network_calls:
        registry = Registry.load([source], opt_in=frozenset({slug}))
    entry = registry.get(slug)
    package = top_package(target)
    return Subject(
        slug=slug,
        target=target,
        declared=declared,
        root=root,
        package=package,
        project=project,
        files=files_below(root, None if project is None else package),
        registry=registry,
        problem="; ".join(f"{p.stage}: {p.message}" for p in registry.problems),
        at_import=tuple(network_calls),
        settings=settings or (sample_settings(entry.form) if entry else {}),
    )


def top_package(target: str) -> str:
    """Return ``ssoko_zoom`` for ``ssoko_zoom.hooks:plugin``."""
    return target.partition(":")[0].partition(".")[0].strip()


def _import_root(folder: Path) -> Path:
    source = folder / "src"
    return source if source.is_dir() else folder


def _unpack(path: Path, target: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(target)
    except FileNotFoundError:
        raise InputError.of("path", f"{path} does not exist. Use a folder or a wheel") from None
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError.of("path", f"{path} is not a wheel: {error}") from None


def files_below(root: Path, package: str | None) -> frozenset[str]:
    """Return the files of a package, or of the whole folder, relative to ``root``."""
    folder = root / package if package else root
    return frozenset(
        name.as_posix()
        for path in folder.rglob("*")
        if path.is_file()
        and not _GENERATED & set((name := path.relative_to(root)).parts)
        and not name.parts[0].endswith(".dist-info")
    )


@contextmanager
def _importable(root: Path, packages: set[str]) -> Iterator[None]:
    """Import the packages from this folder, even if other versions are installed."""
    saved = {name: m for name, m in sys.modules.items() if name.partition(".")[0] in packages}
    unload = partial(_unload, packages)
    unload()
    sys.path.insert(0, str(root))
    importlib.invalidate_caches()
    writes = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = writes
        sys.path.remove(str(root))
        unload()
        sys.modules.update(saved)
        importlib.invalidate_caches()


def _unload(packages: set[str]) -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] in packages]:
        del sys.modules[name]
