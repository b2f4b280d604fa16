"""What every sign-in to an application shares, whatever the protocol.

It finds the application and the user, decides about access, and writes log and trace.
"""
