"""Calls that others keep come in, calls at the intake's door go out: ``import`` and ``pull``.

Reads a file or a vendor's pages, shows how far it is, and remembers the place; the command's group
calls it.
"""
