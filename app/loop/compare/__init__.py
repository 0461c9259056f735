"""What it was worth: stored exchanges come in, blind verdicts and their outcomes go out.

Another tier answers in the shadow, the judge compares the two answers, what failed is tried again;
people review pairs, and their labels calibrate the judge. Asked by the tasks of the workers and by
the review pages of the dashboard.
"""
