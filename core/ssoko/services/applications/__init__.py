"""Applications: install, change, uninstall and restore them, and view what is recorded.

A plugin proposes values; the application records them, and sign-in uses the record.
"""
