"""A whole model provider for demonstrations and tests: it answers over HTTP from recorded traffic.

A traffic file comes in (`traffic_file`); its exchanges are found again by the texts that come back
(`recordings`), `answers` says what a tier, the judge or the classifier answers to them, and
`provider` serves that over OpenAI's wire. Called by `tierwatch recorded`; commands read the file,
and `runtime` looks up verdicts for a judge of kind ``recorded`` (`judges.recorded_judge`).
"""
