"""What a judge's model is told, and what it notes before it compares.

Texts come in, messages under a code of their own go out (`fenced`); a question comes in, criteria
and a reference answer go out (`notes`). Called by the pairwise judge.
"""
