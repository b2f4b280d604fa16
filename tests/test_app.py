"""create_app builds everything that threads share, before the first request."""

import pytest
from lxml import etree
from ssoko.plugin import steps
from ssoko.saml import xml

from .web.conftest import make_app


def test_create_app_leaves_nothing_shared_to_be_built_by_requests(tmp_path, monkeypatch):
    xml._parser.cache_clear()
    steps._parser.cache_clear()
    make_app(tmp_path)

    def too_late(*arguments, **named):
        pytest.fail("built after create_app")

    monkeypatch.setattr(etree, "XMLSchema", too_late)
    monkeypatch.setattr(etree, "XMLParser", too_late)
    monkeypatch.setattr(steps, "MarkdownIt", too_late)
    assert xml.parse_xml(b"<a/>").tag == "a"
    assert steps.parser() is not None
