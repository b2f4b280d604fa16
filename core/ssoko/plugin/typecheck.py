"""Check the values of a dataclass, and what hooks return, against type annotations."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from typing import Any, Literal, get_args, get_origin
from wsgiref.types import WSGIApplication

Test = Callable[[Any], bool]

_TEXTS: dict[Any, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    tuple[str, ...]: "a tuple of texts",
    WSGIApplication: "a WSGI application",
}


class WrongType(TypeError):
    """A value has the wrong type; the text names the field and never shows the value."""


class Checked:
    """Base of a dataclass that refuses values of other types than it declares."""

    __slots__ = ()

    def __post_init__(self) -> None:
        for name, test, expected in _field_tests(type(self)):  # type: ignore[arg-type]
            value = getattr(self, name)
            if not test(value):
                raise WrongType(
                    f"{type(self).__name__}.{name}: use {expected}, not {describe_value(value)}"
                )


def describe_value(value: object) -> str:
    """Name the type of a value, for a message."""
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return f"a value of type {type(value).__name__}"


def test_for(annotation: Any) -> Test:
    """Return the test for one annotation.

    An annotation is a class, ``type[...]``, a tuple of one kind or of several, a literal, a
    callable, a mapping or a dict.
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is Any:
        return lambda value: True
    if annotation is int:
        return lambda value: isinstance(value, int) and not isinstance(value, bool)
    if origin is Literal:
        return lambda value: value in arguments
    if origin is type:
        return lambda value: isinstance(value, type) and issubclass(value, arguments[0])
    if origin is tuple and arguments[-1] is ...:
        item_test = test_for(arguments[0])
        return lambda value: isinstance(value, tuple) and all(map(item_test, value))
    if origin is tuple:
        tests = tuple(map(test_for, arguments))
        return lambda value: (
            isinstance(value, tuple)
            and len(value) == len(tests)
            and all(test(item) for test, item in zip(tests, value, strict=True))
        )
    if origin is Callable:
        return callable
    if origin is Mapping:
        return lambda value: isinstance(value, Mapping)
    return lambda value: isinstance(value, origin or annotation)


def describe_type(annotation: Any) -> str:
    """Name an annotation, for a message: ``a tuple of Mapping``."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation in _TEXTS:
        return _TEXTS[annotation]
    if origin is Literal:
        return "one of " + ", ".join(map(repr, arguments))
    if origin is type:
        return f"a {arguments[0].__name__} class"
    if origin is tuple and arguments[-1] is ... and isinstance(arguments[0], type):
        return f"a tuple of {arguments[0].__name__}"
    if origin is Callable:
        return "a function"
    return getattr(origin or annotation, "__name__", str(annotation))


@cache
def _field_tests(cls: type) -> tuple[tuple[str, Test, str], ...]:
    return tuple((f.name, test_for(f.type), describe_type(f.type)) for f in fields(cls))
