"""Passwords, secret tokens and the rate limits that protect them.

Nothing here knows users or sessions.
"""
