"""The output of the writer equals exclusive C14N for any value."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from ssoko.saml import names
from ssoko.saml.response import Attribute, NameId, SignIn, build_response, build_status_response
from ssoko.saml.writer import Canonical, CanonicalWriter

ALLOWED = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
TEXT = st.text(ALLOWED | st.sampled_from("\t\n\r&<>\"' ]]>\u0085\u2028\x7f\U0001f600"), max_size=30)
ELEMENTS = st.sampled_from(
    ["saml:A", "samlp:B", "ds:C", "md:D", "xenc:E", "saml:Attribute", "samlp:Response"]
)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["ID", "Name", "NameFormat", "Version", "aa", "ab", "Z"]), TEXT, max_size=4
)
TREES = st.recursive(
    st.tuples(ELEMENTS, ATTRIBUTES, TEXT),
    lambda inner: st.tuples(ELEMENTS, ATTRIBUTES, st.lists(inner, max_size=4)),
    max_leaves=12,
)


def exclusive(document: str | bytes) -> bytes:
    data = document.encode() if isinstance(document, str) else document
    return etree.tostring(
        etree.fromstring(data), method="c14n", exclusive=True, with_comments=False
    )


def write(writer: CanonicalWriter, tree) -> None:
    name, attributes, content = tree
    if isinstance(content, str):
        writer.leaf(name, content, **attributes)
        return
    writer.start(name, **attributes)
    for child in content:
        write(writer, child)
    writer.end()


@given(TREES)
@settings(max_examples=300, deadline=None)
def test_written_tree_equals_its_exclusive_c14n(tree):
    writer = CanonicalWriter()
    write(writer, tree)
    written = writer.finish()
    assert exclusive(written) == written.encode()


@given(TEXT, ATTRIBUTES)
@settings(max_examples=300, deadline=None)
def test_text_and_attributes_are_read_back_unchanged(text, attributes):
    writer = CanonicalWriter()
    writer.leaf("saml:A", text, **attributes)
    element = etree.fromstring(writer.finish().encode())
    assert (element.text or "") == text
    assert dict(element.attrib) == attributes


@given(st.lists(TEXT, min_size=10, max_size=10), st.lists(TEXT, max_size=3))
@settings(max_examples=150, deadline=None)
def test_response_with_any_text_is_canonical(idp, texts, values):
    sign_in = SignIn(
        response_id="_r",
        assertion_id="_a",
        issuer=texts[0],
        acs_url=texts[1],
        in_response_to=texts[2],
        issue_instant=0,
        not_before=0,
        not_on_or_after=0,
        audience=texts[3],
        name_id=NameId(texts[4], texts[5], texts[6], texts[7]),
        session_index=texts[8],
        authn_instant=0,
        authn_context=texts[9],
        attributes=(Attribute(texts[0], tuple(values), texts[1], texts[2]),),
    )
    response = build_response(sign_in, idp.key)
    assert exclusive(response) == response


@given(TEXT)
@settings(deadline=None)
def test_status_response_with_any_text_is_canonical(text):
    response = build_status_response(
        response_id="_r",
        issuer=text,
        destination=text,
        in_response_to=text,
        issue_instant=0,
        status=names.STATUS_NO_PASSIVE,
        message=text,
    )
    assert exclusive(response) == response


@pytest.mark.parametrize(
    "character",
    ["\0", "\x01", "\x08", "\x0b", "\x0c", "\x1f", "\ud800", "\udfff", "\ufffe", "\uffff"],
)
def test_character_that_xml_does_not_allow_is_refused_before_writing(character):
    writer = CanonicalWriter()
    writer.start("saml:A")
    with pytest.raises(ValueError, match="position 3 cannot be sent"):
        writer.leaf("saml:B", f"ab{character}")
    with pytest.raises(ValueError, match="cannot be sent"):
        writer.leaf("saml:B", "", Name=f"ab{character}")
    with pytest.raises(ValueError, match="cannot be sent"):
        writer.start("saml:B", Name=character)
    writer.end()
    assert writer.finish() == f'<saml:A xmlns:saml="{names.NS_SAML}"></saml:A>'


def test_open_element_cannot_be_finished():
    writer = CanonicalWriter()
    writer.start("saml:A")
    with pytest.raises(ValueError, match="saml:A is not closed"):
        writer.finish()
    with pytest.raises(ValueError, match="not finished"):
        writer.split()


def test_element_with_a_declared_namespace_cannot_be_inserted():
    writer = CanonicalWriter()
    writer.start("saml:A")
    with pytest.raises(ValueError, match="declared already"):
        writer.insert(Canonical('<saml:B xmlns:saml="x"></saml:B>'))
