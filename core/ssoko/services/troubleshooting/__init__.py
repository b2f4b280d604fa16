"""Explain a failed sign-in and offer a fix; check, preview and try a connection.

The texts for each error code are in the catalogs beside it.
"""
