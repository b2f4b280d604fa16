"""The activity log, its event pages, and the traces of failed sign-ins."""
