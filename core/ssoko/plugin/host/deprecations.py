"""What a plugin does that a later version of the contract will refuse.

A specification says so with pluggy's ``warn_on_impl`` and ``warn_on_impl_args``. Whoever runs a
plugin cannot mend it, so a site writes it to its log and goes on; the author's tests and
``ssoko plugin check`` say it where it can be mended.
"""

import inspect
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pluggy


@dataclass(frozen=True, slots=True)
class Deprecation:
    """One hook, or one argument of it, that is not to be implemented any longer.

    :param what: such as ``hook launch_url`` or ``argument roles of hook saml_attributes``.
    :param instead: what to write in its place, in the specification's words.
    :param filename: and ``line``: where the implementation is; empty and 0 when that is unknown.
    """

    what: str
    instead: str
    filename: str = ""
    line: int = 0

    def __str__(self) -> str:
        return f"the {self.what} is deprecated: {self.instead}"


@contextmanager
def unwarned() -> Iterator[None]:
    """Keep pluggy's own warnings from stopping a plugin where warnings are errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def deprecated_in(manager: pluggy.PluginManager) -> tuple[Deprecation, ...]:
    """Return what the plugins of a manager implement although it is deprecated."""
    return tuple(
        use
        for _, plugin in manager.list_name_plugin()
        for caller in manager.get_hookcallers(plugin) or ()
        for implementation in caller.get_hookimpls()
        for use in _uses(caller, implementation)
    )


def warn(uses: Iterable[Deprecation]) -> None:
    """Give each as a :class:`DeprecationWarning` at the line of the implementation."""
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
    for argument, said in (spec.warn_on_impl_args or {}).items():
        if argument in (*implementation.argnames, *implementation.kwargnames):
            yield Deprecation(f"argument {argument} of hook {caller.name}", str(said), *place)
