"""Marketplace > SSO Integrations: the list, an integration's page, and installing it."""
