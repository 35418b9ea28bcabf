"""The one door: every imperative call, executor and hybridized block ends in `invoke`."""
