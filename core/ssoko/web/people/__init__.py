"""Users, workspace admins, groups and roles, and who is assigned to what."""
