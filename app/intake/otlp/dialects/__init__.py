"""How each instrumentation says a call of a model: one file each, one line each in `table`.

A span and the log records of its content come in, a call goes out. Asked by `joining` alone.
"""
