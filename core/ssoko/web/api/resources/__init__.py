"""The endpoints of the JSON API, one module per resource.

Each parses with a schema, calls one service and dumps with a schema.
"""
