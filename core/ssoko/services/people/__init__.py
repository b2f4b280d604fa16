"""Users, groups and the search behind every list of users.

Workspace admins are users with the admin right.
"""
