"""What a judge's model is shown of a pair: the question and two answers come in, texts go out.

`prompt_texts` cuts them so that all fit, each part in its own share (`shares`), the two answers in
one that is the same for both. `pieces` says what the parts of a question are, `cutting` cuts one
text, `token_estimate` counts. Pure. Called by `judges.pairwise`.
"""
