"""``ssoko keys``, ``ssoko notices``: rotate signing keys, record notices before expiry."""

import base64
import os
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from ssoko.cli.operators.open_site import opened, scope_of
from ssoko.cli.operators.setup import write_secret
from ssoko.cli.output import Commands, json_option, print_result
from ssoko.config import MASTER_FILE
from ssoko.errors import ConfigError, InputError

if TYPE_CHECKING:
    from ssoko.services.context import Scope, Services
    from ssoko.services.issuers.rotation import KeyView

_ALGORITHMS = ("rsa-2048", "rsa-3072", "rsa-4096", "ec-p256", "ec-p384")


@click.group(cls=Commands)
def keys() -> None:
    """Rotate the signing certificate of an issuer.

    Sign-ins are not interrupted. Name the issuer with --application, or with --issuer if
    applications share it.
    """


def _issuer_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--issuer", default="", metavar="ID", help="ID of a shared issuer."),
        click.option("--application", default="", metavar="SLUG", help="Slug of an application."),
        click.option(
            "--workspace", "slug", required=True, metavar="SLUG", help="Slug of the workspace."
        ),
    ):
        function = option(function)
    return json_option(function)


@keys.command("list")
@_issuer_options
def list_keys(slug: str, application: str, issuer: str, as_json: bool) -> None:
    """List the active key, the next key and the retired keys."""
    with opened() as services:
        from ssoko.schemas.issuers import KeySchema
        from ssoko.schemas.output import complete, page_of
        from ssoko.services.issuers import rotation

        views = rotation.list_keys(*_issuer(services, slug, application, issuer))
        result = page_of(KeySchema)().dump(complete(views))
        print_result(as_json, result, *map(_line, views))


@keys.command("next")
@_issuer_options
@click.option(
    "--algorithm",
    type=click.Choice(_ALGORITHMS),
    default="rsa-2048",
    show_default=True,
    help="Key type. AWS and many other service providers don't support ECDSA (ec-*).",
)
def create_next(slug: str, application: str, issuer: str, algorithm: str, as_json: bool) -> None:
    """Create the next key and print its certificate.

    The certificate is added to the metadata immediately.
    """
    with opened() as services:
        from ssoko.schemas.issuers import KeySchema
        from ssoko.services.issuers import rotation

        scope, issuer_id = _issuer(services, slug, application, issuer)
        key = rotation.create_next(scope, issuer_id, algorithm=algorithm)
        print_result(as_json, KeySchema().dump(key), key.certificate.rstrip())


@keys.command("activate")
@_issuer_options
def activate(slug: str, application: str, issuer: str, as_json: bool) -> None:
    """Sign with the next key from now on. The old key is kept for 30 days."""
    with opened() as services:
        from ssoko.schemas.issuers import KeySchema
        from ssoko.services.issuers import rotation

        scope, issuer_id = _issuer(services, slug, application, issuer)
        views = rotation.list_keys(scope, issuer_id)
        next_key = next((key for key in views if key.state == "next"), None)
        if next_key is None:
            raise InputError.of("", "There is no next key. Create one first: ssoko keys next")
        key = rotation.activate(scope, issuer_id, next_key.id)
        print_result(as_json, KeySchema().dump(key), _line(key))


@keys.command("undo")
@_issuer_options
def undo(slug: str, application: str, issuer: str, as_json: bool) -> None:
    """Roll back: sign with the previous key again."""
    with opened() as services:
        from ssoko.schemas.issuers import KeySchema
        from ssoko.services.issuers import rotation

        key = rotation.undo(*_issuer(services, slug, application, issuer))
        print_result(as_json, KeySchema().dump(key), _line(key))


@keys.command("rewrap")
@json_option
def rewrap(as_json: bool) -> None:
    """Create a new master key and encrypt all private keys and secrets with it.

    Stop the servers first, or restart them at once. The old key is kept in master.key.old: delete
    it when sign-ins work.
    """
    with opened() as services:
        from ssoko.services.applications.rewrap import rewrap as rewrap_all
        from ssoko.services.credentials.key_ring import KeyRing

        folder = services.config.data_dir
        key = secrets.token_bytes(32)
        text = base64.b64encode(key).decode() + "\n"
        # Written before the database changes, so that the new key cannot be lost.
        new = folder / f"{MASTER_FILE}.new"
        try:
            write_secret(new, text)
        except FileExistsError:
            raise ConfigError(f"{new} exists from an earlier run. Use it or delete it") from None
        try:
            count = rewrap_all(services.keys, KeyRing(key))
        except BaseException:
            new.unlink()
            raise
        place = folder / MASTER_FILE
        if os.environ.get("SSOKO_MASTER_KEY"):
            place, then = new, "Set SSOKO_MASTER_KEY to its content, and restart the servers"
        else:
            then = "Restart the servers"
            if place.exists():
                place.replace(folder / f"{MASTER_FILE}.old")
            new.replace(place)
        line = f"Encrypted {count} values with the new key in {place}. {then}"
        print_result(as_json, {"rewrapped": count, "file": str(place)}, line)


@click.command()
@json_option
def notices(as_json: bool) -> None:
    """Record a notice for each certificate that expires soon.

    The server does this every hour while it is used. Run this command from cron on sites that
    are not used for days.
    """
    with opened() as services:
        from ssoko.services import maintenance

        written = maintenance.run(services)
        print_result(as_json, {"written": written}, f"Recorded {written} notices.")


def _issuer(services: "Services", slug: str, application: str, issuer: str) -> tuple["Scope", str]:
    """Return the scope of the workspace and the ID of the issuer."""
    from ssoko.services.applications import views

    if bool(application) == bool(issuer):
        raise InputError.of("", "Name the issuer with --application or with --issuer.")
    scope = scope_of(services, slug)
    if application:
        return scope, views.get_application(scope, application).issuer.id
    return scope, issuer


def _line(key: "KeyView") -> str:
    state = "kept" if key.kept else key.state
    return f"{state:8} {key.id}  {key.description}  {key.sha256}"
