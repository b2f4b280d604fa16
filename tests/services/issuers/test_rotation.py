"""Key rotation: next, active, retired and rollback, without interrupting sign-ins."""

import threading
from dataclasses import replace

import pytest
from onelogin.saml2.errors import OneLogin_Saml2_ValidationError
from ssoko.errors import Conflict, InputError, NotFound
from ssoko.plugin.host.registry import Registry
from ssoko.services.applications import install, views
from ssoko.services.context import SYSTEM, Actor, Scope
from ssoko.services.issuers import issuers, keys, rotation
from ssoko.services.issuers.rotation_status import rotation as plan_of
from ssoko.services.marketplace.plugin_pages import web_applications
from ssoko.services.sso import sign_in_context
from ssoko.store.models.issuers import SigningKey
from ssoko.store.models.table import database

DAY = 86_400
JOSEPH = Actor("user", "joseph", "Joseph Mwangi")


@pytest.fixture
def app(site):
    return site.install()


@pytest.fixture
def turn(site, app):
    """Call a function of the rotation on the application's issuer."""

    def call(function, *key_ids, **more):
        scope = Scope(site.services, site.workspace.id, JOSEPH)
        return function(scope, app.issuer.id, *key_ids, **more)

    return call


def states(keys):
    return [(key.state, key.published) for key in keys]


def published(site, app):
    """Return the certificates of the metadata in their order, as PEM."""
    return issuers.get_issuer(site.scope, app.issuer.id).certificates


def signed_by(saml, answer):
    """Return the certificate that an answer shows."""
    (found, *_) = saml.decoded(answer).iter("{http://www.w3.org/2000/09/xmldsig#}X509Certificate")
    return "".join(found.text.split())


def body(pem):
    return "".join(pem.splitlines()[1:-1])


def test_new_issuer_has_one_active_key(turn):
    (only,) = turn(rotation.list_keys)
    assert (only.state, only.published, only.created_by) == ("active", True, "")
    assert only.activated_at == only.created_at


def test_next_key_is_in_the_metadata_after_the_active_one(site, app, turn):
    before, tag = issuers.issuer_metadata(site.services, app.issuer.id)
    made = turn(rotation.create_next, algorithm="rsa-3072")
    assert (made.state, made.created_by, made.description) == (
        "next",
        "Joseph Mwangi",
        "RSA 3072, SHA-256",
    )
    after, other_tag = issuers.issuer_metadata(site.services, app.issuer.id)
    assert tag != other_tag
    assert before.count(b"<ds:X509Certificate>") == 1
    first, second = body(app.issuer.certificate).encode(), body(made.certificate).encode()
    assert 0 < after.index(first) < after.index(second)
    assert published(site, app) == (app.issuer.certificate, made.certificate)
    assert site.events(action="key.created", application_id=app.id, actor_name="Joseph Mwangi")


def test_sign_ins_go_on_with_the_active_key_until_the_switch(site, app, turn, saml):
    session = site.sign_in()
    made = turn(rotation.create_next)
    answer = site.begin(app, session)
    assert signed_by(saml, answer) == body(app.issuer.certificate)
    saml.accept(app, answer)
    turn(rotation.activate, made.id)
    answer = site.begin(app, session)
    assert signed_by(saml, answer) == body(made.certificate)
    with pytest.raises(OneLogin_Saml2_ValidationError):
        saml.accept(app, answer)
    saml.accept(views.get_application(site.scope, app.id), answer)


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_next_key_can_have_any_key_type(site, app, turn, saml, algorithm):
    made = turn(rotation.create_next, algorithm=algorithm)
    turn(rotation.activate, made.id)
    answer = site.begin(app, site.sign_in())
    assert signed_by(saml, answer) == body(made.certificate)
    assert made.algorithm == keys.ALGORITHMS[algorithm]
    assert made.algorithm in {
        element.get("Algorithm")
        for element in saml.decoded(answer).iter(
            "{http://www.w3.org/2000/09/xmldsig#}SignatureMethod"
        )
    }


def test_old_key_stays_in_the_metadata_for_thirty_days(site, app, turn):
    made = turn(rotation.create_next)
    turn(rotation.activate, made.id)
    old = turn(rotation.list_keys)[1]
    assert (old.state, old.kept, old.published_until - old.retired_at) == (
        "retired",
        True,
        30 * DAY,
    )
    assert published(site, app) == (made.certificate, old.certificate)
    site.clock.ahead = 30 * DAY - 60
    assert published(site, app) == (made.certificate, old.certificate)
    site.clock.ahead = 30 * DAY + 60
    assert published(site, app) == (made.certificate,)
    assert states(turn(rotation.list_keys)) == [("active", True), ("retired", False)]
    with pytest.raises(Conflict, match="cannot be activated again"):
        turn(rotation.activate, old.id)
    with pytest.raises(Conflict, match="no previous key"):
        turn(rotation.undo)


def test_activation_can_be_rolled_back_and_repeated(site, app, turn, saml):
    first = turn(rotation.list_keys)[0]
    second = turn(rotation.create_next)
    session = site.sign_in()
    for _ in range(2):
        turn(rotation.activate, second.id)
        assert signed_by(saml, site.begin(app, session)) == body(second.certificate)
        assert turn(rotation.undo).id == first.id
        assert signed_by(saml, site.begin(app, session)) == body(first.certificate)
        assert [(key.id, key.state) for key in turn(rotation.list_keys)] == [
            (first.id, "active"),
            (second.id, "next"),
        ]
        assert published(site, app) == (first.certificate, second.certificate)
    assert [e.action for e in site.events(target_id=app.issuer.id)] == [
        "key.created",
        *["key.activated", "key.rolled-back"] * 2,
    ]


def test_undo_keeps_another_next_key_that_was_made_meanwhile(turn):
    first = turn(rotation.list_keys)[0]
    second = turn(rotation.create_next)
    turn(rotation.activate, second.id)
    third = turn(rotation.create_next)
    turn(rotation.undo)
    found = [(key.id, key.state, key.published) for key in turn(rotation.list_keys)]
    assert found == [
        (first.id, "active", True),
        (third.id, "next", True),
        (second.id, "retired", True),
    ]


def test_sign_in_in_progress_can_use_a_retired_key(site, app, turn):
    first = turn(rotation.list_keys)[0]
    turn(rotation.activate, turn(rotation.create_next).id)
    turn(rotation.retire, first.id)
    rotation.forget_retired(now=site.clock() + 60)
    assert sign_in_context.signing_key(site.services, first.id).sign(b"begun before the switch")


def test_private_part_of_a_retired_key_is_deleted_after_an_hour(site, turn):
    first = turn(rotation.list_keys)[0]
    turn(rotation.activate, turn(rotation.create_next).id)
    assert rotation.forget_retired(now=site.clock() + 30 * DAY) == 0
    turn(rotation.retire, first.id)
    assert rotation.forget_retired(now=site.clock() + 3601) == 1
    assert rotation.forget_retired(now=site.clock() + 3601) == 0
    assert bytes(SigningKey.get_by_id(first.id).private_key) == b""
    assert turn(rotation.get_key, first.id).certificate == first.certificate


def test_retired_key_is_removed_from_the_metadata_immediately(site, app, turn):
    first = turn(rotation.list_keys)[0]
    second = turn(rotation.create_next)
    for key in (first, second):
        with pytest.raises(Conflict):
            turn(rotation.retire, key.id)
    turn(rotation.activate, second.id)
    assert not turn(rotation.retire, first.id).published
    assert published(site, app) == (second.certificate,)
    with pytest.raises(Conflict, match="already"):
        turn(rotation.retire, first.id)


def test_discarded_key_is_deleted_and_logged(site, app, turn):
    made = turn(rotation.create_next)
    turn(rotation.discard, made.id)
    assert published(site, app) == (app.issuer.certificate,)
    with pytest.raises(NotFound):
        turn(rotation.get_key, made.id)
    assert site.events(action="key.discarded", application_id=app.id)
    with pytest.raises(Conflict, match="This key is active"):
        turn(rotation.discard, turn(rotation.list_keys)[0].id)


def test_discarded_key_that_has_signed_can_finish_sign_ins(site, turn):
    second = turn(rotation.create_next)
    turn(rotation.activate, second.id)
    turn(rotation.undo)
    turn(rotation.discard, second.id)
    assert states(turn(rotation.list_keys)) == [("active", True), ("retired", False)]
    assert sign_in_context.signing_key(site.services, second.id).sign(b"begun")


def test_there_is_one_next_key_at_a_time(turn):
    turn(rotation.create_next)
    with pytest.raises(Conflict, match="already a next key"):
        turn(rotation.create_next)
    assert len(turn(rotation.list_keys)) == 2


@pytest.mark.parametrize("algorithm", ["", "rsa-1024", "RSA-2048", "ed25519"])
def test_unknown_algorithm_is_refused_with_the_valid_ones(turn, algorithm):
    with pytest.raises(InputError, match="rsa-2048, rsa-3072, rsa-4096, ec-p256, ec-p384"):
        turn(rotation.create_next, algorithm=algorithm)
    assert len(turn(rotation.list_keys)) == 1


def test_keys_of_other_workspaces_and_issuers_are_not_found(site, app, turn):
    made = turn(rotation.create_next)
    shared = issuers.create_issuer(site.scope, name="Shared")
    for workspace, issuer, key in (
        ("elsewhere", app.issuer.id, made.id),
        (site.workspace.id, shared.id, made.id),
        (site.workspace.id, app.issuer.id, "nothing"),
        (site.workspace.id, "no issuer\0", made.id),
    ):
        for change in (rotation.activate, rotation.retire, rotation.discard):
            with pytest.raises(NotFound):
                change(Scope(site.services, workspace, JOSEPH), issuer, key)
    assert turn(rotation.get_key, made.id).state == "next"


def test_several_admins_who_switch_at_once_switch_once(site, turn):
    made = turn(rotation.create_next)
    start, refused = threading.Barrier(4), []

    def switch():
        start.wait()
        try:
            turn(rotation.activate, made.id)
        except Conflict:
            refused.append(1)
        finally:
            database.close()

    threads = [threading.Thread(target=switch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 3
    assert [key.state for key in turn(rotation.list_keys)] == ["active", "retired"]
    assert len(site.events(action="key.activated")) == 1


def test_rotation_plan_depends_on_the_plugins(site, app):
    def plan(issuer_id):
        return plan_of(site.scope, issuer_id)

    own = plan(app.issuer.id)
    assert (own.accepted, own.other_side, own.next) == ("metadata", "App", None)
    shared = issuers.create_issuer(site.scope, name="Shared")
    assert plan(shared.id).other_side == "the service providers"
    install.install(
        site.scope,
        integration="aws",
        name="Cloud",
        issuer_id=shared.id,
        settings={
            "sign_in_url": "https://d-9967a1b2c3.awsapps.com/start",
            "acs_url": "https://eu-central-1.signin.aws.amazon.com/platform/saml/acs/9b1c2d3e-aaaa",
            "issuer_url": "https://eu-central-1.signin.aws.amazon.com/platform/saml/d-9967a1b2c3",
        },
    )
    found = plan(shared.id)
    assert (found.accepted, found.other_side) == ("many", "AWS")
    assert "Manage SAML 2.0 certificates" in found.sides[0].import_at
    assert "DELETE" in found.sides[0].remove_at
    other = replace(found.sides[0], accepted="metadata")
    hardest = replace(found.sides[0], accepted="one")
    assert replace(found, sides=(found.sides[0], other)).accepted == "metadata"
    assert replace(found, sides=(found.sides[0], hardest, other)).accepted == "one"


def test_vendor_of_a_missing_plugin_counts_as_accepting_one_certificate(site, app):
    without = replace(site.services, registry=Registry.load([]))
    found = plan_of(Scope(without, site.workspace.id, SYSTEM), app.issuer.id)
    assert (found.accepted, found.sides[0].import_at) == ("one", "")


def test_plugin_pages_get_all_certificates_with_the_active_one_first(site, app, turn):
    made = turn(rotation.create_next)
    turn(rotation.activate, made.id)
    (given,) = web_applications(site.services, "custom-saml")
    assert given.certificates == (made.certificate, app.issuer.certificate)
