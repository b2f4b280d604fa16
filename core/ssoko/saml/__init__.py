"""SAML 2.0 messages as pure functions on bytes and dataclasses.

This package uses no database, no clock, no settings and no Flask.
"""
