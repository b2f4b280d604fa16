"""The plugins of this server: what is loaded, what is installed and what the index file offers.

Nothing here knows workspaces.
"""
