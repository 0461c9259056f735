"""Whether two prompts ask the same: two texts come in, a yes or the reason for a no goes out.

By rules for wording that err to a no, and by marks that must not differ; nothing is compared by
similarity. The gateway's response cache may ask.
"""
