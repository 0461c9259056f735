"""What answers say in one way and servers say in many: calls, reasons to stop, JSON in a fence.

What comes in is a piece of an answer as some server said it, what goes out is the same as its wire
has it. The wires and what reads along with streams call these; nobody else does.
"""
