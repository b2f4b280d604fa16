"""The reference of the contract's values, from their docstrings.

::

    python -m ssoko.plugin.tools.reference > docs/plugins/values.md
"""

import dataclasses
import inspect
import re
import sys
from collections.abc import Iterator
from typing import Any

import ssoko.plugin
from ssoko.plugin.typecheck import describe_type

_INTRODUCTION = """# Values of the contract

The values that hooks receive and return, from their docstrings:
`python -m ssoko.plugin.tools.reference` prints this page. The hooks are in the
[plugin reference](../../plugins/README.md).
"""


def reference() -> str:
    """Return the page as Markdown."""
    classes = [getattr(ssoko.plugin, name) for name in ssoko.plugin.__all__]
    values = [cls for cls in classes if inspect.isclass(cls) and dataclasses.is_dataclass(cls)]
    return "\n".join([_INTRODUCTION, *(line for cls in values for line in _section(cls))])


def _section(cls: Any) -> Iterator[str]:
    text, _, parameters = inspect.cleandoc(cls.__doc__).partition(":param ")
    described = _descriptions(f":param {parameters}") if parameters else {}
    yield f"## {cls.__name__}\n"
    yield f"{_in_markdown(text.strip())}\n"
    yield "| field | type | default | |\n|---|---|---|---|"
    for field in dataclasses.fields(cls):
        kind = _in_markdown(describe_type(field.type)).replace("|", "\\|")
        yield f"| `{field.name}` | {kind} | {_default(field)} | {described.get(field.name, '')} |"
    yield ""


def _descriptions(text: str) -> dict[str, str]:
    found = re.findall(r":param (\w+): (.*?)(?=\n:param |\Z)", text, re.DOTALL)
    return {name: _in_markdown(" ".join(words.split())) for name, words in found}


def _default(field: "dataclasses.Field[Any]") -> str:
    if field.default is not dataclasses.MISSING:
        value = field.default
        return f"`{getattr(value, '__name__', None) or repr(value)}`"
    return "empty" if field.default_factory is not dataclasses.MISSING else "required"


def _in_markdown(text: str) -> str:
    """Return reStructuredText with the code and references of Markdown."""
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text)
    return text.replace("``", "`")


if __name__ == "__main__":
    sys.stdout.write(reference())
