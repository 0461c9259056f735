"""Charts: what pages know as numbers comes in (`chart.Chart`), and goes out as a figure.

The figure is the macro ``figure`` of templates/charts.html, which every template has as ``charts``:
a picture made here, a table behind it, and the numbers from which static/charts.js draws the same
with hover and zoom. Pages and parts of pages may call it; it reads no database and no request.
"""
