"""Notices of certificates that expire soon, for the pages that show them."""

from dataclasses import dataclass

from flask import url_for

from ssoko.services.applications.views import ApplicationView
from ssoko.services.issuers import expiry_notices
from ssoko.services.issuers.expiry_notices import Notice
from ssoko.web.framework.session import current_scope
from ssoko.web.framework.times import day_of


@dataclass(frozen=True, slots=True)
class NoticeText:
    """The texts of one notice, with a link to the page where an admin can act.

    :param kind: ``warn`` or ``bad``.
    :param label: text of the link.
    """

    kind: str
    title: str
    text: str
    label: str
    href: str


def application_notices(application: ApplicationView) -> list[NoticeText]:
    """Return the notices of one application."""
    notices = expiry_notices.due_for(current_scope(), application.id)
    return [describe(notice) for notice in notices]


def workspace_notices(limit: int = 20) -> list[NoticeText]:
    """Return the notices of the workspace, the earliest expiry first."""
    notices = expiry_notices.due(current_scope())
    return [describe(notice) for notice in notices[:limit]]


def describe(notice: Notice) -> NoticeText:
    """Return what expires when, what it affects and what to do."""
    day = day_of(notice.not_after)
    kind = "bad" if notice.ended or notice.threshold <= 7 else "warn"
    expiry = f"expired on {day}" if notice.ended else f"expires {_in_days(notice)}, on {day}"
    if notice.use == "ours":
        title = f"The signing certificate of {notice.name} {expiry}"
        if notice.ended:
            text = "Service providers that check the date reject sign-ins. Rotate it now."
        else:
            text = "Create a new certificate and activate it before that day."
        href = (
            url_for("applications.show_metadata", slug=notice.slug)
            if notice.slug
            else url_for("settings.issuer", issuer_id=notice.issuer_id)
        )
        return NoticeText(kind, title, text, "View certificates", href)
    use = "request signing certificate" if notice.use == "signing" else "encryption certificate"
    title = f"The {use} of {notice.name} {expiry}"
    text = (
        "Ask its admin for the new certificate and add it. "
        "Ssoko accepts the old one until you remove it."
    )
    href = url_for("applications.edit_settings", slug=notice.slug)
    return NoticeText(kind, title, text, f"Open settings of {notice.name}", href)


def _in_days(notice: Notice) -> str:
    if notice.days_left < 1:
        return "within a day"
    return f"in {notice.days_left} day{'s' if notice.days_left > 1 else ''}"
