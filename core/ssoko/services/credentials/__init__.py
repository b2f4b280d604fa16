"""Passwords, secret tokens, encryption at rest, and the rate limits of sign-in.

Nothing here knows users or sessions.
"""
