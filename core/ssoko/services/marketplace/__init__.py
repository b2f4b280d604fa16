"""The catalog of integrations, the plugins behind them, and the plugin index.

It shows what can be installed; installing is in ``services.applications``.
"""
