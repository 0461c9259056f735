"""What a model takes: a request and a model's name come in, the request as it takes it goes out.

`table` knows models by their names, `fitted` changes a request after it, `needs` says what a
request cannot do without, `refusals` reads what a provider said no to, and `memory` keeps what
that taught, for each deployment and for an hour. Pure but for the memory, which is one process's.
Called by whoever sends a request: the answering step and the classifier of the gateway,
`providers.completion`.
"""
