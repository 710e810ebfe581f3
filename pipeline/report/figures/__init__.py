"""The pictures of a run, made for the width of a phone."""
