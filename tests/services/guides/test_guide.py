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
def test_a_hostile_name_is_shown_as_it_is_spelt(markdown):
    drawn = html(markdown, application_name=HOSTILE, entity_id="secret")
    assert SHOWN in drawn
    assert "<script" not in drawn
    assert "secret" not in drawn


def test_a_value_in_a_link_is_a_target_and_nothing_more():
    drawn = html("[open](<{{ login_endpoint }}>)", login_endpoint='https://x.test/?a="&b=<c>')
    assert 'href="https://x.test/?a=&quot;&amp;b=' in drawn
    assert 'rel="noopener noreferrer"' in drawn
    drawn = html("[open](<https://x.test/?q={{ application_name }}>)", application_name="a&b=/ c")
    assert 'href="https://x.test/?q=a%26b%3D%2F%20c"' in drawn


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
def test_a_link_to_nowhere_safe_is_text(target):
    drawn = html("[open](<{{ login_endpoint }}>)", login_endpoint=target)
    assert "<a" not in drawn
    assert "open" in drawn


def test_links_of_the_guides_own_are_judged_too():
    drawn = html("[a](/users) [b](//evil.test) [c](mailto:it@acme.test) [d](ftp://x.test)")
    assert drawn.count("<a ") == 2
    assert 'href="/users"' in drawn


def test_raw_html_and_images_stay_text():
    drawn = html("<b>x</b> <img src=x onerror=1>\n\n<script>1</script>\n\n![i](https://x.test/i)")
    assert "<b>" not in drawn
    assert "<img" not in drawn
    assert "<script" not in drawn


def test_templates_are_not_evaluated():
    drawn = html("{{ 7*7 }} {% for x in y %} {{ application_name }}", application_name="{{ 7*7 }}")
    assert "49" not in drawn
    assert "{{ 7*7 }}" in drawn


def test_a_value_alone_is_a_field_to_copy_also_within_a_step():
    drawn = html("1. Copy it:\n\n    {{ entity_id }}\n\n2. Next", entity_id="https://x.test/&")
    assert '<div class="copy"><code>https://x.test/&amp;</code><button' in drawn
    assert '<span class="vh"> Entity ID</span>' in drawn
    assert drawn.count("<li>") == 2


def test_several_lines_are_several_fields_and_a_certificate_is_one():
    assert html("{{ settings.acs_url }}", **{"settings.acs_url": "a\nb"}).count("<button") == 2
    pem = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----"
    assert html("{{ certificate }}", certificate=pem).count("<button") == 1


def test_a_copy_block_takes_text_and_values_together():
    drawn = html("```copy\naws sso --url {{ entity_id }}\n```", entity_id="u")
    assert "<code>aws sso --url u</code><button" in drawn


def test_before_installation_names_stand_in_and_nothing_can_be_copied():
    drawn = html(
        "{{ login_endpoint }}\n\nsee **{{ default_role }}** "
        "[here](<{{ users_url }}>)\n\n```copy\nx {{ entity_id }}\n```\n\n{{ settings.acs_url }}"
    )
    assert "<code>\u2039Login Endpoint\u203a</code></div>" in drawn
    assert "\u2039role of the application\u203a" in drawn
    assert "\u2039ACS URL\u203a" in drawn
    assert "<button" not in drawn
    assert "<a" not in drawn
    assert "here" in drawn


def test_a_guide_is_cut_at_its_headings():
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


def test_the_highest_heading_is_an_h2_and_ids_do_not_depend_on_values():
    drawn = html("# Set up {{ application_name }}\n## Part", application_name="Acme")
    assert '<h2 id="guide-set-up">Set up Acme</h2>' in drawn
    assert '<h3 id="guide-part">' in drawn


def test_a_link_within_the_guide_follows_the_ids():
    assert 'href="#guide-test"' in html("[go](#test)\n\n## Test")


def test_a_description_is_drawn_without_values():
    drawn = render_markdown("**bold** <i>no</i>\n\n- a")
    assert "<strong>bold</strong>" in drawn
    assert "<i>" not in drawn


def test_unknown_values_are_named():
    assert check_guide("{{ entity_id }} {{settings.url}}", ["url"]) == []
    (wrong,) = check_guide("{{ entityid }} {{ entityid }}")
    assert "entityid" in wrong
    assert "entity_id" in wrong
    assert "an empty one" in check_guide("{{  }}")[0]


def test_the_values_of_an_application_have_the_names_that_guides_may_use():
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
