"""What sampling would find a rise in time, and what that costs.

A rise and a number of days come in; traffic and costs are asked of Postgres, the delay is simulated
with the installed monitor. Called by the ``tierwatch`` command.
"""
