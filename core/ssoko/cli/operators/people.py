"""``ssoko workspace``, ``ssoko user``, ``ssoko token``: set up a new site."""

import sys
import time

import click

from ssoko.cli.operators.open_site import command_line_actor, opened, scope_of
from ssoko.cli.output import Commands, json_option, print_result
from ssoko.errors import InputError

_DAY = 86_400


@click.group(cls=Commands)
def workspace() -> None:
    """Create and list workspaces."""


@workspace.command("create")
@click.argument("slug")
@click.option("--name", help="Name that users see. Default: the slug.")
@click.option("--contact", default="", help="Email address that users can contact for help.")
@json_option
def create_workspace(slug: str, name: str | None, contact: str, as_json: bool) -> None:
    """Create a workspace. SLUG is its name in URLs: lowercase letters, digits, hyphens."""
    with opened() as services:
        from ssoko.schemas.workspaces import WorkspaceSchema
        from ssoko.services import workspaces

        view = workspaces.create_workspace(
            services, command_line_actor(), slug=slug, name=name or slug, contact=contact
        )
        url = f"{services.config.base_url}/w/{view.slug}/dashboard"
        result = WorkspaceSchema().dump(view) | {"url": url}
        print_result(as_json, result, f"Created workspace {view.slug}: {url}")


@workspace.command("list")
@json_option
def list_workspaces(as_json: bool) -> None:
    """List the workspaces."""
    with opened():
        from ssoko.schemas.output import complete, page_of
        from ssoko.schemas.workspaces import WorkspaceSchema
        from ssoko.services import workspaces

        views = workspaces.list_workspaces()
        result = page_of(WorkspaceSchema)().dump(complete(views))
        print_result(as_json, result, *(f"{view.slug}  {view.name}" for view in views))


@click.group(cls=Commands)
def user() -> None:
    """Create users and sign-in links."""


@user.command("create")
@click.option("--workspace", "slug", required=True, metavar="SLUG", help="Slug of the workspace.")
@click.option("--username", required=True, help="Name to sign in with.")
@click.option("--email", default="", help="Email address; many service providers need it.")
@click.option("--first-name", default="")
@click.option("--last-name", default="")
@click.option("--admin", is_flag=True, help="Make the user an admin of the workspace.")
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from one line of standard input."
)
@json_option
def create_user(
    slug: str,
    username: str,
    email: str,
    first_name: str,
    last_name: str,
    admin: bool,
    password_stdin: bool,
    as_json: bool,
) -> None:
    """Create a user.

    Prompts for the password. Leave it empty to create a user without a password, who signs in
    with a link (`ssoko user link`). In scripts, use --password-stdin.
    """
    password = _read_password() if password_stdin else _ask_password(as_json)
    with opened() as services:
        from ssoko.schemas.people import UserSchema
        from ssoko.services.people import users

        view = users.create_user(
            scope_of(services, slug),
            username=username,
            email=email,
            first_name=first_name,
            last_name=last_name,
            password=password,
            admin=admin,
        )
        kind = "workspace admin" if view.admin else "user"
        url = f"{services.config.base_url}/w/{slug}/sign-in"
        print_result(
            as_json, UserSchema().dump(view), f"Created {kind} {view.username}. Sign in at {url}"
        )


@user.command("link")
@click.option("--workspace", "slug", required=True, metavar="SLUG", help="Slug of the workspace.")
@click.option("--username", required=True, help="Username or email address.")
@json_option
def create_link(slug: str, username: str, as_json: bool) -> None:
    """Print a link that signs a user in.

    The link works once, for 30 minutes. Use it for users without a password, and for an admin
    who forgot theirs.
    """
    with opened() as services:
        from ssoko.services import workspaces
        from ssoko.services.authentication import links
        from ssoko.services.people import users

        view = users.find_user(workspaces.get_workspace(slug).id, username)
        code = links.create_link(services, purpose="sign-in", user_id=view.id)
        url = f"{services.config.base_url}/link/{code}"
        print_result(as_json, {"url": url, "user": view.id}, url)


@click.group(cls=Commands)
def token() -> None:
    """Create API tokens."""


@token.command("create")
@click.option("--workspace", "slug", required=True, metavar="SLUG", help="Slug of the workspace.")
@click.option("--name", required=True, help="Name in the list of tokens.")
@click.option(
    "--scope",
    type=click.Choice(["read", "admin"]),
    default="read",
    show_default=True,
    help="read can only read; admin can also change.",
)
@click.option(
    "--expires-days", type=click.IntRange(1, 3650), default=90, show_default=True, help="Lifetime."
)
@click.option("--no-expiry", is_flag=True, help="Create a token that never expires.")
@json_option
def create_token(
    slug: str, name: str, scope: str, expires_days: int, no_expiry: bool, as_json: bool
) -> None:
    """Create an API token and print it. You can't see it again later."""
    with opened() as services:
        from ssoko.schemas.authentication import TokenSchema
        from ssoko.services.authentication import api_tokens

        expires_at = None if no_expiry else int(time.time()) + expires_days * _DAY
        text, view = api_tokens.create_token(
            scope_of(services, slug),
            name=name,
            token_scope=scope,
            expires_at=expires_at,
        )
        print_result(as_json, {"token": text, **TokenSchema().dump(view), "workspace": slug}, text)


def _read_password() -> str:
    """Return the first line of standard input, without its line break."""
    line = sys.stdin.buffer.readline().rstrip(b"\n").removesuffix(b"\r")
    try:
        password = line.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError.of("password", "Send it in UTF-8.") from None
    if not password:
        raise InputError.of("password", "Standard input is empty; send the password on one line.")
    return password


def _ask_password(as_json: bool) -> str | None:
    if as_json or not sys.stdin.isatty():
        return None
    password = click.prompt(
        "Password (empty for none)",
        default="",
        show_default=False,
        hide_input=True,
        confirmation_prompt="Repeat the password",
    )
    return str(password) or None
