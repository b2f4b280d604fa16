"""``ssoko workspace``, ``ssoko user``, ``ssoko token``: the first things of a new site."""

import sys
import time

import click

from ssoko.cli.operators.open_site import at_the_command_line, opened, scope_of
from ssoko.cli.output import Commands, json_option, say
from ssoko.errors import InputError

_DAY = 86_400


@click.group(cls=Commands)
def workspace() -> None:
    """Create and list workspaces, the tenants."""


@workspace.command("create")
@click.argument("slug")
@click.option("--name", help="Name that people see; by default the slug.")
@click.option("--contact", default="", help="Whom users should contact: an email address.")
@json_option
def create_workspace(slug: str, name: str | None, contact: str, as_json: bool) -> None:
    """Create a workspace. SLUG is its name in URLs: lowercase letters, digits, hyphens."""
    with opened() as services:
        from ssoko.schemas.workspaces import WorkspaceSchema
        from ssoko.services import workspaces

        made = workspaces.create_workspace(
            services, at_the_command_line(), slug=slug, name=name or slug, contact=contact
        )
        url = f"{services.config.base_url}/w/{made.slug}/dashboard"
        answer = WorkspaceSchema().dump(made) | {"url": url}
        say(as_json, answer, f"Created workspace {made.slug}: {url}")


@workspace.command("list")
@json_option
def list_workspaces(as_json: bool) -> None:
    """List the workspaces."""
    with opened():
        from ssoko.schemas.output import complete, page_of
        from ssoko.schemas.workspaces import WorkspaceSchema
        from ssoko.services import workspaces

        found = workspaces.list_workspaces()
        answer = page_of(WorkspaceSchema)().dump(complete(found))
        say(as_json, answer, *(f"{w.slug}  {w.name}" for w in found))


@click.group(cls=Commands)
def user() -> None:
    """Create users, and links to sign them in."""


@user.command("create")
@click.option("--workspace", "slug", required=True, metavar="SLUG", help="Where the user belongs.")
@click.option("--username", required=True, help="What the person types to sign in.")
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

    At a terminal the password is asked for, unseen; leave it empty for a user without one, who
    signs in with a link (`ssoko user link`). Scripts use --password-stdin.
    """
    password = _read_password() if password_stdin else _ask_password(as_json)
    with opened() as services:
        from ssoko.schemas.people import UserSchema
        from ssoko.services.people import users

        made = users.create_user(
            scope_of(services, slug),
            username=username,
            email=email,
            first_name=first_name,
            last_name=last_name,
            password=password,
            admin=admin,
        )
        kind = "workspace admin" if made.admin else "user"
        url = f"{services.config.base_url}/w/{slug}/sign-in"
        say(as_json, UserSchema().dump(made), f"Created {kind} {made.username}. Sign in at {url}")


@user.command("link")
@click.option("--workspace", "slug", required=True, metavar="SLUG", help="Where the user belongs.")
@click.option("--username", required=True, help="Username or email address.")
@json_option
def create_link(slug: str, username: str, as_json: bool) -> None:
    """Print a link that signs a user in, once and within 30 minutes.

    For people without a password, and for the admin who lost theirs.
    """
    with opened() as services:
        from ssoko.services import workspaces
        from ssoko.services.authentication import links
        from ssoko.services.people import users

        found = users.find_user(workspaces.get_workspace(slug).id, username)
        code = links.create_link(services, purpose="sign-in", user_id=found.id)
        url = f"{services.config.base_url}/link/{code}"
        say(as_json, {"url": url, "user": found.id}, url)


@click.group(cls=Commands)
def token() -> None:
    """Create tokens for the JSON API."""


@token.command("create")
@click.option("--workspace", "slug", required=True, metavar="SLUG", help="What it opens.")
@click.option("--name", required=True, help="What it is for; shown in the list of tokens.")
@click.option(
    "--scope",
    type=click.Choice(["read", "admin"]),
    default="admin",
    show_default=True,
    help="read looks, admin changes.",
)
@click.option("--expires-days", type=click.IntRange(1, 3650), help="By default it never expires.")
@json_option
def create_token(slug: str, name: str, scope: str, expires_days: int | None, as_json: bool) -> None:
    """Create a token for the JSON API and print it. It is shown this once."""
    with opened() as services:
        from ssoko.schemas.authentication import TokenSchema
        from ssoko.services.authentication import api_tokens

        expires_at = int(time.time()) + expires_days * _DAY if expires_days else None
        text, made = api_tokens.create_token(
            scope_of(services, slug),
            name=name,
            token_scope=scope,
            expires_at=expires_at,
        )
        answer = {"token": text, **TokenSchema().dump(made), "workspace": slug}
        say(as_json, answer, text)


def _read_password() -> str:
    """Return the first line of standard input without its line break, or all of a shorter one."""
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
    answer = click.prompt(
        "Password (empty for none)",
        default="",
        show_default=False,
        hide_input=True,
        confirmation_prompt="Again",
    )
    return str(answer) or None
