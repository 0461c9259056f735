"""A router that is only watched: its settings come in, thresholds of ours and their diff go out.

Pure, but for `file`, which reads one file again. Errors are `ForeignError`, each in a sentence.
"""
