"""What a process of the gateway shares with others: the port it listens on, and one page of all.

An address comes in and sockets go out, at the end with whoever waits in them; an application comes
in, and one that answers metrics and readiness for all processes goes out. For the server, and for
the command that starts several processes.
"""
