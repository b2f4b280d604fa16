"""Refreshing an application from metadata (MD-09), and signed metadata (MD-10)."""

from collections.abc import Callable

import pytest
from lxml import etree

from ..e2e.server import ApiError, Workspace
from ..e2e.visitor import Response, Visitor
from . import kit
from .bad_web import BadWeb
from .test_md_metadata import key_descriptor, metadata


def signed_metadata(signer: kit.Identity, **parts: str) -> str:
    """Return metadata with a signature over the whole document."""
    parts["more"] = f' ID="{kit.new_id()}"'
    return kit.sign_xml(metadata(**parts), signer, place=0)


def address_of(bad_web: BadWeb) -> str:
    return f"http://127.0.0.1:{bad_web.server_port}/metadata"


def installed_from_url(
    workspace: Workspace, bad_web: BadWeb, xml: str, name: str, certificate: str = ""
) -> tuple[Visitor, str]:
    """Install Custom SAML from a URL as an admin; return the admin and its refresh page."""
    bad_web.metadata = xml
    admin = workspace.sign_in()
    page = admin.get(f"{workspace.url}/marketplace/custom-saml/install")
    done = admin.submit(
        page,
        "metadata_url",
        name=name,
        metadata_url=address_of(bad_web),
        metadata_certificate=certificate,
    )
    assert done.status == 200 and done.url.endswith("/guide"), done.words()
    return admin, done.url.removesuffix("/guide") + "/refresh"


def press(admin: Visitor, address: str, button: str) -> Response:
    """Open a page that asks for metadata, and press one of its buttons."""
    form = admin.get(address).form("metadata_xml")
    return admin.post(form.action, form.values | {button: "yes"}, sent_by=address)


def sp_of(workspace: Workspace, name: str) -> dict:
    (found,) = [a for a in workspace.api.items("/applications") if a["name"] == name]
    return found["service_provider"]


def test_md_09_a_refresh_of_acs_url_and_certificate_waits_for_review(
    workspace: Workspace, bad_web: BadWeb, sp: kit.Identity, thief: kit.Identity
) -> None:
    entity = {"entity_id": "https://md-09.example/"}
    first = metadata(**entity, keys=key_descriptor(sp.body))
    admin, address = installed_from_url(workspace, bad_web, first, "MD-09")
    recorded = sp_of(workspace, "MD-09")
    bad_web.metadata = metadata(
        **entity, acs="https://md-09.evil/acs", keys=key_descriptor(thief.body)
    )
    compared = press(admin, address, "metadata.again")
    assert "https://md-09.evil/acs" in compared.words()
    assert "https://md.example/acs" in compared.words(), "the recorded value is shown beside it"
    assert sp_of(workspace, "MD-09") == recorded
    # What is accepted is what was shown, though the server says now proposes something else.
    bad_web.metadata = metadata(**entity, acs="https://md-09.other/acs")
    assert admin.submit(compared, "shown").status == 200
    changed = sp_of(workspace, "MD-09")
    assert changed["acs_urls"] == ["https://md-09.evil/acs"]
    events = workspace.api.items("/events")
    (event,) = [e for e in events if e["action"] == "application.refreshed"]
    assert any("https://md-09.evil/acs" in line for line in event["detail"]["changed"])


def unsigned_for(signer: kit.Identity) -> str:
    return metadata(entity_id="https://md-10.example/")


def by_another_key(signer: kit.Identity) -> str:
    other = kit.make_identity("stranger")
    return signed_metadata(other, entity_id="https://md-10.example/")


def with_the_right_certificate_shown(signer: kit.Identity) -> str:
    other = kit.make_identity("stranger")
    xml = metadata(entity_id="https://md-10.example/", more=f' ID="{kit.new_id()}"')
    return kit.sign_xml(xml, other, place=0, certificate=signer.certificate)


def changed_after_signing(signer: kit.Identity) -> str:
    good = signed_metadata(signer, entity_id="https://md-10.example/")
    return good.replace("https://md.example/acs", "https://md-10.evil/acs")


def wrapped(signer: kit.Identity) -> str:
    good = signed_metadata(signer, entity_id="https://md-10.example/inner")
    evil = metadata(entity_id="https://md-10.example/", acs="https://md-10.evil/acs")
    return f'<md:EntitiesDescriptor xmlns:md="{kit.MD}">{evil}{good}</md:EntitiesDescriptor>'


def wrapped_in_extensions(signer: kit.Identity) -> str:
    good = signed_metadata(signer, entity_id="https://md-10.example/")
    root = etree.fromstring(good)
    signature = root.find("ds:Signature", kit.NS)
    evil = etree.fromstring(
        metadata(
            entity_id="https://md-10.example/",
            acs="https://md-10.evil/acs",
            more=f' ID="{kit.new_id()}"',
        )
    )
    evil.insert(0, signature)
    extensions = etree.Element(f"{{{kit.MD}}}Extensions")
    extensions.append(root)
    evil.insert(1, extensions)
    return etree.tostring(evil).decode()


def signed_role_only(signer: kit.Identity) -> str:
    root = etree.fromstring(metadata(entity_id="https://md-10.example/"))
    role = root[0]
    role.set("ID", kit.new_id())
    signed = etree.fromstring(kit.sign_xml(etree.tostring(role).decode(), signer, place=0))
    root.replace(role, signed)
    return etree.tostring(root).decode()


def with_sha_1(signer: kit.Identity) -> str:
    xml = metadata(entity_id="https://md-10.example/", more=f' ID="{kit.new_id()}"')
    return kit.sign_xml(xml, signer, place=0, method="RsaSha1", digest="Sha1")


def with_an_empty_reference(signer: kit.Identity) -> str:
    xml = metadata(entity_id="https://md-10.example/", more=f' ID="{kit.new_id()}"')
    return kit.sign_xml(xml, signer, place=0, uri="")


UNVOUCHED = (
    unsigned_for,
    by_another_key,
    with_the_right_certificate_shown,
    changed_after_signing,
    wrapped,
    wrapped_in_extensions,
    signed_role_only,
    with_sha_1,
    with_an_empty_reference,
)


@pytest.mark.parametrize("make", UNVOUCHED, ids=lambda make: make.__name__)
def test_md_10_metadata_not_signed_by_the_pinned_key_is_refused(
    workspace: Workspace, sp: kit.Identity, make: Callable[[kit.Identity], str]
) -> None:
    xml = make(sp)
    before = [a["id"] for a in workspace.api.items("/applications")]
    with pytest.raises(ApiError) as read:
        workspace.api.post("/applications/metadata", xml=xml, certificate=sp.certificate)
    with pytest.raises(ApiError) as install:
        workspace.api.post(
            "/applications",
            integration="custom-saml",
            name="MD-10",
            sp_metadata=xml,
            sp_metadata_certificate=sp.certificate,
        )
    assert (read.value.status, install.value.status) == (422, 422)
    assert [a["id"] for a in workspace.api.items("/applications")] == before


def test_md_10_every_refresh_checks_the_pinned_key(
    workspace: Workspace, bad_web: BadWeb, sp: kit.Identity
) -> None:
    entity = {"entity_id": "https://md-10.example/"}
    good = signed_metadata(sp, **entity)
    admin, address = installed_from_url(workspace, bad_web, good, "MD-10", sp.certificate)
    recorded = sp_of(workspace, "MD-10")
    for make in UNVOUCHED:
        bad_web.metadata = make(sp)
        refused = press(admin, address, "metadata.again")
        assert refused.status == 422, make.__name__
        # Naming another certificate in the form does not replace the pinned one.
        form = admin.get(address).form("metadata_xml")
        own = kit.make_identity("own")
        given = {"metadata_xml": signed_metadata(own, **entity)}
        given["metadata_certificate"] = own.certificate
        other = admin.post(form.action, form.values | given, sent_by=address)
        assert other.status == 422, make.__name__
    assert sp_of(workspace, "MD-10") == recorded
    bad_web.metadata = signed_metadata(sp, **entity, acs="https://md-10.example/acs/2")
    compared = press(admin, address, "metadata.again")
    assert admin.submit(compared, "shown").status == 200
    assert sp_of(workspace, "MD-10")["acs_urls"] == ["https://md-10.example/acs/2"]


@pytest.mark.parametrize("certificate", ["x", "AAAA", "-----BEGIN CERTIFICATE-----"])
def test_md_10_a_pin_that_is_not_a_certificate_is_rejected(
    workspace: Workspace, certificate: str
) -> None:
    with pytest.raises(ApiError) as refusal:
        workspace.api.post("/applications/metadata", xml=metadata(), certificate=certificate)
    assert refusal.value.status == 422 and "certificate" in refusal.value.problem
