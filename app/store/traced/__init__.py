"""Other people's traces: where in them an exchange stands, and the scores that go back there.

Ids come in with an exchange; deliveries of scores go out, by turn. The loop, the intake, telemetry
and the dashboard's figures ask here.
"""
