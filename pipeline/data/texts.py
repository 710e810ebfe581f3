"""Any data frame as texts, as a CSV file would have them."""

import pandas as pd


def texts_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame of texts, a missing value as an empty one.

    Numbers of which all are whole are written without a point, as codes and counts are
    that pandas has read beside missing values. Dates are written like 2010-11-28.
    """
    # By place: two columns may have one name, which a later check refuses.
    texts = {place: _texts(frame.iloc[:, place]) for place in range(frame.shape[1])}
    return pd.DataFrame(texts, dtype=object).set_axis([str(n) for n in frame], axis=1)


def _texts(column: pd.Series) -> pd.Series:
    known = column[column.notna()]
    if pd.api.types.is_datetime64_any_dtype(column):
        written = known.dt.strftime("%Y-%m-%d")
    elif pd.api.types.is_float_dtype(column) and (known == known.round()).all():
        written = known.map("{:.0f}".format)
    elif pd.api.types.is_float_dtype(column):
        written = known.astype(float).map(repr)
    else:
        written = known.astype(str)
    texts = pd.Series("", index=range(len(column)), dtype=object)
    texts[column.notna().to_numpy()] = written.to_numpy(dtype=object)
    return texts
