"""The loop: a served exchange comes in, and what follows from it goes out, step by step.

capture -> compare -> watch and improve -> decide, one room each; `notify` tells people of it, and
`report` says how it stands. Each step owns its transactions and names what it works with as keyword
arguments. Asked by the gateway, the tasks of the workers, the dashboard and the commands.
"""
