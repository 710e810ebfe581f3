"""What is known of the houses of Ames: schema, rules, built columns, other facts.

It stands on the same interface as the schema of any other table, `pipeline.data.table`.
No other room names a column of these files.
"""
