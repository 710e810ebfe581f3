"""What pictures are made of: paths and texts, scales, axes, labels."""
