"""Paths of files in texts that are shown to users who have no access to the server."""

import re

#: An absolute path on Linux, macOS or Windows, with at least one folder. URLs are not paths.
_PATH = re.compile(
    r"(?:(?<![\w/:.~-])/|file:///|\b[A-Za-z]:\\\\?)(?:[^\s/\\\\'\":,;()<>]+[/\\\\]+)+"
)


def without_paths(text: str) -> str:
    """Return the text with only the name of each file that it names by an absolute path."""
    return _PATH.sub("", text)
