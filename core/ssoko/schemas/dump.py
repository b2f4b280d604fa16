"""What the API says of each thing; a secret is never among it."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, TypeVar

from ssoko.plugin import Mapping
from ssoko.plugin.host.index import IndexEntry
from ssoko.plugin.host.record import service_provider_to_json
from ssoko.plugin.host.registry import LoadedIntegration
from ssoko.saml.sp_metadata import SpMetadata
from ssoko.services.access.assignments import AssignmentView
from ssoko.services.access.roles import RoleView
from ssoko.services.activity.log import EventView
from ssoko.services.applications.sp_metadata.fill_form import for_plugin
from ssoko.services.applications.views import ApplicationView
from ssoko.services.authentication.api_tokens import TokenView
from ssoko.services.context import Services
from ssoko.services.issuers.issuers import IssuerView
from ssoko.services.issuers.rotation import KeyView
from ssoko.services.marketplace.catalog import IntegrationCard
from ssoko.services.marketplace.plugin_pages import public_settings
from ssoko.services.people.groups import GroupView
from ssoko.services.people.users import UserView
from ssoko.services.plugins.inventory import NAMED_FILES, PluginView
from ssoko.services.troubleshooting.check import Finding, Report
from ssoko.services.troubleshooting.preview import Preview
from ssoko.services.troubleshooting.traces import TraceView
from ssoko.services.workspaces import WorkspaceView
from ssoko.store.paging import Page

Json = dict[str, Any]
T = TypeVar("T")


def page(found: Page[T], one: Callable[[T], Json]) -> Json:
    """Return a list of the API: its items, and the cursor of the next ones."""
    return {"items": [one(item) for item in found.items], "next": found.next}


def whole(found: Iterable[T], one: Callable[[T], Json]) -> Json:
    """Return a list that is never cut."""
    return {"items": [one(item) for item in found], "next": None}


def instant(seconds: int | None) -> str | None:
    """Return a time as RFC 3339 text in UTC."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def workspace(view: WorkspaceView) -> Json:
    return {
        "id": view.id,
        "slug": view.slug,
        "name": view.name,
        "contact": view.contact,
        "time_zone": view.time_zone,
        "created_at": instant(view.created_at),
    }


def user(view: UserView) -> Json:
    return {
        "id": view.id,
        "username": view.username,
        "email": view.email,
        "first_name": view.first_name,
        "last_name": view.last_name,
        "admin": view.admin,
        "active": view.active,
        "attributes": dict(view.attributes),
        "has_password": view.has_password,
        "created_at": instant(view.created_at),
        "updated_at": instant(view.updated_at),
    }


def group(view: GroupView) -> Json:
    return {
        "id": view.id,
        "name": view.name,
        "description": view.description,
        "member_count": view.member_count,
        "created_at": instant(view.created_at),
    }


def role(view: RoleView) -> Json:
    application = None
    if view.application_id is not None:
        application = {"id": view.application_id, "name": view.application_name}
    return {
        "id": view.id,
        "name": view.name,
        "description": view.description,
        "application": application,
        "default": view.is_default,
        "attributes": dict(view.attributes),
        "assignment_count": view.assignment_count,
        "created_at": instant(view.created_at),
    }


def assignment(view: AssignmentView) -> Json:
    return {
        "id": view.id,
        "role": role(view.role),
        "via": view.via,
        "user": {"id": view.user_id, "name": view.user_name} if view.user_id else None,
        "group": {"id": view.group_id, "name": view.group_name} if view.group_id else None,
        "expires_at": instant(view.expires_at),
        "expired": view.expired,
        "created_at": instant(view.created_at),
        "created_by": view.created_by,
    }


def metadata(view: IssuerView) -> Json:
    return {
        "entity_id": view.entity_id,
        "login_endpoint": view.login_endpoint,
        "logout_endpoint": view.logout_endpoint,
        "metadata_url": view.metadata_url,
        "certificate": view.certificate,
    }


def issuer(view: IssuerView) -> Json:
    return {
        "id": view.id,
        "name": view.name,
        "shared": view.shared,
        "application_count": view.application_count,
        "certificate_expires_at": instant(view.certificate_not_after),
        "created_at": instant(view.created_at),
        "metadata": metadata(view),
    }


def key(view: KeyView) -> Json:
    """Describe a signing key; its private part is never told."""
    return {
        "id": view.id,
        "state": view.state,
        "published": view.published,
        "description": view.description,
        "algorithm": view.algorithm,
        "certificate": view.certificate,
        "certificate_sha256": view.sha256,
        "certificate_expires_at": instant(view.not_after),
        "created_at": instant(view.created_at),
        "created_by": view.created_by,
        "activated_at": instant(view.activated_at),
        "retired_at": instant(view.retired_at),
        "published_until": instant(view.published_until),
    }


def application(services: Services, view: ApplicationView) -> Json:
    default = view.default_role
    return {
        "id": view.id,
        "slug": view.slug,
        "name": view.name,
        "integration": view.integration,
        "enabled": view.enabled,
        "state": view.state,
        "plugin": view.plugin,
        "distribution": view.distribution,
        "version": view.version,
        "upgrade": {"to": view.upgrade.proposer, "state": view.upgrade.state}
        if view.upgrade
        else None,
        "settings": dict(public_settings(services, view)),
        "warnings": [{"field": w.field, "message": w.message} for w in view.warnings],
        "service_provider": service_provider_to_json(view.service_provider),
        "overrides": sorted(view.overrides),
        "issuer": view.issuer.id,
        "default_role": {"id": default.id, "name": default.name} if default else None,
        "launch_url": view.launch_url,
        "metadata": metadata(view.issuer),
        "created_at": instant(view.created_at),
        "updated_at": instant(view.updated_at),
        "last_sign_in_at": instant(view.last_sign_in_at),
    }


def sp_profile(profile: SpMetadata) -> Json:
    vendor = for_plugin(profile)
    return {
        "entity_id": vendor.entity_id,
        "display_name": vendor.display_name,
        "acs_urls": list(vendor.acs_urls),
        "acs_indexes": [{"index": index, "url": url} for index, url in vendor.acs_indexes],
        "slo": [asdict(one) for one in vendor.slo],
        "certificates": {
            "signing": list(vendor.certificates),
            "encryption": list(vendor.encryption_certificates),
        },
        "name_id_formats": list(vendor.name_id_formats),
        "want_assertions_signed": vendor.want_assertions_signed,
        "authn_requests_signed": vendor.authn_requests_signed,
        "requested_attributes": [asdict(one) for one in vendor.requested_attributes],
        "valid_until": instant(profile.valid_until),
    }


def mapper(view: Mapping) -> Json:
    return asdict(view)


def preview(view: Preview) -> Json:
    sp, name_id = view.application.service_provider, view.name_id
    return {
        "user": {"id": view.user.id, "name": view.user.display_name},
        "works": view.works,
        "access": {
            "allowed": view.decision.allowed,
            "code": view.decision.code,
            "sentence": view.decision.sentence,
        },
        "refusals": [
            {"code": one.code, "received": one.received, "expected": one.expected, "fix": one.fix}
            for one in view.refusals
        ],
        "name_id": {"value": name_id.value, "format": name_id.format, "note": view.note}
        if name_id
        else None,
        "attributes": [
            {
                "name": one.name,
                "name_format": one.name_format,
                "friendly_name": one.friendly_name or "",
                "values": list(one.values),
            }
            for one in view.attributes
        ],
        "left_out": [one.name for one in view.left_out],
        "acs_url": sp.acs_urls[0],
        "sign_response": sp.sign_response,
        "sign_assertion": sp.sign_assertion,
        "encrypted": sp.encrypt_assertions,
        "unsigned_assertion": view.xml,
    }


def finding(view: Finding) -> Json:
    return {
        "id": view.id,
        "state": view.state,
        "sentence": view.sentence,
        "fix": view.fix,
        "page": view.place,
    }


def report(view: Report) -> Json:
    person = view.preview.user
    return {
        "user": {"id": person.id, "name": person.display_name},
        "outcome": view.outcome,
        "general": [finding(one) for one in view.general],
        "vendor": [finding(one) for one in view.vendor],
    }


def event(view: EventView) -> Json:
    return {
        "id": view.id,
        "at": instant(view.at),
        "action": view.action,
        "outcome": view.outcome,
        "actor": {"kind": view.actor_kind, "id": view.actor_id, "name": view.actor_name},
        "target": {"kind": view.target_kind, "id": view.target_id, "name": view.target_name},
        "application_id": view.application_id or None,
        "detail": view.detail,
        "address": view.address,
        "reference": view.reference,
    }


def token(view: TokenView) -> Json:
    """Describe a token; the token itself is shown once, by who made it."""
    return {
        "id": view.id,
        "name": view.name,
        "scope": view.scope,
        "created_at": instant(view.created_at),
        "expires_at": instant(view.expires_at),
    }


def integration(loaded: LoadedIntegration) -> Json:
    about = loaded.integration
    return {
        "slug": loaded.slug,
        "name": about.name,
        "summary": about.summary,
        "description": about.description,
        "vendor": about.vendor or about.name,
        "category": about.category,
        "homepage": about.homepage,
        "publisher": about.publisher,
        "requirements": list(about.requirements),
        "distribution": loaded.distribution,
        "version": loaded.version,
        "default_role": loaded.default_role.name,
        "metadata_fields": [asdict(one) for one in loaded.metadata_fields],
    }


def card(view: IntegrationCard) -> Json:
    return {
        "slug": view.slug,
        "name": view.name,
        "summary": view.summary,
        "vendor": view.vendor,
        "category": view.category,
        "publisher": view.publisher,
        "installed": view.installed,
        "on_server": view.on_server,
        "offer": _offer(view.offer) if view.offer else None,
    }


def _offer(entry: IndexEntry) -> Json:
    return {
        "distribution": entry.distribution,
        "version": entry.version,
        "requires_core": entry.requires_core,
        "tested_with": entry.about.tested_with,
        "sha256": entry.sha256,
        "tier": entry.tier or None,
    }


def trace(view: TraceView) -> Json:
    return {
        "reference": view.reference,
        "at": instant(view.at),
        "until": instant(view.until),
        "code": view.code,
        "title": view.title,
        "message": view.message,
        "application": {"id": view.application_id, "name": view.application_name},
        "user": {"id": view.user_id, "name": view.user_name},
        "issuer": view.issuer_id,
        "sp_entity_id": view.sp_entity_id,
        "started": view.started,
        "binding": view.binding,
        "relay_state": view.relay_state,
        "received": view.received,
        "expected": view.expected,
        "rule": view.rule,
        "source": view.source,
        "fix": view.fix,
        "steps": [asdict(step) | {"title": step.title} for step in view.steps],
        "request": view.request,
        "undecoded": view.undecoded,
        "repeats": view.repeats,
    }


def plugin(view: PluginView, applications: int | None = None) -> Json:
    """Return one plugin.

    :param applications: how many use it, where that was asked for.
    """
    origin = view.origin
    return {
        "slug": view.slug,
        "name": view.name,
        "distribution": view.distribution,
        "version": view.version,
        "publisher": view.publisher,
        "source": origin.kind if origin else None,
        "source_url": origin.url if origin else "",
        "changed_files": list(origin.changed[:NAMED_FILES]) if origin else [],
        "tier": view.tier,
        "tier_short_of": [{"rule": rule, "message": text} for rule, text in view.short_of],
        "tested_with": view.tested_with,
        "tested": view.tested,
        "state": view.state,
        "stage": view.stage,
        "message": view.message,
        "restart": view.restart,
        "warnings": list(view.warnings),
        "load_seconds": round(view.seconds, 3),
        "applications": applications,
    }
