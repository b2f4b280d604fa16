"""Texts about plugins and the index that pages, the API and the CLI show."""

#: Why a plugin that is installed on the disk is not loaded.
NEW_ON_DISK = "installed after Ssoko started"

#: What a restart changes about a plugin.
UNINSTALLED = "uninstalled, restart to remove"
DISABLED = "disabled in ssoko.toml, restart to apply"
DISABLED_BEFORE_START = "disabled in ssoko.toml, not loaded after a restart"
DUPLICATE = "provided by both {names}; neither is loaded after a restart"
NO_LONGER_DUPLICATE = "provided by one distribution now, restart to activate"
ENABLED = "enabled, restart to activate"
NOT_ENABLED = "{reason}; not loaded after a restart"
ACTIVATE = "restart to activate"
OTHER_VERSION = "{version} found, restart to activate"

#: Warnings about a plugin.
SLOW = "took {seconds:.1f} s to load"
NOT_TESTED = "not tested with {version}"
CHANGED_FILE = "1 file was changed after the installation: {names}"
CHANGED_FILES = "{count} files were changed after the installation: {names}"
MORE_FILES = "{names} and {count} more"

#: Why the index file cannot be used.
UNREADABLE_INDEX = "The file cannot be read: {reason}"
NOT_A_FILE = "The path is not a regular file"
