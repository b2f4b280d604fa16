"""The documentation pages that guides link to."""


def test_sections_that_guides_link_to_exist(site):
    page = site.browser().get("/docs/applications").text
    assert 'id="application-details"' in page
    assert 'id="application-execution"' in page
