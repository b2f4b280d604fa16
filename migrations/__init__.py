"""Migrations of the core, applied by ssoko migrate and never edited once released."""
