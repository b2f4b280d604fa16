"""Output of commands: text, JSON with ``--json``, and errors on one line."""

import json
import sys
from collections.abc import Callable
from typing import Any

import click

from ssoko.errors import ConfigError, InputError, SsokoError, Unavailable

_AS_JSON = "ssoko.json"


class Failed(click.ClickException):
    """A command failed and changed nothing.

    With ``--json`` the error is also printed as a JSON object on standard output.
    """

    def __init__(self, error: Exception, *, exit_code: int = 1, as_json: bool = False) -> None:
        # Operators see the cause; visitors do not.
        detail = error.detail if isinstance(error, Unavailable) else ""
        super().__init__(f"{error} ({detail})" if detail else str(error))
        self.exit_code = exit_code  # type: ignore[misc]  # click sets it this way too
        self.as_json = as_json
        self.errors = error.errors if isinstance(error, InputError) else {}

    def show(self, file: Any = None) -> None:
        if self.as_json:
            click.echo(json.dumps({"error": self.message, "errors": self.errors}))
        click.echo(f"Error: {self.message}", file=sys.stderr if file is None else file)


class Commands(click.Group):
    """A command group that prints Ssoko's errors and sets the exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        # In order of use, not in alphabetical order.
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SsokoError as error:
            code = 2 if isinstance(error, ConfigError) else 1
            raise Failed(error, exit_code=code, as_json=_AS_JSON in ctx.meta) from error


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--json`` to a command, which receives it as ``as_json``."""
    return click.option(
        "--json",
        "as_json",
        is_flag=True,
        callback=_remember,
        is_eager=True,
        help="Print the result as JSON.",
    )(function)


def _remember(ctx: click.Context, parameter: click.Parameter, value: bool) -> bool:
    if value:
        ctx.meta[_AS_JSON] = True
    return value


def print_result(as_json: bool, result: dict[str, Any], *lines: str) -> None:
    """Print the result of a command, as JSON or as lines of text."""
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False, default=str))
        return
    for line in lines:
        click.echo(line)
