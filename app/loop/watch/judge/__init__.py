"""Whether the judge may be believed: its anchors and its orders come in, alerts go out."""
