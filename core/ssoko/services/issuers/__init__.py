"""Issuers and their signing keys: create, rotate and retire them, and warn before they expire.

Who fetched the metadata of an issuer is recorded here.
"""
