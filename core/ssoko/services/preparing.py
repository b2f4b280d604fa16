"""Make what all threads share, before there are threads."""

from ssoko.plugin import steps
from ssoko.saml import xml


def prepare() -> None:
    """Build the shared objects that two threads must not build at once.

    Each is safe without this as well; then the first request waits for it.
    """
    xml.prepare()
    steps.parser()
