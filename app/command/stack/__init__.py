"""What a whole tierwatch on one machine is made of: its processes, its database, its configuration.

Settings come in; descriptions of processes and prepared servers go out, for `tierwatch.local` to
run. Called by demo, replay and up, by the end-to-end tests and the benchmarks.
"""
