"""What the system is at this moment: its task types, its costs and its settings, read only.

A connection comes in; dataclasses that the API sends go out. Only `api.blueprint` imports it.
"""
