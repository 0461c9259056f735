"""Another tool's export comes in, calls at the intake's door go out: ``tierwatch import``.

Reads the file, shows how far it is, and remembers the place; the command's group calls it.
"""
