"""SAML sign-in and single logout: read the request, find the application, judge, check access,
build the response and write it down.

The messages themselves are in :mod:`ssoko.saml`.
"""
