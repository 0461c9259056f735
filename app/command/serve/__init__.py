"""The processes of a deployment, one file each: gateway, dashboard, worker, beat, recorded.

Settings and the configuration's path come in; each serves until it is told to stop and returns
nothing. Each file holds a command of ``tierwatch``. Called by the group in `command`; `up` and
`examine` ask the gateway's file whether a configuration can serve.
"""
