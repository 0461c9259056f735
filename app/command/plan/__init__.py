"""What evidence would cost: the sampling that finds a rise in time, and the judge that is worth it.

A rise and a number of days come in; traffic and costs are asked of Postgres, the delay is
simulated with the installed monitor. Judges are compared by their anchors. Called by the
``tierwatch`` command.
"""
