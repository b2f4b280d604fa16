"""Pure text functions: names and their folded form, matching, and differences between lines.

Nothing here knows Ssoko's data.
"""
