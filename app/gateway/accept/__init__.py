"""A request comes in, an `Asked` goes out, or the `Refusal` that the caller gets instead.

Called by `gateway.serve` first, and by the gateway's small endpoints for keys and bodies.
"""
