"""Exports of other tools, read line by line: an open file's lines come in, calls and counts go out.

Pure: no file is opened here and no clock is read. ``kinds`` is the table of formats, ``lines`` goes
through a file, names bad lines by their number and says where to go on; asked by ``tierwatch
import``.
"""
