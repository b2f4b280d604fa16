"""Installation guides: their Markdown, the values of an application in them, and setup progress.

Evidence decides whether a step is completed; nobody completes a step by hand.
"""
