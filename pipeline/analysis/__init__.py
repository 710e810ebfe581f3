"""What a run tells, on the screen and on the report page.

The errors of its predictions, the importance of its columns, how it compares with other
runs and models, and what to do next. Nothing here trains, prints or draws.
"""
