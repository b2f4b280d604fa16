"""What every integration must do in a real Ssoko, as tests that need no code of the author's.

::

    pytest --pyargs ssoko.plugin.conformance --ssoko-plugin zoom

The plugin must be installed. Each test runs over a temporary database with the installed Ssoko
around it, and with sockets refused.
"""
