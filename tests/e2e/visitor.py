"""A person with a browser that keeps cookies and runs no script, over the standard library."""

import http.client
import http.cookies
import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field

import lxml.html

TIMEOUT = 30
REDIRECTS = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a server, redirects already followed."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    hops: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return the body as text."""
        return self.body.decode("utf-8")

    def json(self):
        """Return the body as JSON."""
        return json.loads(self.body)

    def document(self) -> lxml.html.HtmlElement:
        """Return the page as a tree whose links are absolute."""
        return lxml.html.document_fromstring(self.body, base_url=self.url)

    def words(self) -> str:
        """Return what a person reads on the page, spaces folded."""
        document = self.document()
        for hidden in document.xpath("//script | //style | //head"):
            hidden.drop_tree()
        return " ".join(" ".join(document.itertext()).split())

    def form(self, *fields: str) -> "Form":
        """Return the first form that has all these fields."""
        for element in self.document().forms:
            values = {k: v for k, v in element.form_values()}
            if all(name in element.fields for name in fields):
                action = urllib.parse.urljoin(self.url, element.action or self.url)
                return Form(action, element.method.upper(), values)
        raise AssertionError(f"no form with {fields} at {self.url} ({self.status}): {self.words()}")

    def has_assertion(self) -> bool:
        """Tell whether this page carries a SAML response to somebody."""
        return b"SAMLResponse" in self.body or any("SAMLResponse=" in hop for hop in self.hops)


@dataclass(frozen=True, slots=True)
class Form:
    """A form as filled in by the page."""

    action: str
    method: str
    values: dict[str, str]


@dataclass(slots=True)
class Visitor:
    """Open pages, keep cookies by host (as browsers do, whatever the port), follow redirects."""

    cookies: dict[str, dict[str, str]] = field(default_factory=dict)

    def get(self, url: str, *, follow: bool = True, cookies: bool = True) -> Answer:
        """Open a page."""
        return self.open("GET", url, follow=follow, cookies=cookies)

    def post(
        self,
        url: str,
        form: Mapping[str, str],
        *,
        follow: bool = True,
        cookies: bool = True,
        sent_by: str = "",
    ) -> Answer:
        """Send a form, as the page ``sent_by`` would; by default a page of the same site."""
        body = urllib.parse.urlencode(form).encode()
        page = urllib.parse.urlsplit(sent_by or url)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": f"{page.scheme}://{page.netloc}",
            "Referer": page.geturl(),
        }
        return self.open("POST", url, body=body, headers=headers, follow=follow, cookies=cookies)

    def submit(self, page: Answer, *fields: str, **changes: str) -> Answer:
        """Send the form of a page that has these fields.

        From another host the cookies stay at home on the first hop, as ``SameSite=Lax`` asks.
        """
        form = page.form(*fields, *changes)
        here = urllib.parse.urlsplit(page.url).hostname
        there = urllib.parse.urlsplit(form.action).hostname
        if form.method == "GET":
            return self.get(f"{form.action}?{urllib.parse.urlencode(form.values | changes)}")
        return self.post(
            form.action, form.values | changes, cookies=here == there, sent_by=page.url
        )

    def open(
        self,
        method: str,
        url: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        follow: bool = True,
        cookies: bool = True,
    ) -> Answer:
        """Send one request and follow where it leads."""
        hops: list[str] = []
        for _ in range(REDIRECTS):
            answer = self._exchange(method, url, body, headers or {}, cookies=cookies)
            location = answer.headers.get("location")
            if not follow or answer.status not in (301, 302, 303, 307, 308) or not location:
                return Answer(url, answer.status, answer.headers, answer.body, tuple(hops))
            url = urllib.parse.urljoin(url, location)
            hops.append(url)
            cookies = True
            if answer.status not in (307, 308):
                method, body, headers = "GET", b"", {}
        raise AssertionError(f"more than {REDIRECTS} redirects: {hops}")

    def _exchange(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str], *, cookies: bool
    ) -> Answer:
        parts = urllib.parse.urlsplit(url)
        jar = self.cookies.setdefault(parts.hostname or "", {})
        sent = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", **headers}
        if cookies and jar:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT)
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, body=body or None, headers=sent)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        for line in response.headers.get_all("Set-Cookie") or ():
            _keep(jar, line)
        received = {name.lower(): value for name, value in response.headers.items()}
        return Answer(url, response.status, received, content)


def _keep(jar: dict[str, str], line: str) -> None:
    for name, morsel in http.cookies.SimpleCookie(line).items():
        if morsel["max-age"] == "0" or "1970" in morsel["expires"]:
            jar.pop(name, None)
        else:
            jar[name] = morsel.value
