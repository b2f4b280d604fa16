"""Sign-in, with responses verified by python3-saml in strict mode."""

from urllib.parse import parse_qs

import pytest
from ssoko.errors import AccessRefused, MessageRefused, NotFound
from ssoko.plugin import NameIdFormat
from ssoko.saml import names
from ssoko.services.access import assignments, decisions
from ssoko.services.applications import change
from ssoko.services.context import SYSTEM
from ssoko.services.people import groups, users
from ssoko.services.sso.saml import outcomes, sign_in


def test_user_with_the_role_gets_an_assertion_that_a_strict_sp_accepts(site, saml):
    app = site.install()
    session = site.sign_in()
    answer = site.begin(app, session, ID="_request1", relay_state="deep/link?x=1&y=<z>")
    response = saml.accept(app, answer, request_id="_request1")
    assert answer.acs_url == app.service_provider.acs_urls[0]
    assert answer.relay_state == "deep/link?x=1&y=<z>"
    assert response.get_nameid() == "amina@acme.test"
    assert response.get_session_index()
    (event,) = site.events(action="sign-in", application_id=app.id)
    assert (event.outcome, event.actor_id) == ("done", site.amina.id)
    assert event.detail["started"] == "redirect"


def test_tile_starts_an_idp_initiated_sign_in(site, saml):
    app = site.install(relay_state="https://app.example.com/home")
    answer = sign_in.launch(site.services, "acme", app.slug, session=site.sign_in())
    response = saml.accept(app, answer)
    assert "InResponseTo" not in saml.decoded(answer).attrib
    assert answer.relay_state == "https://app.example.com/home"
    assert response.get_nameid() == "amina@acme.test"


def test_application_can_be_launched_by_issuer_and_by_id(site, saml):
    app = site.install()
    session = site.sign_in()
    saml.accept(app, sign_in.launch(site.services, app.issuer.id, session=session))
    saml.accept(app, sign_in.launch(site.services, "acme", app.id, session=session))


def test_relay_state_of_a_launch_link_takes_precedence(site, saml):
    app = site.install(relay_state="https://app.example.com/home")
    session, deep = site.sign_in(), "https://app.example.com/reports?a=1&b=2"

    def launch(session):
        return sign_in.launch(site.services, "acme", app.slug, session=session, relay_state=deep)

    answer = launch(session)
    saml.accept(app, answer)
    assert answer.relay_state == deep
    path, _, query = launch(None).next_path.partition("?")
    assert (path, parse_qs(query)) == (f"/w/acme/launch/{app.slug}", {"RelayState": [deep]})


def test_application_without_idp_initiated_sign_in_starts_at_the_vendor_only(site, saml):
    app, session = site.install(), site.sign_in()
    change.update_application(site.scope, app.id, service_provider={"idp_initiated": False})
    with pytest.raises(MessageRefused) as caught:
        sign_in.launch(site.services, "acme", app.slug, session=session)
    assert caught.value.code == "idp-initiated-off"
    assert decisions.list_tiles(site.scope, site.amina.id) == ()
    saml.accept(app, site.begin(app, session, ID="_r"), request_id="_r")
    settings = {"launch_url": "https://app.example.com/start"}
    change.update_application(site.scope, app.id, settings=settings)
    answer = sign_in.launch(site.services, "acme", app.slug, session=session)
    assert isinstance(answer, outcomes.OpenLaunchUrl)
    assert [tile.slug for tile in decisions.list_tiles(site.scope, site.amina.id)] == [app.slug]


@pytest.mark.parametrize("required", [False, True])
def test_link_elsewhere_is_confirmed_where_signed_requests_are_required(
    site, saml, sp_key, required
):
    app = site.install(certificates=[sp_key.certificate], require_signed_requests=required)

    def launch(session, **more):
        return sign_in.launch(site.services, "acme", app.slug, session=session, **more)

    path = f"/w/acme/launch/{app.slug}"
    assert launch(None, confirmed=False).next_path == path + "?confirm=1" * required
    answer = launch(site.sign_in(), confirmed=False)
    if required:
        assert isinstance(answer, outcomes.ConfirmLaunch) and answer.path == path
    else:
        saml.accept(app, answer)
    saml.accept(app, launch(site.sign_in()))


def test_launch_url_opens_the_vendor(site):
    app = site.install(launch_url="https://app.example.com/start")
    answer = sign_in.launch(site.services, "acme", app.slug, session=site.sign_in())
    assert answer == outcomes.OpenLaunchUrl(
        url="https://app.example.com/start", application_name="App"
    )


def test_launch_url_requires_access(site):
    app = site.install(launch_url="https://app.example.com/start", people=False)
    with pytest.raises(AccessRefused):
        sign_in.launch(site.services, "acme", app.slug, session=site.sign_in())


def test_user_without_a_session_signs_in_and_continues(site, saml):
    app = site.install()
    asked = site.begin(app, None, ID="_request1", relay_state="keep me")
    assert isinstance(asked, outcomes.RequireSignIn)
    assert asked.next_path == f"/saml/{app.issuer.id}/continue/{asked.continue_key}"
    assert not asked.again
    assert sign_in.waiting_application(site.services, app.issuer.id, asked.continue_key) == "App"
    site.clock.ahead += 590
    answer = sign_in.resume(
        site.services, app.issuer.id, asked.continue_key, session=site.sign_in()
    )
    assert saml.decoded(answer).get("InResponseTo") == "_request1"
    assert answer.relay_state == "keep me"


def test_pending_request_gets_one_response(site):
    app = site.install()
    session = site.sign_in()
    key = sign_in.hold(site.services, app.issuer.id, site.inbound(app))
    sign_in.resume(site.services, app.issuer.id, key, session=session)
    again = sign_in.resume(site.services, app.issuer.id, key, session=session)
    assert isinstance(again, outcomes.OfferLaunch)
    assert (again.application_id, again.expired) == (app.id, False)


def test_a_request_waits_an_hour_and_no_longer(site):
    app = site.install()
    key = sign_in.hold(site.services, app.issuer.id, site.inbound(app))
    site.clock.ahead += 3599
    assert isinstance(
        sign_in.resume(site.services, app.issuer.id, key, session=None), outcomes.RequireSignIn
    )
    site.clock.ahead += 1
    offer = sign_in.resume(site.services, app.issuer.id, key, session=None)
    assert isinstance(offer, outcomes.OfferLaunch)
    assert offer.expired


def test_a_request_of_an_uninstalled_application_offers_nothing(site):
    app = site.install()
    key = sign_in.hold(site.services, app.issuer.id, site.inbound(app))
    change.uninstall(site.scope, app.id)
    site.clock.ahead += 3600
    with pytest.raises(MessageRefused, match="has expired"):
        sign_in.resume(site.services, app.issuer.id, key, session=None)


def test_key_of_a_pending_request_is_invalid_at_another_issuer(site):
    app, other = site.install(), site.install("Other", entity_id="urn:other")
    key = sign_in.hold(site.services, app.issuer.id, site.inbound(app))
    with pytest.raises(MessageRefused):
        sign_in.resume(site.services, other.issuer.id, key, session=None)


def test_session_of_another_workspace_is_ignored(site, make_site):
    app = site.install()
    from ssoko.services import workspaces

    other = workspaces.create_workspace(site.services, SYSTEM, slug="other", name="Other")
    acme, site.workspace = site.workspace, other
    site.person("eve", email="eve@other.test")
    stranger = site.sign_in("eve")
    site.workspace = acme
    asked = site.begin(app, stranger)
    assert isinstance(asked, outcomes.RequireSignIn)
    assert asked.again
    assert asked.workspace_slug == "acme"


# Who gets in


def test_user_without_the_role_sees_the_reason_and_no_assertion_is_sent(site):
    app = site.install(people=False)
    session = site.sign_in()
    for enter in (
        lambda: site.begin(app, session),
        lambda: sign_in.launch(site.services, "acme", app.slug, session=session),
        lambda: sign_in.launch(site.services, app.issuer.id, session=session),
    ):
        with pytest.raises(AccessRefused) as refusal:
            enter()
        assert refusal.value.code == "no-role"
        assert str(refusal.value) == "You don't have access to App."
        assert refusal.value.contact == "it@acme.test"
        (event,) = site.events(reference=refusal.value.reference)
        assert (event.action, event.outcome) == ("sign-in", "refused")
        assert event.detail["code"] == "no-role"
        assert "Amina Otieno has no role for App" in event.detail["received"]


def test_role_of_a_group_gives_its_members_access(site, saml):
    app = site.install(people=False)
    group = groups.create_group(site.scope, name="Engineers")
    assignments.assign_roles(
        site.scope,
        role_ids=[app.default_role.id],
        group_id=group.id,
    )
    session = site.sign_in()
    with pytest.raises(AccessRefused):
        site.begin(app, session)
    groups.add_member(site.scope, group.id, site.amina.id)
    saml.accept(app, site.begin(app, session, ID="_r"), request_id="_r")


def test_expired_assignment_denies_the_next_sign_in(site, saml):
    app = site.install(people=False)
    site.give(app, expires_at=site.clock() + 60)
    session = site.sign_in()
    saml.accept(app, site.begin(app, session, ID="_r"), request_id="_r")
    site.clock.ahead += 60
    with pytest.raises(AccessRefused) as refusal:
        site.begin(app, session)
    assert refusal.value.code == "role-expired"
    assert str(refusal.value) == "Your access to App has expired."


def test_role_of_another_application_gives_no_access(site):
    site.install("Other", entity_id="urn:other")
    app = site.install(people=False)
    with pytest.raises(AccessRefused):
        site.begin(app, site.sign_in())


def test_disabled_application_is_refused_before_the_user_signs_in(site):
    app = site.install()
    change.update_application(site.scope, app.id, enabled=False)
    for enter in (
        lambda: site.begin(app, None),
        lambda: site.begin(app, site.sign_in()),
        lambda: sign_in.hold(site.services, app.issuer.id, site.inbound(app)),
        lambda: sign_in.launch(site.services, "acme", app.slug, session=None),
    ):
        with pytest.raises(AccessRefused) as refusal:
            enter()
        assert refusal.value.code == "application-disabled"


def test_uninstalled_application_is_refused_immediately(site):
    app = site.install()
    session = site.sign_in()
    key = sign_in.hold(site.services, app.issuer.id, site.inbound(app))
    change.uninstall(site.scope, app.id)
    for enter in (
        lambda: site.begin(app, session),
        lambda: sign_in.resume(site.services, app.issuer.id, key, session=session),
        lambda: sign_in.launch(site.services, app.issuer.id, session=session),
    ):
        with pytest.raises(AccessRefused) as refusal:
            enter()
        assert refusal.value.code == "application-uninstalled"
    with pytest.raises(NotFound):
        sign_in.launch(site.services, "acme", app.slug, session=session)


def test_disabled_user_with_a_session_is_refused(site):
    app = site.install()
    session = site.sign_in()
    users.update_user(site.scope, site.amina.id, active=False)
    answer = site.begin(app, session)
    assert isinstance(answer, outcomes.RequireSignIn)


# What the SP asks for


def test_force_authn_wants_a_new_sign_in_and_shows_it(site, saml):
    app = site.install()
    old = site.sign_in()
    asked = site.begin(app, old, ID="_r", ForceAuthn="true")
    assert isinstance(asked, outcomes.RequireSignIn)
    assert asked.again
    again = sign_in.resume(site.services, app.issuer.id, asked.continue_key, session=old)
    assert isinstance(again, outcomes.RequireSignIn)
    site.clock.ahead += 30
    new = site.sign_in()
    answer = sign_in.resume(site.services, app.issuer.id, asked.continue_key, session=new)
    root = saml.decoded(answer)
    (statement,) = saml.find(root, "//saml:AuthnStatement")
    from ssoko.saml.xml import parse_instant

    assert parse_instant(statement.get("AuthnInstant")) == new.authn_at > old.authn_at


def test_force_authn_by_post_is_not_met_by_the_session_that_was_there(site):
    app = site.install()
    old = site.sign_in()
    key = sign_in.hold(site.services, app.issuer.id, site.inbound(app, ForceAuthn="true"))
    asked = sign_in.resume(site.services, app.issuer.id, key, session=old)
    assert isinstance(asked, outcomes.RequireSignIn)
    assert asked.continue_key == key
    answer = sign_in.resume(site.services, app.issuer.id, key, session=site.sign_in())
    assert isinstance(answer, outcomes.PostResponse)


@pytest.mark.parametrize("force", ["false", "true"])
def test_is_passive_never_shows_a_sign_in(site, saml, force):
    app = site.install()
    session = site.sign_in() if force == "true" else None
    answer = site.begin(
        app, session, ID="_r", IsPassive="true", ForceAuthn=force, relay_state="back"
    )
    assert isinstance(answer, outcomes.PostStatus)
    root = saml.decoded(answer)
    assert root.get("InResponseTo") == "_r"
    assert answer.relay_state == "back"
    assert saml.find(root, "//samlp:StatusCode/@Value") == [
        names.STATUS_RESPONDER,
        names.STATUS_NO_PASSIVE,
    ]
    assert not saml.find(root, "//saml:Assertion")
    assert site.events(reference=answer.refusal.reference)


def test_is_passive_with_a_session_signs_in(site, saml):
    app = site.install()
    answer = site.begin(app, site.sign_in(), ID="_r", IsPassive="true")
    saml.accept(app, answer, request_id="_r")


def test_is_passive_without_the_role_tells_the_sp_and_shows_nothing(site, saml):
    app = site.install(people=False)
    answer = site.begin(app, site.sign_in(), IsPassive="true")
    assert isinstance(answer, outcomes.PostStatus)
    codes = saml.find(saml.decoded(answer), "//samlp:StatusCode/@Value")
    assert codes[-1] == names.STATUS_REQUEST_DENIED


@pytest.mark.parametrize(
    ("inner", "status"),
    [
        (
            f'<samlp:NameIDPolicy Format="{names.NAMEID_KERBEROS}"/>',
            names.STATUS_INVALID_NAMEID_POLICY,
        ),
        (
            '<samlp:NameIDPolicy SPNameQualifier="urn:somebody-else"/>',
            names.STATUS_INVALID_NAMEID_POLICY,
        ),
        (
            "<samlp:RequestedAuthnContext><saml:AuthnContextClassRef>"
            f"{names.AUTHN_SMARTCARD_PKI}"
            "</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>",
            names.STATUS_NO_AUTHN_CONTEXT,
        ),
    ],
)
def test_unsupported_request_gets_its_status_before_the_user_signs_in(site, saml, inner, status):
    app = site.install()
    answer = site.begin(app, None, inner=inner)
    assert isinstance(answer, outcomes.PostStatus)
    assert answer.acs_url == app.service_provider.acs_urls[0]
    assert saml.find(saml.decoded(answer), "//samlp:StatusCode/@Value")[-1] == status


@pytest.mark.parametrize(
    "inner",
    [
        f'<samlp:NameIDPolicy Format="{NameIdFormat.UNSPECIFIED}" AllowCreate="true"/>',
        "<samlp:RequestedAuthnContext><saml:AuthnContextClassRef>"
        f"{names.AUTHN_PASSWORD_PROTECTED}"
        "</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>",
    ],
)
def test_default_request_of_python3_saml_is_accepted(site, saml, inner):
    app = site.install(name_id_format=NameIdFormat.EMAIL.value)
    answer = site.begin(app, site.sign_in(), ID="_r", inner=inner)
    saml.accept(app, answer, request_id="_r")


@pytest.mark.parametrize(
    ("requested", "value"),
    [
        (NameIdFormat.EMAIL, "amina@acme.test"),
        (NameIdFormat.EMAIL.replace("1.1", "2.0"), "amina@acme.test"),
        (NameIdFormat.PERSISTENT, ""),
        (NameIdFormat.TRANSIENT, ""),
    ],
)
def test_open_format_gives_what_the_request_asks_for(site, saml, requested, value):
    app = site.install(name_id_source="user.username")
    session, inner = site.sign_in(), f'<samlp:NameIDPolicy Format="{requested}"/>'
    answers = [site.begin(app, session, inner=inner) for _ in range(2)]
    first, second = (saml.find(saml.decoded(answer), "//saml:NameID")[0] for answer in answers)
    assert first.get("Format") == requested
    assert value in ("", first.text) and "amina" not in first.text.replace(value, "", 1)
    assert (first.text == second.text) is (requested != NameIdFormat.TRANSIENT)


def test_email_address_in_a_subject_is_compared_without_case(site, saml):
    app = site.install(name_id_format=NameIdFormat.EMAIL.value)
    inner = "<saml:Subject><saml:NameID>Amina@ACME.test</saml:NameID></saml:Subject>"
    answer = site.begin(app, site.sign_in(), ID="_r", inner=inner)
    saml.accept(app, answer, request_id="_r")


def test_request_for_another_subject_gets_a_status(site, saml):
    app = site.install()
    session = site.sign_in()
    inner = "<saml:Subject><saml:NameID>{}</saml:NameID></saml:Subject>"
    answer = site.begin(app, session, inner=inner.format("bob@acme.test"))
    assert isinstance(answer, outcomes.PostStatus)
    codes = saml.find(saml.decoded(answer), "//samlp:StatusCode/@Value")
    assert codes[-1] == names.STATUS_UNKNOWN_PRINCIPAL
    answer = site.begin(app, session, ID="_r", inner=inner.format("amina@acme.test"))
    saml.accept(app, answer, request_id="_r")


# Where the answer goes


LOOK_ALIKES = [
    "https://app.example.com/saml/acs/",
    "https://app.example.com/saml/acs?",
    "https://app.example.com/saml/../saml/acs",
    "https://app.example.com/saml/%61cs",
    "https://APP.example.com/saml/acs",
    "https://app.example.com:443/saml/acs",
    "http://app.example.com/saml/acs",
    "https://app.example.com.evil.test/saml/acs",
    "https://app.example.com@evil.test/saml/acs",
    "https://evil.test/saml/acs",
    "javascript:alert(1)",
    " ",
]


@pytest.mark.parametrize("url", LOOK_ALIKES)
def test_unregistered_acs_url_gets_no_response(site, url):
    app = site.install()
    with pytest.raises(MessageRefused) as refusal:
        site.begin(app, site.sign_in(), AssertionConsumerServiceURL=url)
    assert refusal.value.code == "acs-not-registered"
    assert refusal.value.http == 400


def test_request_can_name_any_registered_acs_url(site, saml):
    second = "https://app.example.com/saml/acs2"
    app = site.install(acs_urls=["https://app.example.com/saml/acs", second])
    session = site.sign_in()
    answer = site.begin(app, session, ID="_r", AssertionConsumerServiceURL=second)
    assert answer.acs_url == second
    saml.accept(app, answer, request_id="_r")
    by_index = {"AssertionConsumerServiceURL": None, "AssertionConsumerServiceIndex": "1"}
    assert site.begin(app, session, **by_index).acs_url == second
    absent = site.begin(app, session, AssertionConsumerServiceURL=None)
    assert absent.acs_url == "https://app.example.com/saml/acs"


@pytest.mark.parametrize("index", ["2", "65535"])
def test_unknown_acs_index_gets_no_response(site, index):
    app = site.install()
    with pytest.raises(MessageRefused) as refusal:
        site.begin(
            app,
            site.sign_in(),
            AssertionConsumerServiceURL=None,
            AssertionConsumerServiceIndex=index,
        )
    assert refusal.value.code == "acs-index-unknown"


# Who asks


def test_sp_of_another_application_is_unknown(site):
    app = site.install()
    site.install("Other", entity_id="urn:other")
    with pytest.raises(MessageRefused) as refusal:
        site.begin(app, site.sign_in(), Issuer="urn:other")
    assert refusal.value.code == "sp-unknown"
    assert refusal.value.expected == app.service_provider.entity_id
    (event,) = site.events(reference=refusal.value.reference)
    assert (event.action, event.application_id) == ("request.refused", app.id)


def test_unknown_issuer_is_not_found(site):
    app = site.install()
    for enter in (
        lambda: sign_in.begin(site.services, "nobody", site.inbound(app), session=None),
        lambda: sign_in.hold(site.services, "nobody", site.inbound(app)),
        lambda: sign_in.resume(site.services, "nobody", "key", session=None),
        lambda: sign_in.launch(site.services, "nobody", session=None),
        lambda: sign_in.launch(site.services, "acme", "nothing", session=None),
    ):
        with pytest.raises(NotFound):
            enter()


def test_old_request_is_refused_and_small_clock_skew_is_allowed(site, saml):
    from ssoko.saml.xml import instant

    app = site.install()
    session = site.sign_in()
    for seconds in (-3600, 3600, -86_400):
        with pytest.raises(MessageRefused) as refusal:
            site.begin(app, session, IssueInstant=instant(site.clock() + seconds))
        assert refusal.value.code == "not-fresh"
    for seconds in (-60, 60):
        answer = site.begin(app, session, IssueInstant=instant(site.clock() + seconds))
        assert isinstance(answer, outcomes.PostResponse)


def test_garbage_is_refused_with_a_line_in_the_log(site):
    from ssoko.saml.bindings import Inbound

    app = site.install()
    with pytest.raises(MessageRefused) as refusal:
        sign_in.begin(
            site.services,
            app.issuer.id,
            Inbound(b"<nonsense/>", "", names.BINDING_REDIRECT),
            session=None,
        )
    (event,) = site.events(reference=refusal.value.reference)
    assert refusal.value.reference.startswith("SK-")
    assert (event.application_id, event.actor_kind) == (app.id, "anonymous")


def test_repeated_unsigned_request_gets_new_ids(site, saml):
    app = site.install()
    session = site.sign_in()
    first, second = (saml.decoded(site.begin(app, session, ID="_same")) for _ in range(2))
    assert first.get("ID") != second.get("ID")
    assert saml.find(first, "//@SessionIndex") == saml.find(second, "//@SessionIndex")


def test_text_that_no_database_can_store_is_cleaned_and_recorded(site):
    app = site.install()
    refusal = MessageRefused("odd", "Odd.", received="\udcff\0" + "x" * 600)
    sign_in.log_refusal(site.services, app.issuer.id, refusal, session=None)
    (event,) = site.events(reference=refusal.reference)
    assert event.detail["received"] == refusal.received == "??" + "x" * 498
