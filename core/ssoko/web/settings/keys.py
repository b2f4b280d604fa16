"""The keys of an issuer: make the next one, and change over, back and on, each after a question.

These pages serve an application's own issuer and the shared ones alike. ``?for=`` with the slug of
an application leads back to its Metadata tab.
"""

from dataclasses import dataclass

from flask import render_template, request, url_for
from werkzeug.wrappers import Response

from ssoko.errors import InputError, NotFound
from ssoko.services.applications import views
from ssoko.services.applications.views import ApplicationView
from ssoko.services.issuers import rotation
from ssoko.services.issuers.rotation import KeyView
from ssoko.services.issuers.rotation_status import Rotation
from ssoko.services.issuers.rotation_status import rotation as find_rotation
from ssoko.services.sso import evidence
from ssoko.web.framework.downloads import attachment
from ssoko.web.framework.responses import Answer, argument, posted, refused, see
from ssoko.web.framework.session import (
    admin_only,
    current_actor,
    current_scope,
    current_services,
)
from ssoko.web.framework.template_globals import day_of


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a key, as the page that asks first says it."""

    state: str
    question: str
    button: str
    done: str
    danger: bool = False


CHANGES = {
    "activate": Change(
        "next",
        "Sign with the next certificate?",
        "Make it active",
        "The next certificate is active: sign-ins are signed with it from now on.",
    ),
    "restore": Change(
        "retired",
        "Sign with the earlier certificate again?",
        "Switch back",
        "The earlier certificate is active again.",
    ),
    "retire": Change(
        "retired",
        "Retire the old certificate for good?",
        "Retire it for good",
        "The old certificate has left the metadata.",
        danger=True,
    ),
    "discard": Change(
        "next",
        "Discard the next certificate?",
        "Discard next certificate",
        "The next certificate is discarded.",
        danger=True,
    ),
}


@admin_only
def create(issuer_id: str) -> Response:
    """Make the next key of an issuer."""
    endpoint, values = _back(issuer_id)
    try:
        made = rotation.create_next(
            current_scope(),
            issuer_id,
            algorithm=posted("algorithm"),
        )
    except InputError as error:
        return refused(error, endpoint, **values)
    return see(endpoint, f"The next certificate is made: {made.description}.", **values)


@admin_only
def certificate(issuer_id: str, key_id: str) -> Response:
    """Send the certificate (X.509, PEM) of one key."""
    services = current_services()
    key = rotation.get_key(current_scope(), issuer_id, key_id)
    if application := _application(issuer_id):
        evidence.note_certificate(
            services, current_actor(), application.id, issuer_id, key.certificate
        )
    return attachment(
        key.certificate,
        mimetype="application/x-pem-file",
        name=f"ssoko-{_slug() or issuer_id}-{key.state}.pem",
    )


@admin_only
def change(issuer_id: str, key_id: str, change: str) -> Answer:
    """Ask first, saying what happens; then change a key."""
    asked = CHANGES.get(change)
    if asked is None:
        raise NotFound("There is no such page.")
    key = rotation.get_key(current_scope(), issuer_id, key_id)
    endpoint, values = _back(issuer_id)
    if request.method == "POST":
        try:
            _do(change, issuer_id, key_id)
        except InputError as error:
            return refused(error, endpoint, **values)
        return see(endpoint, asked.done, **values)
    if key.state != asked.state or not key.published:
        gone = InputError.of("", "The keys have been changed meanwhile. Look at them again.")
        return refused(gone, endpoint, **values)
    found = find_rotation(current_scope(), issuer_id)
    return render_template(
        "settings/keys/confirm.html",
        change=asked,
        key=key,
        rotation=found,
        sentences=_sentences(change, key, found),
        slug=_slug(),
        back=url_for(endpoint, **values),
    )


def _do(change: str, issuer_id: str, key_id: str) -> None:
    to_do = {
        "activate": rotation.activate,
        "restore": rotation.activate,
        "retire": rotation.retire,
        "discard": rotation.discard,
    }[change]
    to_do(current_scope(), issuer_id, key_id)


def _back(issuer_id: str) -> tuple[str, dict[str, str]]:
    """Return the page that the admin came from: endpoint and values."""
    if slug := _slug():
        return "applications.show_metadata", {"slug": slug}
    return "settings.issuer", {"issuer_id": issuer_id}


def _application(issuer_id: str) -> ApplicationView | None:
    """Return the application that a file is taken for, if it is on this issuer."""
    if not _slug() or request.method != "GET":
        return None
    try:
        found = views.get_application(current_scope(), _slug())
    except NotFound:
        return None
    return found if found.issuer.id == issuer_id else None


def _slug() -> str:
    """Return the application that these pages are opened for, if any."""
    slug = argument("for")
    return slug if slug.isascii() and slug.replace("-", "").isalnum() else ""


def _sentences(change: str, key: KeyView, found: Rotation) -> list[str]:
    if change == "activate":
        until = day_of(current_services().clock() + rotation.KEPT)
        return [
            _what_first(found),
            "Every sign-in is signed with it from that moment. Nobody is signed out.",
            f"The old certificate is retired and kept in the metadata until {until}. Until then "
            "you can switch back.",
        ]
    if change == "restore":
        after = "is retired" if found.next else "becomes the next one again"
        return [
            f"Every sign-in is signed with the earlier certificate, which ends {_ends(key)}.",
            f"The certificate that is active now {after}; both stay in the metadata.",
        ]
    if change == "retire":
        return [
            "It leaves the metadata now. A service provider that still trusts it alone shuts "
            "people out.",
            "You cannot switch back to it any more.",
        ]
    return [
        "It leaves the metadata now. Sign-ins are not touched.",
        f"Where it was imported already, {found.other_side} may delete it.",
    ]


def _ends(key: KeyView) -> str:
    return f"on {day_of(key.not_after)}"


def _what_first(found: Rotation) -> str:
    other = found.other_side
    if found.accepted == "many":
        return f"{_capital(other)} must have the next certificate first; without it sign-ins fail."
    if found.accepted == "one":
        return (
            f"Upload the next certificate at {other} in the same minute: until both sides agree, "
            "sign-ins fail there."
        )
    if found.all_fetched:
        return f"All that fetch the metadata have the next certificate ({len(found.fetched)})."
    if found.missing:
        return (
            f"{len(found.missing)} of {len(found.fetches)} that fetch the metadata have not done "
            "so since the next certificate is there. Their sign-ins fail until they do."
        )
    return (
        f"Nobody has fetched the metadata yet. {_capital(other)} must have the certificate first."
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
