"""An `Asked` and a `Route` come in, an answer goes out: whole, begun, or why there is none.

Called by `gateway.serve`, fourth, unless the cache has the answer. What the calls to providers
took and cost stands in the `Ledger`, which is written here and nowhere else.
"""
