"""Deprecated hooks and arguments that a plugin implements.

A specification deprecates them with pluggy's ``warn_on_impl`` and ``warn_on_impl_args``. A site
only logs them, because its operator cannot fix a plugin; the author's tests and
``ssoko plugin check`` report them too.
"""

import inspect
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pluggy


@dataclass(frozen=True, slots=True)
class Deprecation:
    """One deprecated hook or argument.

    :param what: such as ``hook launch_url`` or ``argument roles of hook saml_attributes``.
    :param instead: the replacement, from the specification.
    :param filename: file of the implementation, or empty; ``line`` is its line, or 0.
    """

    what: str
    instead: str
    filename: str = ""
    line: int = 0

    def __str__(self) -> str:
        return f"the {self.what} is deprecated: {self.instead}"


@contextmanager
def ignore_warnings() -> Iterator[None]:
    """Ignore pluggy's warnings, which would stop a plugin where warnings are errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def deprecated_in(manager: pluggy.PluginManager) -> tuple[Deprecation, ...]:
    """Return the deprecated hooks and arguments that the plugins of a manager implement."""
    return tuple(
        use
        for _, plugin in manager.list_name_plugin()
        for caller in manager.get_hookcallers(plugin) or ()
        for implementation in caller.get_hookimpls()
        for use in _uses(caller, implementation)
    )


def warn(uses: Iterable[Deprecation]) -> None:
    """Issue a :class:`DeprecationWarning` for each, at the line of the implementation."""
    for use in uses:
        warnings.warn_explicit(
            str(use), DeprecationWarning, filename=use.filename or "plugin", lineno=use.line
        )


def _uses(caller: pluggy.HookCaller, implementation: pluggy.HookImpl) -> Iterator[Deprecation]:
    spec = caller.spec
    if spec is None:
        return
    code = getattr(inspect.unwrap(implementation.function), "__code__", None)
    place = (code.co_filename, code.co_firstlineno) if code is not None else ("", 0)
    if spec.warn_on_impl:
        yield Deprecation(f"hook {caller.name}", str(spec.warn_on_impl), *place)
    for argument, instead in (spec.warn_on_impl_args or {}).items():
        if argument in (*implementation.argnames, *implementation.kwargnames):
            yield Deprecation(f"argument {argument} of hook {caller.name}", str(instead), *place)
