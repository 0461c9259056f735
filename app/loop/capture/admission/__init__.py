"""A served exchange comes in, and why it cannot be evidence goes out; empty where it can.

Called by the gateway's last step and the recorder for what is known at once, and by the writer for
what only reading a drawn exchange can tell.
"""
