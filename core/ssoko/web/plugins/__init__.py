"""Pages that plugins contribute, and the preview site of ``ssoko dev``."""
