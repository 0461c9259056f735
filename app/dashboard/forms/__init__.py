"""What people ask and type: an address or a form comes in, what was understood of it goes out.

Nothing here aborts: a page shows the problem beside what was typed. Pages, the API and `access`
use it.
"""
