"""The figures of the report, each a function from facts to a drawing."""
