"""The signing keys of an issuer: create, activate, roll back, retire and discard, each confirmed.

The pages serve the issuers of applications and shared issuers. ``?for=`` with the slug of an
application leads back to its Metadata tab.
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
from ssoko.web.framework.responses import ViewResponse, argument, posted, refused, see
from ssoko.web.framework.session import (
    admin_only,
    current_actor,
    current_scope,
    current_services,
)
from ssoko.web.framework.times import day_of


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a key: the texts of its confirmation page.

    :param state: state of the keys that it can change.
    """

    state: str
    question: str
    button: str
    done: str
    danger: bool = False


CHANGES = {
    "activate": Change(
        "next",
        "Activate the next certificate?",
        "Activate",
        "Activated the new certificate. Responses are signed with it from now on.",
    ),
    "restore": Change(
        "retired",
        "Roll back to the old certificate?",
        "Roll back",
        "Rolled back. The old certificate is active again.",
    ),
    "retire": Change(
        "retired",
        "Retire the old certificate?",
        "Retire old certificate",
        "Retired the old certificate and removed it from the metadata.",
        danger=True,
    ),
    "discard": Change(
        "next",
        "Discard the next certificate?",
        "Discard next certificate",
        "Discarded the next certificate.",
        danger=True,
    ),
}


@admin_only
def create(issuer_id: str) -> Response:
    """Create the next key of an issuer."""
    endpoint, values = _back(issuer_id)
    try:
        key = rotation.create_next(
            current_scope(),
            issuer_id,
            algorithm=posted("algorithm"),
        )
    except InputError as error:
        return refused(error, endpoint, **values)
    return see(endpoint, f"Created a new certificate: {key.description}.", **values)


@admin_only
def certificate(issuer_id: str, key_id: str) -> Response:
    """Download the certificate (X.509, PEM) of one key."""
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
def change(issuer_id: str, key_id: str, change: str) -> ViewResponse:
    """Show what a change of a key means, and make it when confirmed."""
    texts = CHANGES.get(change)
    if texts is None:
        raise NotFound("There is no such page.")
    key = rotation.get_key(current_scope(), issuer_id, key_id)
    endpoint, values = _back(issuer_id)
    if request.method == "POST":
        try:
            _do(change, issuer_id, key_id)
        except InputError as error:
            return refused(error, endpoint, **values)
        return see(endpoint, texts.done, **values)
    if key.state != texts.state or not key.published:
        changed = InputError.of("", "Another admin changed the keys. Check them and try again.")
        return refused(changed, endpoint, **values)
    status = find_rotation(current_scope(), issuer_id)
    return render_template(
        "settings/keys/confirm.html",
        change=texts,
        key=key,
        rotation=status,
        sentences=_sentences(change, key, status),
        slug=_slug(),
        back=url_for(endpoint, **values),
    )


def _do(change: str, issuer_id: str, key_id: str) -> None:
    function = {
        "activate": rotation.activate,
        "restore": rotation.activate,
        "retire": rotation.retire,
        "discard": rotation.discard,
    }[change]
    function(current_scope(), issuer_id, key_id)


def _back(issuer_id: str) -> tuple[str, dict[str, str]]:
    """Return the page that the admin came from: endpoint and values."""
    if slug := _slug():
        return "applications.show_metadata", {"slug": slug}
    return "settings.issuer", {"issuer_id": issuer_id}


def _application(issuer_id: str) -> ApplicationView | None:
    """Return the application that a certificate is downloaded for, if it uses this issuer."""
    if not _slug() or request.method != "GET":
        return None
    try:
        application = views.get_application(current_scope(), _slug())
    except NotFound:
        return None
    return application if application.issuer.id == issuer_id else None


def _slug() -> str:
    """Return the slug of the application that these pages are opened for, if any."""
    slug = argument("for")
    return slug if slug.isascii() and slug.replace("-", "").isalnum() else ""


def _sentences(change: str, key: KeyView, status: Rotation) -> list[str]:
    if change == "activate":
        until = day_of(current_services().clock() + rotation.KEPT)
        return [
            _precondition(status),
            "Responses are signed with the new certificate from now on. Nobody is signed out.",
            f"The old certificate is retired and stays in the metadata until {until}. Until then "
            "you can roll back.",
        ]
    if change == "restore":
        after = "is retired" if status.next else "becomes the next certificate again"
        return [
            f"Responses are signed with the old certificate, which expires {_expires(key)}.",
            f"The active certificate {after}. Both stay in the metadata.",
        ]
    if change == "retire":
        return [
            "It is removed from the metadata. Sign-ins fail at service providers that trust only "
            "this certificate.",
            "You can't roll back to it.",
        ]
    return [
        "It is removed from the metadata. Sign-ins are not affected.",
        f"If you already imported it at {status.other_side}, you can delete it there.",
    ]


def _expires(key: KeyView) -> str:
    return f"on {day_of(key.not_after)}"


def _precondition(status: Rotation) -> str:
    """Return what has to happen at the service providers before the next key is activated."""
    provider = status.other_side
    if status.accepted == "many":
        return f"Import the next certificate at {provider} first. Otherwise sign-ins fail."
    if status.accepted == "one":
        return (
            f"Upload the next certificate at {provider} at the same time. Sign-ins fail until both "
            "sides use the same certificate."
        )
    if status.all_fetched:
        count = len(status.fetched)
        return f"All clients of the metadata have downloaded the next certificate ({count})."
    if status.missing:
        return (
            f"{len(status.missing)} of {len(status.fetches)} clients of the metadata have not "
            "downloaded the next certificate. Their sign-ins fail until they do."
        )
    return (
        "No client has downloaded the metadata yet. Import the next certificate at "
        f"{provider} first."
    )
