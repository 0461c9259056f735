"""An `Asked` and a `Lookup` come in, a `Route` goes out: who is to answer, and all that follows.

Called by `gateway.serve`, third.
"""
