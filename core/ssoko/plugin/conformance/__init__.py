"""Tests that every integration must pass in a real Ssoko, without code of the author.

::

    pytest --pyargs ssoko.plugin.conformance --ssoko-plugin zoom

The plugin must be installed. Each test runs in the installed Ssoko with a temporary database, and
with sockets blocked.
"""
