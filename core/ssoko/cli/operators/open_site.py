"""Check the installation, and open the database for one command."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ssoko.config import Config, load_config
from ssoko.errors import ConfigError

if TYPE_CHECKING:
    from ssoko.services.context import Actor, Scope, Services


def check_libraries() -> None:
    """Check that lxml and xmlsec use the same libxml2.

    :raises ConfigError: when they don't. The message has the command that fixes it.
    """
    try:
        import lxml.etree  # noqa: F401 - xmlsec compares its libxml2 with the one of lxml
        import xmlsec  # noqa: F401 - the import is the check
    except Exception as error:
        raise ConfigError(
            f"lxml and xmlsec use different versions of libxml2 ({error}). Install their wheels: "
            "pip install --force-reinstall --only-binary lxml,xmlsec lxml xmlsec"
        ) from error


def command_line_actor() -> "Actor":
    """Return the actor of events that a command records."""
    from ssoko.services.context import Actor

    return Actor("system", "", "Command line")


def scope_of(services: "Services", slug: str) -> "Scope":
    """Return the scope of a workspace, with the command line as the actor.

    :raises NotFound: when no workspace has this slug.
    """
    from ssoko.services import workspaces
    from ssoko.services.context import Scope

    return Scope(services, workspaces.get_workspace(slug).id, command_line_actor())


@contextmanager
def opened(config: Config | None = None) -> "Iterator[Services]":
    """Open the database and yield the services for a command.

    Lower layers are imported here, so that ``--help`` is fast.

    :raises ConfigError: when Ssoko is not set up.
    :raises MigrationPending: when ``ssoko migrate`` must run first.
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
