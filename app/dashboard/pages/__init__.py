"""The pages for people, one module each: its addresses, its dataclass and how that is filled.

A request from a person who is logged in comes in, and HTML goes out. Each page's dataclass names
its template, which receives the page, the frame around it and nothing else. Pages of a thing and
of its list share a room. Only `dashboard.application` imports these modules; what changes something
calls the loop's function for it, as the API does.
"""
