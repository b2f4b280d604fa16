"""Pages that leave Ssoko: compiled once, filled in each time, always escaped."""

from html.parser import HTMLParser

from ssoko.services.sso.saml.outcomes import OpenLaunchUrl, PostResponse
from ssoko.web.sso.leaving import fill

NASTY = "\"><script>alert('&amp;')</script>\0nonce\0{{ 7 * 7 }}"


class Read(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.fields, self.scripts, self.said = {}, [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "input":
            self.fields[found["name"]] = found["value"]
        if tag == "form":
            self.fields["action"] = found["action"]
        if tag == "a":
            self.fields["href"] = found["href"]
        if tag == "script":
            self.scripts.append(found)

    def handle_data(self, data):
        self.said.append(data)


def answer(relay_state=""):
    return PostResponse(
        acs_url="https://sp.example/acs?a=1&b=2",
        saml_response="PHg+",
        relay_state=relay_state,
        application_name=NASTY,
    )


def drawn(app, of, nonce="n1", **chosen):
    template = "sso/post.html" if isinstance(of, PostResponse) else "sso/elsewhere.html"
    with app.test_request_context("/"):
        return fill(template, of, nonce=nonce, **chosen)


def test_values_come_back_as_they_were_and_are_no_markup(empty_app):
    page = drawn(empty_app, answer(NASTY), failed=False, relayed=True)
    read = Read(page.replace("\0", "\ufffd"))
    nasty = NASTY.replace("\0", "\ufffd")
    assert read.fields == {
        "action": "https://sp.example/acs?a=1&b=2",
        "SAMLResponse": "PHg+",
        "RelayState": nasty,
    }
    assert read.scripts == [{"nonce": "n1"}]
    assert f"Signing in to {nasty}" in read.said


def test_nothing_of_one_answer_is_in_the_next(empty_app):
    drawn(empty_app, answer("secret"), failed=False, relayed=True)
    page = drawn(empty_app, answer(), nonce="n2", failed=False, relayed=False)
    assert "secret" not in page and "RelayState" not in page and "n1" not in page
    failed = drawn(empty_app, answer(), failed=True, relayed=False)
    assert "Going back to" in failed and "Going back to" not in page


def test_a_link_leads_where_the_vendor_wants_the_browser(empty_app):
    of = OpenLaunchUrl(url="https://vendor.example/?a=1&b=2", application_name="Vendor")
    assert Read(drawn(empty_app, of)).fields["href"] == of.url
