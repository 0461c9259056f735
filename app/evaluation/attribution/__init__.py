"""Why a rate changed: other traffic, worse answers, another judge, or another model.

In come two windows of pairs as sums by segment, flips of anchors and of probes; out come the parts
of the change with intervals, and one cause or *undetermined* with its reason. The loop calls
`attribute.attribute` when an alert opens.
"""
