"""Which processes make a tierwatch on one machine, what each is told, and the servers made ready.

Settings come in; descriptions of processes and prepared servers go out, for `tierwatch.local` to
run: it keeps processes alive and knows nothing of what they are. Called by demo, replay and up, by
the end-to-end tests and the benchmarks.
"""
