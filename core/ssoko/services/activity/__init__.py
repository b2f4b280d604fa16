"""The activity log: record an event, find events, and count them.

References, which users read out to an admin, belong to it.
"""
