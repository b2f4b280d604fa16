"""No input causes a server error: the corpus, and random changes of it.

Each file of ``corpus/`` is one body or query string. The start of its name says where it is sent;
a seed that once broke something gets a file here.
"""

import random
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest

from ..e2e.server import Workspace
from ..e2e.visitor import Response, Visitor
from . import kit
from .conftest import Applications
from .site import INTERNALS, Target

CORPUS = sorted(Path(__file__).with_name("corpus").glob("*.txt"))
REQUESTS = 800
SECONDS = 15
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
API = [
    ("POST", "/users"),
    ("POST", "/applications"),
    ("POST", "/applications/metadata"),
    ("POST", "/groups"),
    ("POST", "/roles"),
    ("POST", "/issuers"),
    ("PATCH", "/applications/{id}"),
    ("PUT", "/applications/{id}/mappers"),
    ("POST", "/applications/{id}/preview"),
    ("POST", "/applications/{id}/check"),
    ("POST", "/users/{person}/roles"),
]
WORDS = [
    *(b"%00", b"\0", b"\xff", b"%ed%a0%80", b"<!--", b"]]>", b"&#0;", b"\\ud800", b"9" * 30, b"-1"),
    *(b"null", b"{}", b"[]", b"'", b'"', b"%s", b"\r\n", b"\xef\xbb\xbf", b"1e999"),
]
PAGES = [
    "users/new",
    "groups/new",
    "roles/new",
    "marketplace/custom-saml/install",
    "applications/fuzz/mappers/new",
    "applications/fuzz/saml",
]


class Field:
    """Where the seeds are sent."""

    def __init__(self, target: Target, workspace: Workspace) -> None:
        self.target, self.workspace = target, workspace
        self.person = workspace.create_user("sown")["id"]
        self.admin = workspace.sign_in()
        self.logout = target.login.removesuffix("login") + "logout"
        self.tokens: dict[str, str] = {}

    def sow(self, kind: str, seed: bytes) -> list[Response]:
        """Send a seed to every endpoint of its kind."""
        return list(getattr(self, f"_{kind}")(seed))

    def _query(self, seed: bytes):
        text = urllib.parse.quote_from_bytes(seed, safe="!$%&'()*+,;=:@/?-._~[]")[:60_000]
        for address in (self.target.login, self.logout):
            yield self.target.person.get(f"{address}?{text}")

    def _form(self, seed: bytes):
        for address in (self.target.login, self.logout):
            yield self.target.person.open("POST", address, body=seed, headers=FORM)

    def _xml(self, seed: bytes):
        yield self.target.by_redirect(seed)(self.target.person)
        yield self.target.by_post(seed)(self.target.person)
        message = kit.query(SAMLRequest=kit.deflated(seed))
        yield self.target.person.get(f"{self.logout}?{message}")

    def _json(self, seed: bytes):
        headers = {
            "Authorization": f"Bearer {self.workspace.api.token}",
            "Content-Type": "application/json",
        }
        for method, path in API:
            address = self.workspace.api.root + path.format(id=self.target.id, person=self.person)
            yield Visitor().open(method, address, body=seed, headers=headers)

    def _page(self, seed: bytes):
        for path in PAGES:
            address = f"{self.workspace.url}/{path}"
            if path not in self.tokens:
                page = self.admin.get(address)
                assert page.status == 200, f"{page.status} {page.url}"
                self.tokens[path] = page.form("csrf_token").values["csrf_token"]
            body = seed + f"&csrf_token={self.tokens[path]}".encode()
            headers = FORM | {"Origin": self.target.server.url}
            yield self.admin.open("POST", address, body=body, headers=headers, follow=False)


@pytest.fixture(scope="module")
def field(applications: Applications, workspace: Workspace) -> Field:
    """Return an application, an admin and a token."""
    return Field(applications("fuzz"), workspace)


def is_well(answers: list[Response]) -> bool:
    """Return whether every response is a well-formed one without a server error."""
    return all(
        page.status < 500 and not INTERNALS.search(page.body.decode("utf-8", "replace"))
        for page in answers
    )


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_the_corpus_causes_no_server_error(field: Field, path: Path) -> None:
    seed = path.read_bytes()
    answers = field.sow(path.stem.partition("-")[0], seed)
    assert answers
    for page in answers:
        assert page.status < 500, f"{page.status} {page.url[:200]}: {page.text[:500]}"
        found = INTERNALS.search(page.text)
        assert not found, f"{found.group()} at {page.url[:200]}"


def flip(chance: random.Random, seed: bytes, other: bytes) -> bytes:
    """Change one byte."""
    place = chance.randrange(len(seed))
    return seed[:place] + bytes([chance.randrange(256)]) + seed[place + 1 :]


def drop(chance: random.Random, seed: bytes, other: bytes) -> bytes:
    """Remove a piece."""
    place = chance.randrange(len(seed))
    return seed[:place] + seed[place + chance.randrange(1, 20) :]


def repeat(chance: random.Random, seed: bytes, other: bytes) -> bytes:
    """Repeat a piece several times."""
    place = chance.randrange(len(seed))
    piece = seed[place : place + chance.randrange(1, 40)]
    return seed[:place] + piece * chance.randrange(2, 9) + seed[place:]


def splice(chance: random.Random, seed: bytes, other: bytes) -> bytes:
    """Continue with another seed."""
    return seed[: chance.randrange(len(seed))] + other[chance.randrange(len(other)) :]


def word(chance: random.Random, seed: bytes, other: bytes) -> bytes:
    """Insert a word that has caused faults in other software."""
    place = chance.randrange(len(seed))
    return seed[:place] + chance.choice(WORDS) + seed[place:]


MUTATIONS: list[Callable[[random.Random, bytes, bytes], bytes]] = [flip, drop, repeat, splice, word]


def mutated(chance: random.Random, path: Path) -> bytes:
    """Return a seed after a few random changes."""
    seed = path.read_bytes()
    kind = path.stem.partition("-")[0]
    relatives = [p for p in CORPUS if p.stem.startswith(kind)]
    for _ in range(chance.randrange(1, 5)):
        other = chance.choice(relatives).read_bytes()
        seed = chance.choice(MUTATIONS)(chance, seed or b"x", other)
    return seed


def test_random_changes_of_the_corpus_cause_no_server_error(field: Field) -> None:
    chance = random.Random(20261124)  # noqa: S311  the same every time
    began, sent = time.monotonic(), 0
    while sent < REQUESTS and time.monotonic() - began < SECONDS:
        path = chance.choice(CORPUS)
        seed = mutated(chance, path)
        answers = field.sow(path.stem.partition("-")[0], seed)
        assert is_well(answers), f"from {path.name}: {seed!r}"
        sent += len(answers)
    assert sent >= 50
    field.target.accepts()
