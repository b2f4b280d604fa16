"""The pages that guides end with."""


def test_both_addresses_of_the_guides_lead_to_their_section(site):
    page = site.browser().get("/docs/applications").text
    assert 'id="application-details"' in page
    assert 'id="application-execution"' in page
