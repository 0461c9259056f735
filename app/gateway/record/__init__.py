"""Everything the steps have found comes in; a `ServedExchange` goes to the recorder.

Called by `gateway.serve`, last, whatever became of the request. Also kept: where the conversation
stands, an answer for the cache, and the counts for Prometheus.
"""
