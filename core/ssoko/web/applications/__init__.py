"""The pages of Applications > SSO: the list and the tabs of one application."""
