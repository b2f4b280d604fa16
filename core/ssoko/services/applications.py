"""Applications, Applications > SSO: all that there is to do with them, under one name."""

from ssoko.services.application_views import (
    ApplicationView,
    get_application,
    list_applications,
)
from ssoko.services.install import find_duplicates, install
from ssoko.services.lifecycle import (
    Impact,
    UninstalledView,
    impact,
    list_uninstalled,
    restore,
    uninstall,
    update_application,
)
from ssoko.services.mapping_changes import reset_mappings, set_mappings
from ssoko.services.settings import load_settings

__all__ = [
    "ApplicationView",
    "Impact",
    "UninstalledView",
    "find_duplicates",
    "get_application",
    "impact",
    "install",
    "list_applications",
    "list_uninstalled",
    "load_settings",
    "reset_mappings",
    "restore",
    "set_mappings",
    "uninstall",
    "update_application",
]
