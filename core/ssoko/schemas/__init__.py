"""The JSON form of each thing, as the API and ``--json`` return it.

One module of marshmallow schemas per package of services. They also describe the responses in
OpenAPI. Nothing here reads the database.
"""
