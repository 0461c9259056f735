"""Where `tierwatch train` takes its lessons: the pairs of the store, or a file of recorded traffic.

A teacher's name and a limit come in; one document a boundary goes out, with figures before and
after, and a proposal in the store or an artefact in a folder. Called by `command.train` alone.
"""
