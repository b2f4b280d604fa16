"""The Guide tab: the steps with what was seen of each, and the files that they hand over."""

from flask import request
from werkzeug.wrappers import Response

from ssoko.errors import InputError
from ssoko.services.access import assignments, decisions
from ssoko.services.applications.views import ApplicationView
from ssoko.services.guides import progress as guides_progress
from ssoko.services.issuers import issuers
from ssoko.services.sso import evidence
from ssoko.web.applications import check as checks
from ssoko.web.applications.page import find, render_tab
from ssoko.web.framework.downloads import attachment
from ssoko.web.framework.responses import refused, see
from ssoko.web.framework.session import (
    admin_only,
    current_actor,
    current_scope,
    current_services,
    current_user,
)


@admin_only
def guide(slug: str) -> str:
    """Show the installation guide with this application's own values and what was seen."""
    application = find(slug)
    report = checks.ready(application)
    progress = guides_progress.progress(current_scope(), application, report=report)
    return render_tab(
        "guide",
        application,
        guide=progress.guide,
        progress=progress,
        ticks_when=guides_progress.ticks_when,
        mine=_mine(application).allowed,
        report=report,
        states=checks.STATES,
    )


@admin_only
def give_me(slug: str) -> Response:
    """Give the application's own role to the admin who looks at its guide."""
    application = find(slug)
    role, me = application.default_role, current_user()
    try:
        if role is None:
            raise InputError.of("", "Its own role is gone. Make one on the page Roles.")
        if not _mine(application).paths:
            assignments.assign_roles(
                current_scope(),
                role_ids=[role.id],
                user_id=me.id,
            )
    except InputError as error:
        return refused(error, "applications.guide", slug=slug)
    return see("applications.guide", f"You have {role.name}.", slug=slug, _anchor="next")


@admin_only
def certificate(slug: str) -> Response:
    """Send the certificate (X.509, PEM) that answers are signed with."""
    application = find(slug)
    pem = application.issuer.certificate
    if request.method == "GET":
        evidence.note_certificate(
            current_services(), current_actor(), application.id, application.issuer.id, pem
        )
    return attachment(pem, mimetype="application/x-pem-file", name=f"ssoko-{application.slug}.pem")


@admin_only
def metadata_xml(slug: str) -> Response:
    """Send the metadata document of the application's issuer as a file."""
    application, services = find(slug), current_services()
    xml, _ = issuers.issuer_metadata(services, application.issuer.id)
    if request.method == "GET":
        evidence.note_metadata(
            services, current_actor(), application.id, application.issuer.id, xml
        )
    return attachment(
        xml, mimetype="application/samlmetadata+xml", name=f"ssoko-{application.slug}-metadata.xml"
    )


def _mine(application: ApplicationView) -> decisions.Decision:
    return decisions.decide(
        current_scope(),
        user_id=current_user().id,
        application_id=application.id,
    )
