"""The JSON API under ``/api/v1``, one module a resource: the values of the pages for programs.

A request with a bearer token comes in, and JSON goes out, errors in one envelope. Each module lists
its operations in ``ROUTES``; `api.blueprint` serves them and describes them as OpenAPI. Only
`dashboard.application` and `dashboard.problems` import these modules.
"""
