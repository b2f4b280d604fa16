"""Commands for operators: set up a site, serve it, and manage users, keys and plugins.

A command parses its options, calls one service and prints the result as text or JSON.
"""
