"""What people do about alerts from a terminal: test where they are sent, send again what failed.

Options come in; lines and an exit code go out. Only `command` imports it.
"""
