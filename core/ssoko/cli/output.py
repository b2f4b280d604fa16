"""How commands answer: lines for people, ``--json`` for scripts, one line for an error."""

import json
import sys
from collections.abc import Callable
from typing import Any

import click

from ssoko.errors import ConfigError, InputError, SsokoError

_AS_JSON = "ssoko.json"


class Failed(click.ClickException):
    """A command that did not do what it was asked; nothing was changed.

    With ``--json`` the error is an object on standard output too, for the script that reads it.
    """

    def __init__(self, error: Exception, *, exit_code: int = 1, as_json: bool = False) -> None:
        super().__init__(str(error))
        self.exit_code = exit_code  # type: ignore[misc]  # click sets it this way too
        self.as_json = as_json
        self.errors = error.errors if isinstance(error, InputError) else {}

    def show(self, file: Any = None) -> None:
        if self.as_json:
            click.echo(json.dumps({"error": self.message, "errors": self.errors}))
        click.echo(f"Error: {self.message}", file=sys.stderr if file is None else file)


class Commands(click.Group):
    """A group whose commands may raise Ssoko's errors."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        # In the order of use, not of the alphabet.
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
        help="Answer with one JSON object, for scripts.",
    )(function)


def _remember(ctx: click.Context, parameter: click.Parameter, value: bool) -> bool:
    if value:
        ctx.meta[_AS_JSON] = True
    return value


def say(as_json: bool, answer: dict[str, Any], *lines: str) -> None:
    """Print the answer as JSON, or the lines that tell a person the same."""
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False, default=str))
        return
    for line in lines:
        click.echo(line)
