"""Hold a dataclass's values against its annotations."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from typing import Any, Literal, get_args, get_origin

Test = Callable[[Any], bool]

_WORDS: dict[Any, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    tuple[str, ...]: "a tuple of texts",
}


class WrongType(TypeError):
    """A value is of the wrong type; the text names the field and never shows the value."""


class Checked:
    """Base of a dataclass that refuses values of other types than it declares."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for name, test, wanted in _tests(type(self)):  # type: ignore[arg-type]
            value = getattr(self, name)
            if not test(value):
                raise WrongType(
                    f"{type(self).__name__}.{name}: give {wanted}, not {describe_type(value)}"
                )


def describe_type(value: object) -> str:
    """Name the type of a value, for a message."""
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return f"a value of type {type(value).__name__}"


@cache
def _tests(cls: type) -> tuple[tuple[str, Test, str], ...]:
    return tuple((f.name, _test(f.type), _words(f.type)) for f in fields(cls))


def _test(wanted: Any) -> Test:
    """Return the test for one annotation: a class, a tuple of one kind or some kinds, a literal."""
    origin, arguments = get_origin(wanted), get_args(wanted)
    if wanted is Any:
        return lambda value: True
    if wanted is int:
        return lambda value: isinstance(value, int) and not isinstance(value, bool)
    if origin is Literal:
        return lambda value: value in arguments
    if origin is tuple and arguments[-1] is ...:
        item = _test(arguments[0])
        return lambda value: isinstance(value, tuple) and all(map(item, value))
    if origin is tuple:
        items = tuple(map(_test, arguments))
        return lambda value: (
            isinstance(value, tuple)
            and len(value) == len(items)
            and all(test(part) for test, part in zip(items, value, strict=True))
        )
    if origin is Callable:
        return callable
    if origin is Mapping:
        return lambda value: isinstance(value, Mapping)
    return lambda value: isinstance(value, wanted)


def _words(wanted: Any) -> str:
    if wanted in _WORDS:
        return _WORDS[wanted]
    if get_origin(wanted) is Literal:
        return "one of " + ", ".join(map(repr, get_args(wanted)))
    return getattr(wanted, "__name__", "") if isinstance(wanted, type) else str(wanted)
