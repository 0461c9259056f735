"""What was asked and answered comes in; what may be stored of it goes out, and media apart.

Marks stand where something was hidden; within one exchange they tell values apart. Asked by the
capture writer, by the shadow for the other answer and, to show media again, by the dashboard.
"""
