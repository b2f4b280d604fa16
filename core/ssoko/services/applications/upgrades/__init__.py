"""Compare an application with what a newer plugin version proposes, and apply or undo it.

An admin decides about each part.
"""
