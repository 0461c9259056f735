"""An `Asked` comes in, a `Lookup` goes out: whether the same was asked before, and its answer then.

Called by `gateway.serve`, second; `record` keeps answers under the key that the lookup found.
"""
