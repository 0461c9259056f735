"""How far a judge may be believed.

In come its verdicts beside known ones (people's labels, anchors); out come its rates with
intervals, the counts that a certificate corrects by, and what more gold would do. The loop and the
thresholds' test call it.
"""
