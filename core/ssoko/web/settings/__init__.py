"""Workspace settings: general, API tokens, issuers with their keys, and plugins."""
