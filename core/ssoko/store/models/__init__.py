"""The tables, one module per package of services; migrations keep their own frozen copies.

Times are integer seconds since the epoch, UTC. IDs are strings made by :mod:`ssoko.store.ids`:
those of ``new_id`` sort by the time they were made.
"""

from ssoko.store.models.access import Assignment, Role
from ssoko.store.models.activity import Event
from ssoko.store.models.applications import (
    Application,
    ApplicationMetadata,
    FormerRecord,
    UpgradeDecision,
)
from ssoko.store.models.guides import GuideEvidence
from ssoko.store.models.installation import Installation
from ssoko.store.models.issuers import (
    CertificateNotice,
    Issuer,
    MetadataFetch,
    MetadataKey,
    SigningKey,
)
from ssoko.store.models.people import Group, Membership, User, UserWord
from ssoko.store.models.sessions import ApiToken, KeptForm, OneTimeLink, Participation, Session
from ssoko.store.models.sso import (
    LogoutFlow,
    LogoutTarget,
    PairwiseId,
    PendingRequest,
    SeenRequest,
    Trace,
)
from ssoko.store.models.workspaces import Workspace

#: Parents before children.
TABLES = (
    Workspace,
    User,
    Group,
    Membership,
    UserWord,
    Issuer,
    SigningKey,
    MetadataKey,
    MetadataFetch,
    CertificateNotice,
    Application,
    ApplicationMetadata,
    UpgradeDecision,
    FormerRecord,
    Role,
    Assignment,
    Session,
    Participation,
    ApiToken,
    OneTimeLink,
    KeptForm,
    PendingRequest,
    PairwiseId,
    SeenRequest,
    LogoutFlow,
    LogoutTarget,
    Trace,
    Event,
    GuideEvidence,
    Installation,
)
