"""What people say of pairs: each label with its author, and which pair is shown to whom next.

Called by the review page and by whatever corrects a rate or measures the judge.
"""
