"""Certificates that end soon, in words, wherever a page shows them."""

from dataclasses import dataclass

from flask import url_for

from ssoko.services.applications.views import ApplicationView
from ssoko.services.issuers import expiry_notices
from ssoko.services.issuers.expiry_notices import Notice
from ssoko.web.framework.session import current_scope
from ssoko.web.framework.template_globals import day_of


@dataclass(frozen=True, slots=True)
class Warned:
    """One notice, with its cause and the next step."""

    kind: str
    title: str
    text: str
    label: str
    href: str


def notices_of(application: ApplicationView) -> list[Warned]:
    """Return what ends soon of one application."""
    found = expiry_notices.due_for(current_scope(), application.id)
    return [in_words(notice) for notice in found]


def notices_here(limit: int = 20) -> list[Warned]:
    """Return what ends soonest in this workspace."""
    found = expiry_notices.due(current_scope())
    return [in_words(notice) for notice in found[:limit]]


def in_words(notice: Notice) -> Warned:
    """Say what ends when, what that does, and where to go."""
    day = day_of(notice.not_after)
    kind = "bad" if notice.ended or notice.threshold <= 7 else "warn"
    end = f"ended on {day}" if notice.ended else f"ends {_in_days(notice)}, on {day}"
    if notice.use == "ours":
        title = f"Our certificate for {notice.name} {end}"
        if notice.ended:
            text = "Service providers that look at the date refuse sign-ins. Change over now."
        else:
            text = "Make the next certificate and change over before that day."
        href = (
            url_for("applications.show_metadata", slug=notice.slug)
            if notice.slug
            else url_for("settings.issuer", issuer_id=notice.issuer_id)
        )
        return Warned(kind, title, text, "Open the certificates", href)
    use = "signs requests with" if notice.use == "signing" else "has assertions encrypted to"
    title = f"The certificate that {notice.name} {use} {end}"
    text = (
        "Ask its admin for the new one and add it beside this one. "
        "Ssoko goes on accepting it until you remove it."
    )
    href = url_for("applications.edit_settings", slug=notice.slug)
    return Warned(kind, title, text, f"Open the settings of {notice.name}", href)


def _in_days(notice: Notice) -> str:
    if notice.days_left < 1:
        return "within a day"
    return f"in {notice.days_left} day{'s' if notice.days_left > 1 else ''}"
