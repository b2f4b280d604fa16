"""Commands for plugin authors: create, check, preview and verify a plugin, and build an index.

Each command parses its options and calls :mod:`ssoko.plugin.tools` or :mod:`ssoko.plugin.host`.
"""
