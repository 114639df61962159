"""Rules of an update, compiled: a header each."""
