"""Requests of callers on one wire to providers on another, and what became of them.

`scenarios` has what is asked in the words of each wire, `replies` reads what came back, `losses`
compares what was asked with what arrived, `outcomes` says in one word what became of a cell. They
share no code with the gateway: what it loses in silence, it could not find by itself.
"""
