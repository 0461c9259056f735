"""What gateways remember between requests, in Redis: where conversations stand, given answers.

Keys come in, values go out within milliseconds or not at all. Read by the steps `cache` and
`route`, written by `record`.
"""
