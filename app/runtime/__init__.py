"""The wiring of a process: the one place that chooses its real collaborators and states its rules.

Settings and a configuration come in; a `build.Runtime` for workers, a recorder for the gateway and
the rules of each step of the loop go out. Only commands and workers may call it.
"""
