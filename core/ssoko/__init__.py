"""Ssoko: a plugin-based SSO marketplace and the SAML 2.0 identity provider behind it."""

__version__ = "0.1.0"
