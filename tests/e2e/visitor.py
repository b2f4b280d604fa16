"""A browser without JavaScript that keeps cookies, built on the standard library."""

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
class Response:
    """The last HTTP response, after redirects."""

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
        """Return the visible text of the page, with whitespace collapsed."""
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
        """Return whether this page or a redirect to it contains a SAML response."""
        return b"SAMLResponse" in self.body or any("SAMLResponse=" in hop for hop in self.hops)


@dataclass(frozen=True, slots=True)
class Form:
    """A form with the values of the page."""

    action: str
    method: str
    values: dict[str, str]


@dataclass(slots=True)
class Visitor:
    """Open pages, keep cookies by host (as browsers do, whatever the port), follow redirects."""

    cookies: dict[str, dict[str, str]] = field(default_factory=dict)

    def get(self, url: str, *, follow: bool = True, cookies: bool = True) -> Response:
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
    ) -> Response:
        """Send a form from the page ``sent_by``; by default from a page of the same site."""
        body = urllib.parse.urlencode(form).encode()
        page = urllib.parse.urlsplit(sent_by or url)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": f"{page.scheme}://{page.netloc}",
            "Referer": page.geturl(),
        }
        return self.open("POST", url, body=body, headers=headers, follow=follow, cookies=cookies)

    def submit(self, page: Response, *fields: str, **changes: str) -> Response:
        """Send the form of a page that has these fields.

        From another host, the first request has no cookies, as ``SameSite=Lax`` requires.
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
    ) -> Response:
        """Send a request and follow redirects."""
        hops: list[str] = []
        for _ in range(REDIRECTS):
            response = self._send(method, url, body, headers or {}, cookies=cookies)
            location = response.headers.get("location")
            if not follow or response.status not in (301, 302, 303, 307, 308) or not location:
                return Response(url, response.status, response.headers, response.body, tuple(hops))
            url = urllib.parse.urljoin(url, location)
            hops.append(url)
            cookies = True
            if response.status not in (307, 308):
                method, body, headers = "GET", b"", {}
        raise AssertionError(f"more than {REDIRECTS} redirects: {hops}")

    def _send(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str], *, cookies: bool
    ) -> Response:
        parts = urllib.parse.urlsplit(url)
        jar = self.cookies.setdefault(parts.hostname or "", {})
        request_headers = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", **headers}
        if cookies and jar:
            request_headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT)
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(method, target, body=body or None, headers=request_headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        for line in response.headers.get_all("Set-Cookie") or ():
            _keep(jar, line)
        received = {name.lower(): value for name, value in response.headers.items()}
        return Response(url, response.status, received, content)


def _keep(jar: dict[str, str], line: str) -> None:
    for name, morsel in http.cookies.SimpleCookie(line).items():
        if morsel["max-age"] == "0" or "1970" in morsel["expires"]:
            jar.pop(name, None)
        else:
            jar[name] = morsel.value
