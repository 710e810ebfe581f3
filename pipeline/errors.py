"""The one exception that the command line turns into a line of text and status 2."""


class UserError(Exception):
    """Something the user can mend; the message says where it is and what to do."""
