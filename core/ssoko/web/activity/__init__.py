"""The activity log, the pages of its events, and the traces of denied sign-ins."""
