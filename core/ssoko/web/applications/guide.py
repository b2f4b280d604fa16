"""The Guide tab: the steps with the evidence for each, and the files to download."""

from flask import request
from werkzeug.wrappers import Response

from ssoko.errors import InputError
from ssoko.services.access import assignments, decisions
from ssoko.services.applications.views import ApplicationView
from ssoko.services.guides.progress import read_progress, ticks_when
from ssoko.services.issuers import issuers
from ssoko.services.sso import evidence
from ssoko.web.applications.check import FINDING_BADGES, check_default_user
from ssoko.web.applications.page import find_application, render_tab
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
def show_guide(slug: str) -> str:
    """Show the installation guide with this application's own values and its progress."""
    application = find_application(slug)
    report = check_default_user(application)
    progress = read_progress(current_scope(), application, report=report)
    return render_tab(
        "guide",
        application,
        guide=progress.guide,
        progress=progress,
        ticks_when=ticks_when,
        has_access=_decide_own_access(application).allowed,
        report=report,
        badges_of=FINDING_BADGES,
    )


@admin_only
def assign_role_to_me(slug: str) -> Response:
    """Assign the default role of the application to the signed-in admin."""
    application = find_application(slug)
    role, me = application.default_role, current_user()
    try:
        if role is None:
            raise InputError.of("", "Its default role was deleted. Create a role under Roles.")
        if not _decide_own_access(application).paths:
            assignments.assign_roles(
                current_scope(),
                role_ids=[role.id],
                user_id=me.id,
            )
    except InputError as error:
        return refused(error, "applications.show_guide", slug=slug)
    return see(
        "applications.show_guide", f"Assigned {role.name} to you.", slug=slug, _anchor="next"
    )


@admin_only
def download_certificate(slug: str) -> Response:
    """Send the active signing certificate (X.509, PEM)."""
    application = find_application(slug)
    pem = application.issuer.certificate
    if request.method == "GET":
        evidence.note_certificate(
            current_services(), current_actor(), application.id, application.issuer.id, pem
        )
    return attachment(pem, mimetype="application/x-pem-file", name=f"ssoko-{application.slug}.pem")


@admin_only
def download_metadata(slug: str) -> Response:
    """Send the metadata document of the application's issuer as a file."""
    application, services = find_application(slug), current_services()
    xml, _ = issuers.issuer_metadata(services, application.issuer.id)
    if request.method == "GET":
        evidence.note_metadata(
            services, current_actor(), application.id, application.issuer.id, xml
        )
    return attachment(
        xml, mimetype="application/samlmetadata+xml", name=f"ssoko-{application.slug}-metadata.xml"
    )


def _decide_own_access(application: ApplicationView) -> decisions.Decision:
    return decisions.decide(
        current_scope(),
        user_id=current_user().id,
        application_id=application.id,
    )
