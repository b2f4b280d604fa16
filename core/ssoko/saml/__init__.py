"""SAML 2.0 messages as pure functions: bytes and dataclasses in, bytes and dataclasses out.

Nothing here knows Flask, the database, the clock or the settings.
"""
