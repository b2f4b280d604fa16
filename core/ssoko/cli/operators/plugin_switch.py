"""``ssoko plugins disable`` and ``enable``: which plugins the next start loads.

Imports no plugin.
"""

import difflib
import os
from pathlib import Path

import click

from ssoko.cli.operators import settings_file
from ssoko.cli.operators.open_site import opened
from ssoko.cli.output import json_option, print_result
from ssoko.config import CONFIG_FILE, SETTINGS, names_of
from ssoko.errors import ConfigError, InputError, SsokoError

_NAME = "disabled_plugins"
_DATA_DIR = next(setting.default for setting in SETTINGS if setting.name == "data_dir")


@click.command()
@click.argument("slug")
@json_option
def disable(slug: str, as_json: bool) -> None:
    """Don't load a plugin, from the next start on. SLUG is its name in `ssoko plugins`.

    Users can still sign in to its applications.
    """
    path = _file()
    before = _disabled(path)
    _check_known(slug, before)
    if changed := slug not in before:
        settings_file.write_text(path, _NAME, ",".join(sorted({*before, slug})))
    using = _applications(slug)
    line = f"Disabled {slug} in {path}." if changed else f"{slug} is already disabled."
    result = {"slug": slug, "disabled": True, "changed": changed, "file": str(path)}
    result["applications"] = using
    print_result(as_json, result, line, *_effects(using), *_next(changed))


@click.command()
@click.argument("slug")
@json_option
def enable(slug: str, as_json: bool) -> None:
    """Load a plugin again from the next start on. SLUG is its name in `ssoko plugins`."""
    path = _file()
    before = _disabled(path)
    _check_known(slug, before)
    if changed := slug in before:
        settings_file.write_text(path, _NAME, ",".join(sorted(before - {slug})))
    lines = [f"Enabled {slug} in {path}." if changed else f"{slug} is already enabled."]
    allowed = _allowed(path)
    if allowed is not None and slug not in allowed:
        lines.append(f'It is still not loaded: add it to "plugins" in {path}.')
    result = {"slug": slug, "disabled": False, "changed": changed, "file": str(path)}
    print_result(as_json, result, *lines, *_next(changed))


def _file() -> Path:
    """Return the settings file.

    :raises ConfigError: when the environment overrides it, or there is no data directory.
    """
    for variable in ("SSOKO_DISABLED_PLUGINS", "SSOKO_PLUGINS"):
        if os.environ.get(variable):
            raise ConfigError(
                f"{variable} is set in the environment, which overrides {CONFIG_FILE}. "
                "Change it there. Nothing was changed"
            )
    folder = Path(os.environ.get("SSOKO_DATA_DIR") or _DATA_DIR)
    if not folder.is_dir():
        raise ConfigError(f"The data directory {folder} does not exist. Run: ssoko init")
    return folder / CONFIG_FILE


def _disabled(path: Path) -> frozenset[str]:
    return names_of(settings_file.read(path)[1].get(_NAME, ""))


def _allowed(path: Path) -> frozenset[str] | None:
    value = settings_file.read(path)[1].get("plugins", "*")
    return None if value == "*" else names_of(value)


def _check_known(slug: str, disabled: frozenset[str]) -> None:
    from ssoko.plugin.host.on_disk import claims

    known = {claim.slug for claim in claims()} | disabled
    if slug in known:
        return
    close = difflib.get_close_matches(slug, sorted(known), 3)
    hint = f"Did you mean {' or '.join(close)}?" if close else "`ssoko plugins` lists them."
    raise InputError.of("slug", f"There is no plugin {slug}. {hint}")


def _applications(slug: str) -> int | None:
    """Return the number of applications of a plugin, or None when the database is unavailable."""
    try:
        with opened():
            from ssoko.services.marketplace.overview import count_everywhere

            return count_everywhere(slug)
    except SsokoError:
        return None


def _effects(using: int | None) -> list[str]:
    if using is None:
        return ["The database is unavailable, so the applications of this plugin are unknown."]
    if not using:
        return ["No application uses it."]
    count = "1 application uses it." if using == 1 else f"{using} applications use it."
    return [
        f"{count} Users can still sign in. Until you enable the plugin again, you cannot change "
        "settings or install new applications of it."
    ]


def _next(changed: bool) -> list[str]:
    return ["Restart Ssoko to apply."] if changed else []
