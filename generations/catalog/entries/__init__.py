"""One file per model (or family). Each ends with `ENTRIES`, the entries it offers; `position` is the order."""
