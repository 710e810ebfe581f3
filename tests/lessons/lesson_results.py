"""Read the rows and the pictures of a lesson's result."""


def measured(result):
    """The measured values by quantity."""
    return {row.quantity: row.measured for row in result.rows}


def axes_of(result, name):
    """The axes of the picture of a name."""
    (axes,) = [
        picture.figure.axes[0]
        for picture in result.figures.values()
        if picture.name == name
    ]
    return axes


def curves_of(axes):
    """The lists of x and y of each labelled curve."""
    lines = [line for line in axes.get_lines() if line.get_label()[0] != "_"]
    return {
        line.get_label(): [list(part) for part in line.get_data()] for line in lines
    }
