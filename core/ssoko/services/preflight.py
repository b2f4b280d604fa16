"""Check this connection for a person: would the vendor accept the answer that they would get?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ssoko.errors import PluginError
from ssoko.plugin import AcceptanceRule, SamlAttribute
from ssoko.plugin.acceptance import Candidate
from ssoko.saml import names
from ssoko.saml.xml import parse_xml
from ssoko.services import candidates, issuers
from ssoko.services.context import Services
from ssoko.services.preflight_rules import Finding, Place, general
from ssoko.services.rehearsal import Rehearsal, rehearse

Outcome = Literal["pass", "check", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found about one person's sign-in.

    :param vendor: the rules that the plugin brings; ``general`` are those of every application.
    """

    rehearsal: Rehearsal
    general: tuple[Finding, ...]
    vendor: tuple[Finding, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of them, what fails first."""
        order = {"fail": 0, "check": 1, "pass": 2}
        return tuple(sorted(self.general + self.vendor, key=lambda one: order[one.state]))

    @property
    def outcome(self) -> Outcome:
        """The worst of them: ``check`` when somebody has to look at something."""
        return self.findings[0].state if self.findings else "pass"


def check(services: Services, workspace_id: str, app_id: str, *, user_id: str) -> Report:
    """Judge the answer that a user would get now; nothing is written or sent.

    :raises NotFound: when the application or the user is not in the workspace.
    """
    rehearsal = rehearse(services, workspace_id, app_id, user_id=user_id)
    return Report(
        rehearsal=rehearsal,
        general=tuple(general(services, workspace_id, rehearsal)),
        vendor=_by_vendor(services, rehearsal),
    )


def _by_vendor(services: Services, rehearsal: Rehearsal) -> tuple[Finding, ...]:
    integration = rehearsal.application.integration
    if services.registry.get(integration) is None:
        return ()
    try:
        rules: Sequence[AcceptanceRule] = services.registry.call(integration, "acceptance_rules")
    except PluginError as error:
        said = "The plugin's own rules could not be read"
        return (Finding("plugin", "check", said, fix=str(error)),)
    if not rules:
        return ()
    candidate = _candidate(services, rehearsal)
    return tuple(_judge(rule, candidate) for rule in rules)


def _judge(rule: AcceptanceRule, candidate: Candidate) -> Finding:
    place: Place = rule.place
    try:
        verdict = rule.check(candidate)
    except Exception as error:  # a rule is a plugin's code, and may raise whatever it likes
        fix = f"The plugin's rule raised {type(error).__name__}; tell its publisher."
        return Finding(rule.id, "check", rule.sentence, fix=fix)
    if verdict is None:
        return Finding(rule.id, "check", rule.sentence, fix=rule.fix, place=place)
    if verdict:
        return Finding(rule.id, "pass", rule.sentence)
    return Finding(rule.id, "fail", rule.sentence, fix=rule.fix, place=place)


def _candidate(services: Services, rehearsal: Rehearsal) -> Candidate:
    sp, issuer = rehearsal.application.service_provider, rehearsal.application.issuer
    metadata = issuers.issuer_metadata(services, issuer.id)[0]
    formats = parse_xml(metadata).iter(f"{{{names.NS_MD}}}NameIDFormat")
    key = candidates.signing_key(services, rehearsal.candidate.signing_key_id)
    return Candidate(
        entity_id=sp.entity_id,
        acs_url=sp.acs_urls[0],
        name_id=rehearsal.name_id.value if rehearsal.name_id else "",
        name_id_format=str(sp.name_id_format),
        attributes=tuple(
            SamlAttribute(
                name=one.name,
                values=one.values,
                name_format=one.name_format or "",
                friendly_name=one.friendly_name or "",
            )
            for one in rehearsal.attributes
        ),
        sign_response=sp.sign_response,
        sign_assertion=sp.sign_assertion,
        encrypted=sp.encrypt_assertions,
        require_signed_requests=sp.require_signed_requests,
        signature_algorithm=key.algorithm,
        certificate=issuer.certificate,
        metadata_size=len(metadata.decode()),
        name_id_formats=tuple(str(one.text) for one in formats),
        lifetime=sp.lifetime,
        session_lifetime=sp.session_lifetime,
        relay_state=sp.relay_state,
    )
