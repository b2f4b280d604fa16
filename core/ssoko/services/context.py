"""The first arguments of services: the shared parts of the process, the workspace and the actor."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, Protocol

from ssoko.config import Config
from ssoko.plugin.host.registry import Registry
from ssoko.services.credentials.key_ring import KeyRing
from ssoko.services.credentials.passwords import Hasher
from ssoko.services.credentials.rate_limits import Limiter
from ssoko.services.plugins.index import PluginIndex
from ssoko.services.plugins.inventory import Inventory

ActorKind = Literal["user", "token", "system", "anonymous"]


@dataclass(frozen=True, slots=True)
class Actor:
    """The actor of a change, as named in the activity log.

    :param id: of the user or the API token; empty for the others.
    :param address: IP address that the request came from; empty when there was none.
    """

    kind: ActorKind
    id: str = ""
    name: str = ""
    address: str = ""


#: Ssoko itself: the command line, and automatic work.
SYSTEM = Actor("system", "", "Ssoko")


class Unset(Enum):
    """Type of :data:`UNSET`, which differs from the valid values ``None`` and ``""``."""

    UNSET = "unset"


#: Default of arguments that were not given: the value is not changed.
UNSET = Unset.UNSET


def now() -> int:
    """Return the time in seconds since the epoch, UTC."""
    return int(time.time())


class Cache:
    """A cache of limited size that threads share. Removes the least recently used entry."""

    def __init__(self, size: int = 2048) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """Return the entry of *key*. Compute and store it if it is missing."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
                return self._entries[key]
        value = compute()
        with self._lock:
            self._entries[key] = value
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)
        return value


class FetchCounter(Protocol):
    """Counts the downloads of metadata; see :mod:`ssoko.services.issuers.metadata_fetches`."""

    def take(self, document: str, address: str, *, now: int) -> int: ...


@dataclass(frozen=True, slots=True)
class Services:
    """The parts that all use cases share. There is one set per Flask application.

    :func:`ssoko.app.build_services` creates them.

    :param clock: returns seconds since the epoch, UTC.
    :param proposed: what loaded plugins propose for recorded settings, for lists.
    """

    config: Config
    registry: Registry
    keys: KeyRing
    limiter: Limiter
    clock: Callable[[], int]
    hasher: Hasher
    fetches: FetchCounter
    proposed: Cache
    inventory: Inventory
    index: PluginIndex


@dataclass(frozen=True, slots=True)
class Scope:
    """The workspace and the actor of a use case.

    :param actor: named in the events that the use case records.
    """

    services: Services
    workspace_id: str
    actor: Actor
