"""Tracebacks for the author of a plugin, without the frames of Ssoko and pluggy."""

import traceback
from itertools import dropwhile
from pathlib import Path

import pluggy

from ssoko.plugin.host.texts import plain

#: The most characters of a traceback.
_MAX = 20_000

_FROZEN = "<frozen importlib"
_INTERNAL = (
    str(Path(__file__).parent),
    str(Path(pluggy.__file__).parent),
    str(Path(traceback.__file__).with_name("importlib")),
    _FROZEN,
)


def authors_traceback(error: BaseException) -> str:
    """Format an exception of a plugin, from the first line in the plugin."""
    try:
        return _format(error)
    except Exception:  # attributes of an exception of the plugin can raise
        return plain(type(error).__name__)


def _format(error: BaseException) -> str:
    summary = traceback.TracebackException.from_exception(error)
    frames = list(dropwhile(_is_internal, summary.stack))
    # Python omits these frames for uncaught errors too.
    own = [frame for frame in frames if not frame.filename.startswith(_FROZEN)]
    summary.stack = traceback.StackSummary.from_list(own)
    return plain("".join(summary.format()), _MAX)


def _is_internal(frame: traceback.FrameSummary) -> bool:
    return frame.filename.startswith(_INTERNAL)
