"""What every room uses: paths, settings, errors, atomic writes and fingerprints.

Nothing here knows the columns of the data, networks or the command line.
"""
