"""Sources of the values of an assertion, and the transformations of these values.

::

    user.email                           a field of the user
    user.attributes.staff|upper          a field with one transformation
    user.groups|only:eng-*|prefix:acme-  several transformations, from left to right
    constant:a|b                         always this text, unchanged
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from marshmallow import ValidationError

Values = tuple[str, ...]

#: Fields of the user to their labels on pages.
SOURCE_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "user.email": "User email",
        "user.username": "Username",
        "user.first_name": "First name",
        "user.last_name": "Last name",
        "user.display_name": "First and last name",
        "user.id": "User ID",
        "user.groups": "User groups",
        "user.roles": "User roles",
    }
)
USER_SOURCES = tuple(SOURCE_LABELS)
#: Sources with more than one value, which a NameID cannot have.
MANY_VALUED = frozenset({"user.groups", "user.roles"})
CUSTOM = "user.attributes."
CONSTANT = "constant:"
#: Maximum number of transformations of one source.
MAX_STEPS = 8


@dataclass(frozen=True, slots=True)
class Transform:
    """One transformation.

    :param label: the name on pages.
    :param argument: the kind of argument after its name and a colon; empty when it has none.
    :param description: its effect, as in the documentation.
    """

    label: str
    argument: Literal["", "text", "separator", "pattern"]
    description: str
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
            "Lowercase",
            "",
            "lowercase: `Amina` becomes `amina`",
            _each(lambda v, _: v.lower()),
        ),
        "upper": Transform(
            "Uppercase", "", "uppercase: `a-17` becomes `A-17`", _each(lambda v, _: v.upper())
        ),
        "before-at": Transform(
            "Part before @",
            "",
            "`amina@acme.test` becomes `amina`; a value without @ is not changed",
            _each(_before_at),
        ),
        "domain": Transform(
            "Domain after @",
            "",
            "`amina@acme.test` becomes `acme.test`; a value without @ is removed",
            _each(_domain),
        ),
        "prefix": Transform(
            "Add prefix", "text", "adds the text before each value", _each(lambda v, a: a + v)
        ),
        "suffix": Transform(
            "Add suffix", "text", "adds the text after each value", _each(lambda v, a: v + a)
        ),
        "join": Transform(
            "Join with",
            "separator",
            "joins all values into one, with the separator between them",
            lambda values, a: (a.join(values),) if values else (),
        ),
        "only": Transform(
            "Keep matching",
            "pattern",
            "keeps the values that match the pattern: `*` is any text, `?` any character; "
            "case-sensitive",
            lambda values, a: tuple(v for v in values if fnmatchcase(v, a)),
        ),
        "first": Transform(
            "First value", "", "keeps the first value", lambda values, _: values[:1]
        ),
    }
)
_SINGLE = frozenset({"first", "join"})


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed source.

    :param base: such as ``user.groups`` or ``constant:gold``.
    :param steps: pairs of transformation and argument, in their order.
    """

    base: str
    steps: tuple[tuple[str, str], ...] = ()

    @property
    def is_list(self) -> bool:
        """Whether it can have more than one value."""
        return self.base in MANY_VALUED and not any(name in _SINGLE for name, _ in self.steps)

    def change(self, values: Values) -> Values:
        """Return the values after all transformations, without empty values and duplicates."""
        for name, argument in self.steps:
            values = tuple(value for value in TRANSFORMS[name].apply(values, argument) if value)
        return tuple(dict.fromkeys(values)) if self.steps else values

    def __str__(self) -> str:
        steps = (
            f"|{name}:{a}" if TRANSFORMS[name].argument else f"|{name}" for name, a in self.steps
        )
        return self.base + "".join(steps)


@lru_cache(maxsize=4096)
def parse_source(text: str) -> Source:
    """Parse a source.

    :raises ValidationError: with the known sources, or the transformation that is wrong.
    """
    if text.startswith(CONSTANT):
        if text == CONSTANT:
            raise ValidationError("Enter the text after constant:")
        return Source(text)
    base, *transformations = text.split("|")
    key = base.removeprefix(CUSTOM)
    is_key = key != base and 0 < len(key) <= 64 and not key.startswith(".") and not _spaced(key)
    if base not in USER_SOURCES and not is_key:
        raise ValidationError(
            f"Use one of {', '.join(USER_SOURCES)}, user.attributes.<key> or constant:<text>"
        )
    if len(transformations) > MAX_STEPS:
        raise ValidationError(f"Use at most {MAX_STEPS} transformations")
    return Source(base, tuple(map(_step, transformations)))


def _step(text: str) -> tuple[str, str]:
    name, colon, argument = text.partition(":")
    name = name.strip()
    transform = TRANSFORMS.get(name)
    if transform is None:
        raise ValidationError(
            f"Unknown transformation {name or '(empty)'}. Use one of {', '.join(TRANSFORMS)}"
        )
    if transform.argument and not argument:
        raise ValidationError(f"Enter the {transform.argument} after {name}:")
    if colon and not transform.argument:
        raise ValidationError(f"Remove the text after {name}; it has no argument")
    return name, argument


def _spaced(text: str) -> bool:
    return any(character.isspace() for character in text)


def describe_source(text: str) -> str:
    """Return a source in words: ``user.email|lower`` is "User email, lowercase"."""
    try:
        source = parse_source(text)
    except ValidationError:
        return text
    steps = (
        f"{TRANSFORMS[name].label.lower()} {argument}".rstrip() for name, argument in source.steps
    )
    return ", ".join((_describe_base(source.base), *steps))


def _describe_base(base: str) -> str:
    if base.startswith(CUSTOM):
        return f"User attribute {base.removeprefix(CUSTOM)}"
    if base.startswith(CONSTANT):
        return f"Always {base.removeprefix(CONSTANT)}"
    return SOURCE_LABELS.get(base, base)
