"""How users sign in to Ssoko itself: passwords, one-time links, sessions and API tokens.

The first admin's set-up belongs here too.
"""
