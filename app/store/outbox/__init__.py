"""The outbox: events of alerts come in with the change they tell of; deliveries go out, by turn.

A change of an alert writes its event; a worker spreads events over the destinations it knows, takes
one delivery at a time under a lease, and writes down the answer. The loop and the pages read here.
"""
