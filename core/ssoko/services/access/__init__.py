"""Roles, their assignments to users and groups, and the decision who has access.

``gate`` owns the rule that an assignment is active now.
"""
