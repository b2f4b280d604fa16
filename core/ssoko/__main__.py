"""Run the command line as ``python -m ssoko``."""

from ssoko.cli import main

main()
