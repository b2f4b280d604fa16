"""The catalog of integrations, and what the marketplace and the Dashboard show of them.

This package shows what can be installed; ``services.applications`` installs it.
"""
