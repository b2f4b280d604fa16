"""Commands for plugin authors: create, check, preview and verify a plugin, and build an index.

Each command is thin over :mod:`ssoko.plugin.tools` and :mod:`ssoko.plugin.host`.
"""
