"""Explain failed sign-ins, apply fixes for them, and check or preview a sign-in before it happens.

The texts are in ``catalog.toml``.
"""
