"""Settings: the workspace, and the routes of the other tabs."""

from flask import Blueprint, request

from ssoko.errors import InputError
from ssoko.services import workspaces
from ssoko.web.components.edit_forms import rebase_texts
from ssoko.web.components.forms import FormField, text_field
from ssoko.web.components.tabs import render_settings_tab
from ssoko.web.framework.dates import zone_names
from ssoko.web.framework.responses import Errors, ViewResponse, has_entries, posted, see
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_workspace,
)
from ssoko.web.settings import api_tokens, issuers, keys, plugins

blueprint = Blueprint("settings", __name__, url_prefix="/w/<workspace>/settings")


@blueprint.route("", methods=["GET", "POST"])
@admin_only
def show() -> ViewResponse:
    """Show and change the name, contact and time zone of the workspace."""
    names = ("name", "contact", "time_zone")
    errors = rebase_texts({name: getattr(current_workspace(), name) for name in names})
    if request.method == "POST" and not errors:
        try:
            workspaces.update_workspace(
                current_scope(),
                name=posted("name"),
                contact=posted("contact"),
                time_zone=posted("time_zone"),
            )
        except InputError as error:
            errors = error.errors
        else:
            return see("settings.show", "Saved the settings.")
    page = render_settings_tab("show", errors=errors, fields=_fields(errors))
    return (page, 422) if errors else page


def _fields(errors: Errors) -> list[FormField]:
    workspace = current_workspace()

    def value(name: str) -> str:
        return request.form.get(name, "") if has_entries() else getattr(workspace, name)

    zones = zone_names()
    current = value("time_zone")
    listed = zones if current in zones else (current, *zones)
    return [
        text_field(
            "name",
            "Name",
            value=value("name"),
            errors=errors,
            required=True,
            help="Shown on the sign-in page and the SSO Dashboard",
        ),
        text_field(
            "contact",
            "Contact",
            value=value("contact"),
            errors=errors,
            placeholder="it@example.org",
            help="Whom users should contact for help: an email address, a phone number or a name",
        ),
        text_field(
            "time_zone",
            "Time zone",
            kind="select",
            value=current,
            choices=tuple((name, name.replace("_", " ")) for name in listed),
            errors=errors,
            help="For all dates and times on these pages",
        ),
    ]


_KEYS = "/issuers/<issuer_id>/keys"

for _rule, _name, _view, _methods in (
    ("/tokens", "tokens", api_tokens.index, ["GET"]),
    ("/tokens", "create_token", api_tokens.create, ["POST"]),
    ("/tokens/<token_id>/revoke", "revoke_token", api_tokens.revoke, ["GET", "POST"]),
    ("/issuers", "issuers", issuers.index, ["GET"]),
    ("/issuers", "create_issuer", issuers.create, ["POST"]),
    ("/issuers/<issuer_id>", "issuer", issuers.show, ["GET"]),
    ("/issuers/<issuer_id>/certificate.pem", "certificate", issuers.certificate, ["GET"]),
    ("/issuers/<issuer_id>/metadata.xml", "metadata", issuers.metadata, ["GET"]),
    (_KEYS, "create_key", keys.create, ["POST"]),
    (f"{_KEYS}/<key_id>/certificate.pem", "key_certificate", keys.certificate, ["GET"]),
    (f"{_KEYS}/<key_id>/<change>", "change_key", keys.change, ["GET", "POST"]),
    ("/plugins", "plugins", plugins.index, ["GET"]),
):
    blueprint.add_url_rule(_rule, _name, _view, methods=_methods)
