import pytest
from ssoko.plugin.host.logo import MAX_BYTES, check_logo

OPEN = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'


@pytest.mark.parametrize(
    "inside",
    [
        '<path d="M0 0h24v24z" fill="#0a7"/>',
        '<title>Zoom</title><!-- drawn by hand --><g opacity=".5"><circle r="4"/></g>',
        '<defs><linearGradient id="g"><stop offset="0" stop-color="red"/></linearGradient></defs>'
        '<rect width="9" height="9" fill="url(#g)"/><use href="#g"/>',
    ],
)
def test_safe_logo_is_accepted(inside):
    assert check_logo(f"{OPEN}{inside}</svg>") == ""
    assert check_logo(f'<?xml version="1.0" encoding="UTF-8"?>{OPEN}{inside}</svg>') == ""


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        ("<script>alert(1)</script>", "<script>"),
        ('<script xmlns="http://www.w3.org/1999/xhtml">1</script>', "<script>"),
        ('<path onclick="alert(1)"/>', "onclick"),
        ('<path ONCLICK="alert(1)"/>', "ONCLICK"),
        ("<foreignObject><b/></foreignObject>", "<foreignObject>"),
        ("<style>@import url(//evil.test)</style>", "<style>"),
        ('<path style="fill:url(//evil.test)"/>', "style"),
        ('<path fill="url(https://evil.test/x)"/>', "external resource"),
        ('<path fill="URL( https://evil.test/x)"/>', "external resource"),
        ('<path fill="\\75 rl(https://evil.test)"/>', "external resource"),
        ('<path fill="url(#a) url(//evil.test)"/>', "external resource"),
        ('<a href="https://evil.test"><path/></a>', "<a>"),
        ('<use href="https://evil.test/x.svg#a"/>', "external link"),
        ('<use href="javascript:alert(1)"/>', "external link"),
        (
            '<use xmlns:x="http://www.w3.org/1999/xlink" x:href="//evil.test#a"/>',
            "external link",
        ),
        ('<image href="#a"/>', "<image>"),
        ('<animate attributeName="href" to="javascript:1"/>', "<animate>"),
        ('<set attributeName="onclick" to="1"/>', "<set>"),
        ("<?xml-stylesheet href='x'?>", "processing instruction"),
        ("<![CDATA[x]]>", "CDATA"),
    ],
)
def test_logo_that_runs_loads_or_links_is_refused(inside, words):
    assert words in check_logo(f"{OPEN}{inside}</svg>")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not well-formed"),
        ("logo.svg", "not well-formed"),
        ("<svg/>", "namespace"),
        ("<html/>", "namespace"),
        (f"{OPEN}<path>", "not well-formed"),
        (f'<!DOCTYPE svg [<!ENTITY x "y">]>{OPEN}&x;</svg>', "document type"),
        (f'<?xml version="1.0" encoding="utf-7"?>{OPEN}</svg>', "UTF-8"),
        (f"<?xml-stylesheet href='//evil.test'?>{OPEN}</svg>", "processing instruction"),
        (f"{OPEN}<!--{'x' * MAX_BYTES}--></svg>", "larger than 32 kB"),
        (f"{OPEN}</svg><?xml-stylesheet href='//evil.test'?>", "processing instruction"),
        (f"{OPEN}\ud800</svg>", "UTF-8"),
    ],
)
def test_file_that_is_not_an_svg_is_refused(text, words):
    assert words in check_logo(text)
