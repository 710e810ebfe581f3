"""The tables and progress bars of the terminal; nothing else knows rich."""
