"""Open the database for one command."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ssoko.config import Config, load_config
from ssoko.errors import ConfigError

if TYPE_CHECKING:
    from ssoko.services.context import Actor, Scope, Services


def check_libraries() -> None:
    """Make sure that the two XML libraries fit together.

    :raises ConfigError: with the command that fixes it.
    """
    try:
        import lxml.etree  # noqa: F401 - xmlsec compares itself with what is loaded
        import xmlsec  # noqa: F401 - the import is the check
    except Exception as error:
        raise ConfigError(
            f"lxml and xmlsec do not fit together ({error}). Install their wheels: "
            "pip install --force-reinstall --only-binary lxml,xmlsec lxml xmlsec"
        ) from error


def at_the_command_line() -> "Actor":
    """Return who acts when an operator types a command."""
    from ssoko.services.context import Actor

    return Actor("system", "", "Command line")


def scope_of(services: "Services", slug: str) -> "Scope":
    """Return a workspace, with the operator at the command line as the actor.

    :raises NotFound: when no workspace has this slug.
    """
    from ssoko.services import workspaces
    from ssoko.services.context import Scope

    return Scope(services, workspaces.get_workspace(slug).id, at_the_command_line())


@contextmanager
def opened(config: Config | None = None) -> "Iterator[Services]":
    """Give a command its services, with the database open and up to date.

    The lower layers are imported here, so that ``--help`` is fast.

    :raises ConfigError: when Ssoko is not set up here.
    :raises MigrationPending: when ``ssoko migrate`` comes first.
    """
    check_libraries()
    from ssoko.app import build_services
    from ssoko.store import db, migrate

    config = load_config() if config is None else config
    database = db.connect(config.database_url)
    try:
        with db.session():
            migrate.require_current(database)
            yield build_services(config)
    finally:
        database.close()
