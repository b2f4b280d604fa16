"""Pages as a user reads them."""

from ..reader import admin, admin_user, registry, site

__all__ = ["admin", "admin_user", "registry", "site"]
