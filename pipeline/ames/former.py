"""Names that earlier versions, which knew the houses of Ames alone, wrote to runs."""

# Encoded columns of earlier versions, and the columns of today that hold the same.
FORMER_COLUMNS = {"CommercialZone": "MSZoning=C (all)"}
# Keys of the largest errors in run.json, and those of today.
FORMER_KEYS = {"Id": "id", "Neighborhood": "place", "SalePrice": "actual"}
