"""What runs beside `tierwatch doctor`, and who answers: settings come in, findings go out.

Called by ``doctor`` alone, after `command.examine` has looked at what needs no neighbour.
"""
