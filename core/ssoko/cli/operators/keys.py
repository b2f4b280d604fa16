"""``ssoko keys``, ``ssoko notices``: change certificates over, and hear in time that one ends."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from ssoko.cli.operators.open_site import opened, scope_of
from ssoko.cli.output import Commands, json_option, say
from ssoko.errors import InputError

if TYPE_CHECKING:
    from ssoko.services.context import Scope, Services
    from ssoko.services.issuers.rotation import KeyView

_ALGORITHMS = ("rsa-2048", "rsa-3072", "rsa-4096", "ec-p256", "ec-p384")


@click.group(cls=Commands)
def keys() -> None:
    """Change a certificate, step by step, while people sign in.

    Say whose with --application (by slug), or with --issuer (by id) for a shared one.
    """


def _whose(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--issuer", default="", metavar="ID", help="Issuer, by its id."),
        click.option("--application", default="", metavar="SLUG", help="Application, by its slug."),
        click.option("--workspace", "slug", required=True, metavar="SLUG", help="Where it is."),
    ):
        function = option(function)
    return json_option(function)


@keys.command("list")
@_whose
def list_keys(slug: str, application: str, issuer: str, as_json: bool) -> None:
    """List the keys: the active one, the next one, then the retired ones."""
    with opened() as services:
        from ssoko.schemas.issuers import KeySchema
        from ssoko.schemas.output import complete, page_of
        from ssoko.services.issuers import rotation

        found = rotation.list_keys(*_issuer(services, slug, application, issuer))
        answer = page_of(KeySchema)().dump(complete(found))
        say(as_json, answer, *map(_line, found))


@keys.command("next")
@_whose
@click.option(
    "--algorithm",
    type=click.Choice(_ALGORITHMS),
    default="rsa-2048",
    show_default=True,
    help="Many service providers do not take ECDSA (ec-*), AWS among them.",
)
def make_next(slug: str, application: str, issuer: str, algorithm: str, as_json: bool) -> None:
    """Make the next key and print its certificate, which is in the metadata at once."""
    with opened() as services:
        from ssoko.schemas.issuers import KeySchema
        from ssoko.services.issuers import rotation

        scope, issuer_id = _issuer(services, slug, application, issuer)
        made = rotation.create_next(scope, issuer_id, algorithm=algorithm)
        say(as_json, KeySchema().dump(made), made.certificate.rstrip())


@keys.command("activate")
@_whose
def activate(slug: str, application: str, issuer: str, as_json: bool) -> None:
    """Sign with the next key from now on; the old one is kept for 30 days."""
    with opened() as services:
        from ssoko.schemas.issuers import KeySchema
        from ssoko.services.issuers import rotation

        scope, issuer_id = _issuer(services, slug, application, issuer)
        found = rotation.list_keys(scope, issuer_id)
        following = next((key for key in found if key.state == "next"), None)
        if following is None:
            raise InputError.of("", "There is no next key. Make one first: ssoko keys next")
        done = rotation.activate(scope, issuer_id, following.id)
        say(as_json, KeySchema().dump(done), _line(done))


@keys.command("undo")
@_whose
def undo(slug: str, application: str, issuer: str, as_json: bool) -> None:
    """Sign with the key again that was active before."""
    with opened() as services:
        from ssoko.schemas.issuers import KeySchema
        from ssoko.services.issuers import rotation

        done = rotation.undo(*_issuer(services, slug, application, issuer))
        say(as_json, KeySchema().dump(done), _line(done))


@click.command()
@json_option
def notices(as_json: bool) -> None:
    """Log a notice of each certificate that ends soon, once.

    A server does the same once an hour while pages are opened; run this from cron where nobody
    opens one for days.
    """
    with opened() as services:
        from ssoko.services import maintenance

        written = maintenance.run(services)
        say(as_json, {"written": written}, f"{written} written")


def _issuer(services: "Services", slug: str, application: str, issuer: str) -> tuple["Scope", str]:
    """Return the workspace and the id of the issuer."""
    from ssoko.services.applications import views

    if bool(application) == bool(issuer):
        raise InputError.of("", "Say whose keys, with --application or with --issuer.")
    scope = scope_of(services, slug)
    if application:
        return scope, views.get_application(scope, application).issuer.id
    return scope, issuer


def _line(key: "KeyView") -> str:
    state = "kept" if key.kept else key.state
    return f"{state:8} {key.id}  {key.description}  {key.sha256}"
