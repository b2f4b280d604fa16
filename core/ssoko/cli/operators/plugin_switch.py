"""``ssoko plugins disable`` and ``enable``: what the next start loads. Imports no plugin."""

import difflib
import os
from pathlib import Path

import click

from ssoko.cli.operators import settings_file
from ssoko.cli.operators.open_site import opened
from ssoko.cli.output import json_option, say
from ssoko.config import CONFIG_FILE, SETTINGS, names_of
from ssoko.errors import ConfigError, InputError, SsokoError

_NAME = "disabled_plugins"
_DATA_DIR = next(setting.default for setting in SETTINGS if setting.name == "data_dir")


@click.command()
@click.argument("slug")
@json_option
def disable(slug: str, as_json: bool) -> None:
    """Leave a plugin out from the next start on. SLUG is its name in `ssoko plugins`.

    Its applications go on signing people in from their record.
    """
    path = _file()
    before = _disabled(path)
    _check_known(slug, before)
    if changed := slug not in before:
        settings_file.write_text(path, _NAME, ",".join(sorted({*before, slug})))
    using = _applications(slug)
    done = f"{slug} is disabled in {path}." if changed else f"{slug} is disabled already."
    answer = {"slug": slug, "disabled": True, "changed": changed, "file": str(path)}
    say(as_json, {**answer, "applications": using}, done, *_breaks(using), *_next(changed))


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
    done = f"{slug} is enabled in {path}." if changed else f"{slug} is enabled already."
    allowed = _allowed(path)
    lines = [done]
    if allowed is not None and slug not in allowed:
        lines.append(f"It stays out all the same: plugins in {path} does not name it.")
    answer = {"slug": slug, "disabled": False, "changed": changed, "file": str(path)}
    say(as_json, answer, *lines, *_next(changed))


def _file() -> Path:
    """Return the file to change.

    :raises ConfigError: when it decides nothing, or there is no data directory.
    """
    for variable in ("SSOKO_DISABLED_PLUGINS", "SSOKO_PLUGINS"):
        if os.environ.get(variable):
            raise ConfigError(
                f"{variable} is set in the environment, which goes before {CONFIG_FILE}; "
                "change it there. Nothing was changed"
            )
    folder = Path(os.environ.get("SSOKO_DATA_DIR") or _DATA_DIR)
    if not folder.is_dir():
        raise ConfigError(f"There is no data directory {folder}; run: ssoko init")
    return folder / CONFIG_FILE


def _disabled(path: Path) -> frozenset[str]:
    return names_of(settings_file.read(path)[1].get(_NAME, ""))


def _allowed(path: Path) -> frozenset[str] | None:
    said = settings_file.read(path)[1].get("plugins", "*")
    return None if said == "*" else names_of(said)


def _check_known(slug: str, disabled: frozenset[str]) -> None:
    from ssoko.plugin.host.on_disk import claims

    known = {claim.slug for claim in claims()} | disabled
    if slug in known:
        return
    close = difflib.get_close_matches(slug, sorted(known), 3)
    hint = f"did you mean {' or '.join(close)}?" if close else "`ssoko plugins` lists them"
    raise InputError.of("slug", f"There is no plugin {slug}; {hint}")


def _applications(slug: str) -> int | None:
    """Count those that use it; None where the database cannot tell, which must not stop this."""
    try:
        with opened():
            from ssoko.services.marketplace.overview import count_everywhere

            return count_everywhere(slug)
    except SsokoError:
        return None


def _breaks(using: int | None) -> list[str]:
    if using is None:
        return ["How many applications use it is not known: the database did not answer."]
    if not using:
        return ["No application uses it."]
    one, many = "1 application uses it; it goes", f"{using} applications use it; they go"
    return [
        f"{one if using == 1 else many} on signing people in from the record. Until it is "
        "enabled again, settings cannot be changed and no new ones installed."
    ]


def _next(changed: bool) -> list[str]:
    return ["Restart Ssoko to apply."] if changed else []
