"""The endpoints of the JSON API, one module per resource.

Each endpoint names a schema of ``inputs`` for the request and one of ``ssoko.schemas`` for the
result, and calls a service.
"""
