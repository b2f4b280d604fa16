"""Where the values of an assertion come from, and the small changes they can take on the way.

::

    user.email                           a field of the user
    user.attributes.staff|upper          the same, changed
    user.groups|only:eng-*|prefix:acme-  several changes, from left to right
    constant:a|b                         always this text; it is taken as it stands
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from marshmallow import ValidationError

Values = tuple[str, ...]

USER_SOURCES = (
    "user.email",
    "user.username",
    "user.first_name",
    "user.last_name",
    "user.display_name",
    "user.id",
    "user.groups",
    "user.roles",
)
#: Sources that give more than one value, which a NameID cannot hold.
MANY_VALUED = frozenset({"user.groups", "user.roles"})
CUSTOM = "user.attributes."
CONSTANT = "constant:"
#: Changes that one source can have.
MAX_STEPS = 8


@dataclass(frozen=True, slots=True)
class Transform:
    """One change.

    :param argument: what follows its name and a colon, or empty when nothing does.
    :param says: what it does, as the documentation has it.
    """

    label: str
    argument: Literal["", "text", "separator", "pattern"]
    says: str
    apply: Callable[[Values, str], Values]


def _each(change: Callable[[str, str], str]) -> Callable[[Values, str], Values]:
    return lambda values, argument: tuple(change(value, argument) for value in values)


def _before_at(value: str, _: str) -> str:
    before, at, _ = value.rpartition("@")
    return before if at else value


def _domain(value: str, _: str) -> str:
    _, at, after = value.rpartition("@")
    return after if at else ""


TRANSFORMS: Mapping[str, Transform] = MappingProxyType(
    {
        "lower": Transform(
            "Lower case",
            "",
            "small letters: `Amina` becomes `amina`",
            _each(lambda v, _: v.lower()),
        ),
        "upper": Transform(
            "Upper case", "", "capitals: `a-17` becomes `A-17`", _each(lambda v, _: v.upper())
        ),
        "before-at": Transform(
            "Part before @",
            "",
            "`amina@acme.test` becomes `amina`; a value without @ stays",
            _each(_before_at),
        ),
        "domain": Transform(
            "Domain after @",
            "",
            "`amina@acme.test` becomes `acme.test`; a value without @ is left out",
            _each(_domain),
        ),
        "prefix": Transform(
            "Put before", "text", "puts the text before each value", _each(lambda v, a: a + v)
        ),
        "suffix": Transform(
            "Put after", "text", "puts the text after each value", _each(lambda v, a: v + a)
        ),
        "join": Transform(
            "Join with",
            "separator",
            "makes one value of all, with the separator between them",
            lambda values, a: (a.join(values),) if values else (),
        ),
        "only": Transform(
            "Only those like",
            "pattern",
            "keeps the values that the pattern fits: `*` is any text, `?` any character; "
            "capitals count",
            lambda values, a: tuple(v for v in values if fnmatchcase(v, a)),
        ),
        "first": Transform("First only", "", "keeps the first value", lambda values, _: values[:1]),
    }
)
_SINGLE = frozenset({"first", "join"})


@dataclass(frozen=True, slots=True)
class Source:
    """A source taken apart.

    :param base: such as ``user.groups`` or ``constant:gold``.
    :param steps: pairs of transform and argument, in their order.
    """

    base: str
    steps: tuple[tuple[str, str], ...] = ()

    @property
    def is_list(self) -> bool:
        """Whether it may give many values by its nature."""
        return self.base in MANY_VALUED and not any(name in _SINGLE for name, _ in self.steps)

    def change(self, values: Values) -> Values:
        """Return the values after all changes, each once and none of them empty."""
        for name, argument in self.steps:
            values = tuple(value for value in TRANSFORMS[name].apply(values, argument) if value)
        return tuple(dict.fromkeys(values)) if self.steps else values

    def __str__(self) -> str:
        said = (
            f"|{name}:{a}" if TRANSFORMS[name].argument else f"|{name}" for name, a in self.steps
        )
        return self.base + "".join(said)


@lru_cache(maxsize=4096)
def parse_source(text: str) -> Source:
    """Take a source apart.

    :raises ValidationError: naming what is there, or the transform that is wrong.
    """
    if text.startswith(CONSTANT):
        if text == CONSTANT:
            raise ValidationError("Write the text after constant:")
        return Source(text)
    base, *changes = text.split("|")
    key = base.removeprefix(CUSTOM)
    is_key = key != base and 0 < len(key) <= 64 and not key.startswith(".") and not _spaced(key)
    if base not in USER_SOURCES and not is_key:
        raise ValidationError(
            f"Use one of {', '.join(USER_SOURCES)}, user.attributes.<key> or constant:<text>"
        )
    if len(changes) > MAX_STEPS:
        raise ValidationError(f"Use at most {MAX_STEPS} changes of one value")
    return Source(base, tuple(_step(change) for change in changes))


def _step(text: str) -> tuple[str, str]:
    name, colon, argument = text.partition(":")
    name = name.strip()
    transform = TRANSFORMS.get(name)
    if transform is None:
        raise ValidationError(
            f"There is no change {name or 'without a name'}; use {', '.join(TRANSFORMS)}"
        )
    if transform.argument and not argument:
        raise ValidationError(f"Write the {transform.argument} after {name}:")
    if colon and not transform.argument:
        raise ValidationError(f"Write {name} alone, with nothing after it")
    return name, argument


def _spaced(text: str) -> bool:
    return any(character.isspace() for character in text)
