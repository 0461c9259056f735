"""Lists that people narrow and take away: a query comes in, a filter or a file goes out.

Pages show what of a query was wrong beside the rest of it; the API answers with it. Rows become a
file that a spreadsheet runs nothing of, sent while it is read.
"""
