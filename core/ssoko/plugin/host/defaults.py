"""What is used where a plugin does not implement a hook, or leaves a field empty."""

import sys
from dataclasses import replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import ModuleType
from typing import Any

from ssoko.plugin.host.form import InstallForm
from ssoko.plugin.values import DefaultRole, Integration, Settings

#: Field of :class:`Integration` to the file that it is read from when it is empty.
FIELD_FILES = {"description": "description.md", "logo": "logo.svg"}


def default_role(slug: str, integration: Integration) -> DefaultRole:
    """Return the default role of an integration: ``sso-zoom-{name}-role``."""
    vendor = f" at {integration.vendor}" if integration.vendor else ""
    return DefaultRole(
        name=f"sso-{slug}-{{name}}-role", description=f"May sign in to {{name}}{vendor}"
    )


def keep_settings(form: InstallForm, settings: Settings, from_version: str) -> dict[str, Any]:
    """Return settings of another version unchanged."""
    return dict(settings)


def fill_in(integration: Integration, plugin: object) -> Integration:
    """Return the integration with its empty fields read from the plugin's files."""
    texts: dict[str, Any] = {
        field: text
        for field, name in FIELD_FILES.items()
        if not getattr(integration, field) and (text := read_text(plugin, name))
    }
    return replace(integration, **texts) if texts else integration


def read_text(plugin: object, name: str) -> str:
    """Return a text file in the package of a plugin's module, or an empty text without one.

    :raises UnicodeDecodeError: when the file is not UTF-8.
    """
    package = _package_of(plugin)
    path = package / name if package else None
    return path.read_text("utf-8") if path and path.is_file() else ""


def _package_of(plugin: object) -> Traversable | None:
    """Return the folder of the package with the hooks; None for a module outside of a package."""
    module = plugin
    if not isinstance(plugin, ModuleType):
        owner = plugin if isinstance(plugin, type) else type(plugin)
        module = sys.modules.get(owner.__module__)
    package = sys.modules.get(getattr(module, "__package__", None) or "")
    return files(package) if getattr(package, "__path__", None) and package else None
