"""Check that a plugin's logo is an image that does not run, load or link to anything."""

import re
from itertools import chain

from lxml import etree

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
MAX_BYTES = 32 * 1024

_ELEMENTS = frozenset(
    """svg g path circle ellipse rect line polyline polygon defs linearGradient radialGradient stop
    clipPath mask symbol use title desc""".split()
)
_HREFS = frozenset({"href", f"{{{XLINK}}}href"})


def check_logo(text: str) -> str:
    """Return why a logo is refused, or an empty text when it is safe.

    An allowlist: shapes, gradients and references within the image. It is also served as an image
    with a sandbox policy.
    """
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:
        return "save the logo in UTF-8"
    if len(data) > MAX_BYTES:
        return f"the logo is larger than {MAX_BYTES // 1024} kB; make it smaller"
    if "<!" in text.replace("<!--", ""):
        return "the logo has a document type or a CDATA section; remove them"
    encoding = re.match(r"\s*<\?xml[^>]*encoding=[\"']([^\"']*)", text)
    if encoding and encoding[1].lower() != "utf-8":
        return "save the logo in UTF-8"
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        return f"the logo is not well-formed SVG: {error.msg}"
    if root.tag != f"{{{SVG}}}svg":
        return f"the logo's first element must be svg in the namespace {SVG}"
    nodes = chain(root.itersiblings(preceding=True), root.iter(), root.itersiblings())
    return next(filter(None, map(_check_node, nodes)), "")


def _check_node(node: "etree._Element") -> str:
    if isinstance(node, etree._Comment):
        return ""
    if not isinstance(node.tag, str):
        return "the logo has a processing instruction; remove it"
    tag = etree.QName(node)
    if tag.namespace != SVG or tag.localname not in _ELEMENTS:
        return f"the logo has a <{tag.localname}> element; use shapes and gradients only"
    for name, value in node.attrib.items():
        name, value = str(name), str(value)
        if name.lower().startswith("on") or name == "style":
            return f"the logo has an attribute {name}; remove it"
        if name in _HREFS and not value.startswith("#"):
            return "the logo has an external link; remove it"
        # CSS evaluates these values, and a backslash can encode any letter.
        if "\\" in value or "url(" in value.lower().replace("url(#", ""):
            return f"the logo's attribute {name} loads an external resource; remove it"
    return ""
