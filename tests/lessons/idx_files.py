"""Files of images and labels in the idx format, as Fashion-MNIST has them."""

import gzip
import struct


def write_idx(path, shape, values):
    header = struct.pack(f">{1 + len(shape)}I", 0x0800 + len(shape), *shape)
    path.write_bytes(gzip.compress(header + bytes(values.tobytes()), 1))
