"""Tracebacks for the author of a plugin: what lies between Ssoko and the plugin is left out."""

import traceback
from itertools import dropwhile
from pathlib import Path

import pluggy

_FROZEN = "<frozen importlib"
_MACHINERY = (
    str(Path(__file__).parent),
    str(Path(pluggy.__file__).parent),
    str(Path(traceback.__file__).with_name("importlib")),
    _FROZEN,
)


def authors_traceback(error: BaseException) -> str:
    """Format what a plugin raised, from the first line that is its own."""
    told = traceback.TracebackException.from_exception(error)
    frames = list(dropwhile(_is_machinery, told.stack))
    # Python leaves these out itself when nobody catches the error.
    own = [frame for frame in frames if not frame.filename.startswith(_FROZEN)]
    told.stack = traceback.StackSummary.from_list(own)
    return "".join(told.format())


def _is_machinery(frame: traceback.FrameSummary) -> bool:
    return frame.filename.startswith(_MACHINERY)
