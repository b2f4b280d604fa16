"""Installation guides: their Markdown, an application's values in them, and their progress.

Evidence decides whether a step is completed; users cannot complete a step themselves.
"""
