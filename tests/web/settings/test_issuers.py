"""Settings > Issuers."""

from ssoko.services.issuers import issuers


def test_shared_issuer_is_created_with_values_to_copy(site, admin):
    page = admin.follow(admin.submit("/settings/issuers", {"name": "Test systems"}))
    (issuer,) = issuers.list_issuers(site.scope).items
    copied = {
        dt.text.strip(): code.text
        for dt, code in zip(
            page.find("//main//dl//dt[contains(@class,'row')]"),
            page.find("//main//dl//div[@class='copy']/code"),
            strict=True,
        )
    }
    assert copied == {
        "Login Endpoint": issuer.login_endpoint,
        "Logout Endpoint": issuer.logout_endpoint,
        "Entity ID": issuer.entity_id,
        "Metadata URL": issuer.metadata_url,
    }
    pem = admin.get(f"/settings/issuers/{issuer.id}/certificate.pem")
    assert pem.text == issuer.certificate
    xml = admin.get(f"/settings/issuers/{issuer.id}/metadata.xml")
    assert issuer.entity_id in xml.text
    assert "attachment" in xml.response.headers["Content-Disposition"]


def test_issuer_without_a_name_is_rejected(admin):
    assert admin.submit("/settings/issuers", {"name": ""}).status == 422
