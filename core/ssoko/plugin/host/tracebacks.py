"""Tracebacks for the author of a plugin, without the frames of Ssoko and pluggy."""

import traceback
from itertools import dropwhile
from pathlib import Path

import pluggy

_FROZEN = "<frozen importlib"
_INTERNAL = (
    str(Path(__file__).parent),
    str(Path(pluggy.__file__).parent),
    str(Path(traceback.__file__).with_name("importlib")),
    _FROZEN,
)


def authors_traceback(error: BaseException) -> str:
    """Format an exception of a plugin, from the first line in the plugin."""
    summary = traceback.TracebackException.from_exception(error)
    frames = list(dropwhile(_is_internal, summary.stack))
    # Python omits these frames for uncaught errors too.
    own = [frame for frame in frames if not frame.filename.startswith(_FROZEN)]
    summary.stack = traceback.StackSummary.from_list(own)
    return "".join(summary.format())


def _is_internal(frame: traceback.FrameSummary) -> bool:
    return frame.filename.startswith(_INTERNAL)
