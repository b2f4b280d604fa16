"""Test files are at tests/<layer>/<package>/test_<module>.py."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
CORE = ROOT / "core" / "ssoko"
TESTS = ROOT / "tests"

#: Shorter modules may be tested by their callers.
SHORT = 60

#: Modules that are tested as part of something larger, and by which file or folder.
TESTED_BY = {
    "cli/authors/*": "plugin/tools/test_rules.py",
    "cli/operators/*": "cli",
    "cli/output": "cli/operators/test_plugin_switch.py",
    "errors": "saml/test_request.py",
    "plugin/acceptance": "plugin/tools/test_rules.py",
    "plugin/checks": "plugin/test_conformance.py",
    "plugin/conformance/*": "plugin/test_conformance.py",
    "plugin/hookspecs": "plugin/host/test_registry.py",
    "plugin/host/containment": "plugin/test_faults.py",
    "plugin/host/texts": "plugin/test_faults.py",
    "plugin/host/on_disk": "plugin/test_hostile_plugins.py",
    "plugin/host/record": "web/applications/test_upgrade.py",
    "plugin/sp_urls": "plugin/test_fields.py",
    "plugin/testing": "plugin/test_conformance.py",
    "plugin/tools/index_build": "cli/authors/test_index.py",
    "plugin/tools/rules/*": "plugin/tools/test_rules.py",
    "plugin/typecheck": "plugin/host/test_validate.py",
    "plugin/values": "services/sso/saml/test_sign_in.py",
    "saml/envelope": "saml/test_request.py",
    "saml/names": "saml/test_response.py",
    "saml/signing": "saml/test_verify.py",
    "saml/sp_metadata/*": "services/applications/sp_metadata/test_corpus.py",
    "schemas/guides": "web/api/resources/test_guide.py",
    "schemas/troubleshooting": "web/api/resources/test_check.py",
    "services/access/assignments": "services/access/test_roles.py",
    "services/activity/query": "services/activity/test_log.py",
    "services/applications/cautions": "services/applications/test_change.py",
    "services/applications/differences": "services/applications/upgrades/test_parts.py",
    "services/applications/mappers": "web/applications/test_mappers.py",
    "services/applications/metadata_source": "web/components/test_metadata_form.py",
    "services/applications/proposals": "services/applications/test_install.py",
    "services/applications/snapshots": "services/applications/upgrades/test_decide.py",
    "services/applications/sp_metadata/refresh": "web/components/test_metadata_signer.py",
    "services/applications/upgrade_marks": "services/applications/upgrades/test_decide.py",
    "services/applications/upgrades/*": "services/applications/upgrades/test_decide.py",
    "services/applications/views": "services/applications/test_install.py",
    "services/authentication/*": "services/authentication/test_sessions.py",
    "services/context": "services",
    "services/guides/markdown": "services/guides/test_guide.py",
    "services/guides/progress": "services/guides/test_evidence.py",
    "services/issuers/rotation_status": "services/issuers/test_rotation.py",
    "services/marketplace/*": "web/marketplace",
    "services/people/user_fields": "services/people/test_users.py",
    "services/sso/*": "services/sso/saml/test_sign_in.py",
    "services/sso/saml/attributes": "services/sso/saml/test_assertion.py",
    "services/sso/saml/logout_*": "services/sso/saml/test_logout.py",
    "services/sso/saml/name_ids": "services/sso/saml/test_assertion.py",
    "services/sso/saml/outcomes": "services/sso/saml/test_sign_in.py",
    "services/troubleshooting/fixes": "web/sso/test_denied_sign_in.py",
    "services/troubleshooting/preview_difference": "web/applications/test_upgrade.py",
    "services/troubleshooting/steps": "web/sso/test_denied_sign_in.py",
    "services/troubleshooting/trial": "web/plugins/test_preview_site.py",
    "store/models/*": "services",
    "text/matching": "services/marketplace/test_catalog.py",
    "web/activity/traces": "web/sso/test_denied_sign_in.py",
    "web/api/*": "web/api/test_endpoint.py",
    "web/applications/check": "web/applications/test_mappers.py",
    "web/applications/page": "web/applications/test_list_and_tabs.py",
    "web/applications/refresh": "web/components/test_metadata_form.py",
    "web/applications/saml_settings": "web/applications/test_mappers.py",
    "web/applications/settings": "web/applications/test_list_and_tabs.py",
    "web/components/*": "web",
    "web/framework/*": "web",
    "web/people/*": "web/people",
}

#: Tests of a whole layer, or of what is not one module.
WHOLE = {
    "cli/test_cli.py",
    "plugin/test_conformance.py",
    "plugin/test_faults.py",
    "plugin/test_hostile_plugins.py",
    "plugin/test_published.py",
    "plugin/test_readme.py",
    "plugin/test_tutorial.py",
    "plugin/tools/test_rules.py",
    "saml/test_hostile.py",
    "services/applications/sp_metadata/test_corpus.py",
    "services/applications/test_killed_install.py",
    "services/test_isolation.py",
    "web/activity/test_csv.py",
    "web/api/resources/test_sp_metadata.py",
    "web/api/test_database_down.py",
    "web/api/test_lists.py",
    "web/applications/test_sandbox_guide.py",
    "web/components/test_metadata_signer.py",
    "web/people/test_lists.py",
    "web/people/test_undo.py",
    "web/sso/test_denied_sign_in.py",
}
LAYERS = ("cli", "plugin", "saml", "schemas", "services", "store", "text", "web")


def modules_without_own_test() -> list[str]:
    """Return the longer modules that have no test file at their own path."""
    return [
        str(path.relative_to(CORE).with_suffix(""))
        for path in sorted(CORE.rglob("*.py"))
        if not path.name.startswith(("_", "test_"))
        and len(path.read_text("utf-8").splitlines()) > SHORT
        and not (TESTS / path.relative_to(CORE)).with_name(f"test_{path.name}").exists()
    ]


def test_every_longer_module_has_a_test_file_or_is_listed() -> None:
    listed = [Path(pattern) for pattern in TESTED_BY]
    assert [
        name
        for name in modules_without_own_test()
        if not any(Path(name).match(str(pattern)) for pattern in listed)
    ] == []


def test_the_list_names_tests_that_exist_for_modules_that_need_it() -> None:
    assert {by for by in TESTED_BY.values() if not (TESTS / by).exists()} == set()
    without = [Path(name) for name in modules_without_own_test()]
    assert {p for p in TESTED_BY if not any(name.match(p) for name in without)} == set()


def test_every_test_file_mirrors_a_module_or_covers_a_whole() -> None:
    mirrored = {
        str(path.relative_to(TESTS))
        for layer in LAYERS
        for path in (TESTS / layer).rglob("test_*.py")
        if not (CORE / path.relative_to(TESTS)).with_name(path.name[5:]).exists()
    }
    assert mirrored - WHOLE == set()
    assert WHOLE - mirrored == set()
