"""Tools for plugin authors: the scaffold, the checks and the index builder.

Only the commands for authors import them.
"""
