"""Settings > API tokens: bearer tokens for scripts, shown once when created."""

from flask import render_template, request

from ssoko.errors import InputError, NotFound
from ssoko.services.authentication import api_tokens
from ssoko.web.components.forms import FormField, text_field
from ssoko.web.components.tabs import render_settings_tab
from ssoko.web.framework.dates import posted_expiry
from ssoko.web.framework.responses import Errors, ViewResponse, argument, posted, see
from ssoko.web.framework.session import admin_only, current_scope, current_services

SCOPE_LABELS = {"read": "Read everything", "admin": "Read and change everything"}


@admin_only
def index() -> ViewResponse:
    """List the tokens, with a form to create one."""
    return _page({})


@admin_only
def create() -> ViewResponse:
    """Create a token and show it. Ssoko can't show it again."""
    try:
        token, view = api_tokens.create_token(
            current_scope(),
            name=posted("name"),
            token_scope=posted("scope"),
            expires_at=posted_expiry(),
        )
    except InputError as error:
        return _page(error.errors)
    return render_settings_tab("new_token", token=token, view=view, errors={})


@admin_only
def revoke(token_id: str) -> ViewResponse:
    """Show what revoking the token means, and revoke it when confirmed."""
    listed = api_tokens.list_tokens(current_scope(), limit=200).items
    token = next((item for item in listed if item.id == token_id), None)
    if token is None:
        raise NotFound("There is no such token. It may already be revoked.")
    if request.method == "POST":
        api_tokens.revoke_token(current_scope(), token_id)
        return see("settings.tokens", f"Revoked {token.name}.")
    return render_template("settings/revoke.html", token=token)


def _page(errors: Errors) -> ViewResponse:
    page_of_tokens = api_tokens.list_tokens(current_scope(), cursor=argument("cursor") or None)
    page = render_settings_tab(
        "tokens",
        errors=errors,
        fields=_fields(errors),
        page=page_of_tokens,
        scopes=SCOPE_LABELS,
        now=current_services().clock(),
    )
    return (page, 422) if errors else page


def _fields(errors: Errors) -> list[FormField]:
    scopes = [(scope, SCOPE_LABELS.get(scope, scope)) for scope in api_tokens.SCOPES]
    return [
        text_field(
            "name",
            "Name",
            value=request.form.get("name", ""),
            errors=errors,
            required=True,
            autocomplete="off",
            help="What uses it, such as Backup script",
        ),
        text_field(
            "scope",
            "Scope",
            kind="select",
            value=request.form.get("scope", "read"),
            choices=tuple(scopes),
            errors=errors,
        ),
        text_field(
            "expires",
            "Expires on",
            kind="date",
            value=request.form.get("expires", ""),
            errors=errors,
            help="The last valid day. Leave empty for no expiry",
        ),
    ]
