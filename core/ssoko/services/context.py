"""What every service is handed: who acts, and the parts that the process has one of."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Literal

from ssoko.config import Config
from ssoko.services.credentials.passwords import Hasher
from ssoko.services.credentials.rate_limits import Limiter
from ssoko.services.issuers.fetch_pace import FetchPace, Hourly
from ssoko.services.marketplace.index import PluginIndex
from ssoko.services.marketplace.inventory import Inventory
from ssoko.services.memory import Memory

if TYPE_CHECKING:
    from ssoko.plugin.host.registry import Registry
    from ssoko.services.issuers.keys import KeyRing

ActorKind = Literal["user", "token", "system", "anonymous"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever causes a change, as the activity log will name them.

    :param id: of the user or the API token; empty for the others.
    :param address: IP address that the request came from; empty when there was none.
    """

    kind: ActorKind
    id: str = ""
    name: str = ""
    address: str = ""


#: Ssoko itself: the command line, and what happens without anybody asking.
SYSTEM = Actor("system", "", "Ssoko")


class Unset(Enum):
    """Type of :data:`UNSET`, so that ``None`` and ``""`` stay values that can be given."""

    UNSET = "unset"


#: Default of the arguments that leave things as they are.
UNSET = Unset.UNSET


def now() -> int:
    """Return the time in seconds since the epoch, UTC."""
    return int(time.time())


@dataclass(frozen=True, slots=True)
class Services:
    """The parts that use cases share; one per application.

    :param clock: returns seconds since the epoch, UTC.
    :param proposed: what loaded plugins make of recorded settings, for lists.
    """

    config: Config
    registry: "Registry"
    keys: "KeyRing"
    limiter: Limiter
    clock: Callable[[], int] = now
    hasher: Hasher = field(default_factory=Hasher)
    fetches: FetchPace = field(default_factory=FetchPace)
    upkeep: Hourly = field(default_factory=Hourly)
    proposed: Memory = field(default_factory=Memory)
    inventory: Inventory = field(default_factory=Inventory)
    index: PluginIndex = field(default_factory=PluginIndex)


@dataclass(frozen=True, slots=True)
class Scope:
    """The workspace that a use case works in, and who causes it.

    :param actor: named in the events that the use case records.
    """

    services: Services
    workspace_id: str
    actor: Actor
