"""How the core loads plugins, validates what they return, and calls them.

Plugins import nothing from here; their API is :mod:`ssoko.plugin`.
"""
