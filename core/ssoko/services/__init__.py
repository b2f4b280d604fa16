"""The use cases, one package per domain, and the only code that writes to the database.

A service takes and returns plain values and raises :mod:`ssoko.errors`; it never sees a request.
"""
