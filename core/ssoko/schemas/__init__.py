"""The JSON form of each thing, as the API and ``--json`` show it.

One module per package of services; nothing here reads the database.
"""
