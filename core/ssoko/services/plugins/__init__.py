"""The plugins of this server: those that are loaded, installed, or listed in the index file.

Nothing here depends on a workspace.
"""
