"""Signing in and out of Ssoko, first set-up, and a user's own account page."""
