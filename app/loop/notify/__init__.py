"""Who is notified: events of alerts come in, deliveries at each destination go out, once or more.

Workers call it by the clock, apart from the steps that watch: a receiver that is away holds none of
them. The dashboard and the command send tests from here.
"""
