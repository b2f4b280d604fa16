"""Write an assertion for people to read: it is not signed, so no service provider takes it."""

from lxml import etree

from .response import SignIn, unsigned_assertion


def draft_assertion(sign_in: SignIn) -> str:
    """Return the assertion of *sign_in* as indented text, with a comment that says what it is.

    :raises ValueError: when a value holds a character that XML cannot carry.
    """
    root = etree.fromstring(unsigned_assertion(sign_in))
    etree.indent(root, "  ")
    text = etree.tostring(root, encoding="unicode")
    return f"<!-- A preview: not signed, and never sent -->\n{text}\n"
