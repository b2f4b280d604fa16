from types import SimpleNamespace

import pytest
from ssoko.plugin.guide import check_guide
from ssoko.services.guides.guide import guide_values, render_guide, render_markdown

HOSTILE = '*Acme* <script>alert(1)</script> [x](javascript:1) {{ entity_id }} `"&'
SHOWN = "*Acme* &lt;script&gt;alert(1)&lt;/script&gt; [x](javascript:1) {{ entity_id }} `"


def html(markdown: str, **values: str) -> str:
    return render_guide(markdown, values).html


@pytest.mark.parametrize(
    "markdown",
    [
        "Hello {{ application_name }}",
        "Hello **{{application_name}}**",
        "Hello `{{ application_name }}`",
        "```\n{{ application_name }}\n```",
        "    {{ application_name }}",
        "# {{ application_name }}",
        "| a |\n|---|\n| {{ application_name }} |",
        "[{{ application_name }}](https://acme.test/)",
        "{{ application_name }}",
        "```copy\n{{ application_name }}\n```",
    ],
)
def test_hostile_name_is_escaped(markdown):
    rendered = html(markdown, application_name=HOSTILE, entity_id="secret")
    assert SHOWN in rendered
    assert "<script" not in rendered
    assert "secret" not in rendered


def test_value_in_a_link_is_only_its_target():
    rendered = html("[open](<{{ login_endpoint }}>)", login_endpoint='https://x.test/?a="&b=<c>')
    assert 'href="https://x.test/?a=&quot;&amp;b=' in rendered
    assert 'rel="noopener noreferrer"' in rendered
    rendered = html(
        "[open](<https://x.test/?q={{ application_name }}>)", application_name="a&b=/ c"
    )
    assert 'href="https://x.test/?q=a%26b%3D%2F%20c"' in rendered


@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "data:text/html,x",
        "//evil.test",
        "/\\evil.test",
        "x.html",
        "",
    ],
)
def test_unsafe_link_becomes_text(target):
    rendered = html("[open](<{{ login_endpoint }}>)", login_endpoint=target)
    assert "<a" not in rendered
    assert "open" in rendered


def test_unsafe_links_of_the_guide_itself_are_removed():
    rendered = html("[a](/users) [b](//evil.test) [c](mailto:it@acme.test) [d](ftp://x.test)")
    assert rendered.count("<a ") == 2
    assert 'href="/users"' in rendered


def test_raw_html_and_images_are_escaped():
    rendered = html(
        "<b>x</b> <img src=x onerror=1>\n\n<script>1</script>\n\n![i](https://x.test/i)"
    )
    assert "<b>" not in rendered
    assert "<img" not in rendered
    assert "<script" not in rendered


def test_templates_are_not_evaluated():
    rendered = html(
        "{{ 7*7 }} {% for x in y %} {{ application_name }}", application_name="{{ 7*7 }}"
    )
    assert "49" not in rendered
    assert "{{ 7*7 }}" in rendered


def test_value_in_its_own_paragraph_is_a_copy_field():
    rendered = html("1. Copy it:\n\n    {{ entity_id }}\n\n2. Next", entity_id="https://x.test/&")
    assert '<div class="copy"><code>https://x.test/&amp;</code><button' in rendered
    assert '<span class="vh"> Entity ID</span>' in rendered
    assert rendered.count("<li>") == 2


def test_each_line_is_a_copy_field_and_a_certificate_is_one():
    assert html("{{ settings.acs_url }}", **{"settings.acs_url": "a\nb"}).count("<button") == 2
    pem = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----"
    assert html("{{ certificate }}", certificate=pem).count("<button") == 1


def test_copy_block_combines_text_and_values():
    rendered = html("```copy\naws sso --url {{ entity_id }}\n```", entity_id="u")
    assert "<code>aws sso --url u</code><button" in rendered


def test_missing_values_show_descriptions_without_copy_buttons():
    rendered = html(
        "{{ login_endpoint }}\n\nsee **{{ default_role }}** "
        "[here](<{{ users_url }}>)\n\n```copy\nx {{ entity_id }}\n```\n\n{{ settings.acs_url }}"
    )
    assert "<code>\u2039Login Endpoint\u203a</code></div>" in rendered
    assert "\u2039role of the application\u203a" in rendered
    assert "\u2039ACS URL\u203a" in rendered
    assert "<button" not in rendered
    assert "<a" not in rendered
    assert "here" in rendered


def test_guide_is_split_at_its_headings():
    guide = render_guide(
        "Hello\n\n## Before you start\nx\n\n## Test\n1. a\n2. b\n   1. deep\n\n## Test\n\n3. c", {}
    )
    assert [(s.id, s.title) for s in guide.sections] == [
        ("", ""),
        ("guide-before-you-start", "Before you start"),
        ("guide-test", "Test"),
        ("guide-test-2", "Test"),
    ]
    assert [[step.number for step in s.steps] for s in guide.sections] == [[], [], [1, 2], [3]]
    assert "deep" in guide.sections[2].steps[1].html
    assert "<h2" not in guide.sections[1].html
    assert "<h2" in guide.html


def test_highest_heading_is_h2_and_ids_ignore_values():
    rendered = html("# Set up {{ application_name }}\n## Part", application_name="Acme")
    assert '<h2 id="guide-set-up">Set up Acme</h2>' in rendered
    assert '<h3 id="guide-part">' in rendered


def test_link_within_the_guide_uses_the_heading_ids():
    assert 'href="#guide-test"' in html("[go](#test)\n\n## Test")


def test_description_renders_without_values():
    rendered = render_markdown("**bold** <i>no</i>\n\n- a")
    assert "<strong>bold</strong>" in rendered
    assert "<i>" not in rendered


def test_unknown_values_show_their_name():
    assert check_guide("{{ entity_id }} {{settings.url}}", ["url"]) == []
    (wrong,) = check_guide("{{ entityid }} {{ entityid }}")
    assert "entityid" in wrong
    assert "entity_id" in wrong
    assert "unknown value: (empty)" in check_guide("{{  }}")[0]


def test_application_values_match_the_documented_names():
    issuer = SimpleNamespace(
        login_endpoint="https://sso.test/saml/i/login",
        logout_endpoint="https://sso.test/saml/i/logout",
        entity_id="https://sso.test/saml/i/metadata",
        metadata_url="https://sso.test/saml/i/metadata",
        certificate="-----BEGIN CERTIFICATE-----",
        certificate_sha256="AB:CD",
    )
    application = SimpleNamespace(
        name="AWS",
        slug="aws",
        issuer=issuer,
        default_role=SimpleNamespace(name="sso-aws-AWS-role"),
        launch_url="https://sso.test/w/acme/launch/aws",
        settings={"acs_urls": ["https://a.test", "https://b.test"], "flag": True},
    )
    values = guide_values(application)
    fields = ["acs_urls", "flag"]
    assert check_guide(" ".join(f"{{{{ {name} }}}}" for name in values), fields) == []
    assert values["default_role"] == "sso-aws-AWS-role"
    assert values["users_url"] == "https://sso.test/w/acme/users"
    assert values["certificate_file_url"] == (
        "https://sso.test/w/acme/applications/aws/certificate.pem"
    )
    assert values["settings.acs_urls"] == "https://a.test\nhttps://b.test"
    assert set(guide_values(None)) <= set(values)
