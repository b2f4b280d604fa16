"""The search box of the activity log: words, and qualifiers such as ``outcome:refused``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ssoko.errors import InputError
from ssoko.services.activity.references import read_reference
from ssoko.text.names import is_text

QUALIFIERS = ("actor", "action", "app", "outcome", "since", "ref")

#: Starts of words that have a colon: URLs, URNs, ARNs.
_WORDS = frozenset({"http", "https", "urn", "arn", "mailto", "localhost"})
_TOKEN = re.compile(r'(?:([a-z]+):)?(?:"([^"]*)"|(\S+))', re.IGNORECASE)
_AGO = re.compile(r"([1-9][0-9]{0,3})([mhdw])")
_SECONDS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_MOST = 8


@dataclass(frozen=True, slots=True)
class Filters:
    """The conditions of a query. An event must meet all of them.

    :param actions: any of these, or every action when empty.
    """

    words: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    outcome: str = ""
    since: int | None = None
    reference: str = ""


def parse_query(q: str, *, now: int, actions: Mapping[str, str]) -> Filters:
    """Read a query.

    :param now: seconds since the epoch, for ``since:7d``.
    :param actions: all actions with their labels.
    :raises InputError: at ``q``, with what to enter.
    """
    if not is_text(q) or len(q) > 300:
        raise _wrong("Enter at most 300 characters of plain text")
    found: dict[str, list[str]] = {name: [] for name in ("", *QUALIFIERS)}
    for qualifier, quoted, bare in _TOKEN.findall(q):
        name, value = qualifier.lower(), quoted or bare
        if name and name not in found:
            if not quoted and name not in _WORDS and not value.startswith("//"):
                raise _wrong(
                    f"There is no filter {name}:. Use {', '.join(f'{q}:' for q in QUALIFIERS)}, "
                    f'or put the text in quotes: "{name}:{value}"'
                )
            # Text with a colon that is not a qualifier, such as a URL, is a word.
            name, value = "", f"{qualifier}:{value}"
        if not value or (not name and value.rstrip(":").lower() in QUALIFIERS and ":" in value):
            raise _wrong(f"Enter a value after {name or value.rstrip(':')}:, without a space")
        found[name].append(value)
    if sum(map(len, found.values())) > _MOST:
        raise _wrong(f"Search for at most {_MOST} words at a time")
    words, references = _apart(found[""])
    return Filters(
        words=words,
        actors=tuple(found["actor"]),
        applications=tuple(found["app"]),
        actions=_actions(found["action"], actions),
        outcome=_outcome(found["outcome"]),
        since=max((_since(text, now) for text in found["since"]), default=None),
        reference=_reference([*references, *found["ref"]]),
    )


def _apart(words: list[str]) -> tuple[tuple[str, ...], list[str]]:
    """Return the words of a query and the references among them."""
    references = [word for word in words if read_reference(word)]
    return tuple(word for word in words if word not in references), references


def _reference(requested: list[str]) -> str:
    for text in requested:
        if not read_reference(text):
            raise _wrong("Enter the whole reference after ref:, for example SK-7QF4-K2M9")
    return read_reference(requested[-1]) if requested else ""


def _actions(requested: list[str], actions: Mapping[str, str]) -> tuple[str, ...]:
    chosen: list[str] = []
    for text in requested:
        low = text.lower()
        fits = [a for a, label in actions.items() if low in a or low in label.lower()]
        if not fits:
            raise _wrong("Enter an action after action:, for example sign-in or role.assigned")
        chosen += [low] if low in actions else fits
    return tuple(chosen)


def _outcome(requested: list[str]) -> str:
    for text in requested:
        if text.lower() not in {"done", "refused"}:
            raise _wrong("Enter done or refused after outcome:")
    return requested[-1].lower() if requested else ""


def _since(text: str, now: int) -> int:
    ago = _AGO.fullmatch(text.lower())
    if ago:
        return now - int(ago[1]) * _SECONDS[ago[2]]
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp())
    except ValueError:
        raise _wrong(
            "Enter a time after since:, for example 24h or 7d, or a date, for example 2026-11-24"
        ) from None


def _wrong(message: str) -> InputError:
    return InputError.of("q", message)
