"""SVG drawings: paths and texts, scales, axes and tick labels. No figures here."""
