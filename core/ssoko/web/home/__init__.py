"""The dashboard of admins, the SSO Dashboard of users, and the pages of documentation."""
