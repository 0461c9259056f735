"""What ordinary traffic does to the promises: rows beside the bars, of traffic nobody ordered.

In come a seed and a number of runs; out come rows, each with what holds and what does not. A topic
is one module with a `rows` function and one line in `topics.TOPICS`. `tierwatch simulate --adverse`
calls `topics.adverse`, and so do tests.
"""
