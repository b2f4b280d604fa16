"""Read the metadata of a service provider, to fill an install form or to refresh an application.

Nothing changes before an admin accepts the differences.
"""
