"""Settings > API tokens: what scripts use; each is shown once, when it is made."""

from flask import render_template, request

from ssoko.errors import InputError, NotFound
from ssoko.services.authentication import api_tokens
from ssoko.web.components.forms import FormField, text_field
from ssoko.web.components.tabs import render_settings_tab
from ssoko.web.framework.dates import parse_last_day
from ssoko.web.framework.responses import Answer, Errors, argument, posted, see
from ssoko.web.framework.session import (
    admin_only,
    current_scope,
    current_services,
    current_workspace,
)

SCOPE_WORDS = {"read": "Read everything", "admin": "Read and change everything"}


@admin_only
def index() -> Answer:
    """List the tokens, and offer to make one."""
    return _page({})


@admin_only
def create() -> Answer:
    """Make a token and show it, this once; nothing can show it again."""
    here, services = current_workspace(), current_services()
    try:
        until = parse_last_day(
            posted("expires"), field="expires", time_zone=here.time_zone, now=services.clock()
        )
        token, view = api_tokens.create_token(
            current_scope(),
            name=posted("name"),
            token_scope=posted("scope"),
            expires_at=until,
        )
    except InputError as error:
        return _page(error.errors)
    return render_settings_tab("token_made", token=token, made=view, errors={})


@admin_only
def revoke(token_id: str) -> Answer:
    """Ask first; then refuse the token from now on."""
    listed = api_tokens.list_tokens(current_scope(), limit=200).items
    token = next((one for one in listed if one.id == token_id), None)
    if token is None:
        raise NotFound("There is no such token. It may have been revoked already.")
    if request.method == "POST":
        api_tokens.revoke_token(current_scope(), token_id)
        return see("settings.tokens", f"{token.name} is revoked. It opens nothing any more.")
    return render_template("settings/revoke.html", token=token, words=SCOPE_WORDS)


def _page(errors: Errors) -> Answer:
    page_of_tokens = api_tokens.list_tokens(current_scope(), cursor=argument("cursor") or None)
    page = render_settings_tab(
        "tokens",
        errors=errors,
        fields=_fields(errors),
        page=page_of_tokens,
        words=SCOPE_WORDS,
        now=current_services().clock(),
    )
    return (page, 422) if errors else page


def _fields(errors: Errors) -> list[FormField]:
    scopes = [(scope, SCOPE_WORDS.get(scope, scope)) for scope in api_tokens.SCOPES]
    return [
        text_field(
            "name",
            "Name",
            value=request.form.get("name", ""),
            errors=errors,
            required=True,
            autocomplete="off",
            help="Where it is used, such as backup script",
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
            "Last day",
            kind="date",
            value=request.form.get("expires", ""),
            errors=errors,
            help="Leave it empty and the token works until it is revoked",
        ),
    ]
