#!/usr/bin/env python3
"""Writes the .npy and .npz files beside this script with NumPy (Debian 12: 1.24.2)."""
import os
import numpy as np

os.chdir(os.path.dirname(os.path.abspath(__file__)))

arrays = {
    "f4": np.array([[1.5, -2.25, 3.0], [0.0, 1e30, -0.5]], dtype="<f4"),
    "f8": np.array([0.1, -1e300, 5e-324], dtype="<f8"),
    "i1": np.array([-128, 127], dtype="i1"),
    "i2": np.array([-32768, 32767], dtype="<i2"),
    "i4": np.array([-2147483648, 2147483647], dtype="<i4"),
    "i8": np.array([-9007199254740993, 9007199254740993], dtype="<i8"),
    "u1": np.array([0, 255], dtype="u1"),
    "u2": np.array([0, 65535], dtype="<u2"),
    "u4": np.array([0, 4294967295], dtype="<u4"),
    "u8": np.array([0, 18446744073709551615], dtype="<u8"),
    "bool": np.array([[True, False], [False, True]]),
    "text": np.array(["Köln", "", "日本", "graph 🙂"]),
    "bytes": np.array([b"ab", b"c"]),
    "fortran": np.asfortranarray(np.arange(24, dtype="<i4").reshape(2, 3, 4)),
    "scalar": np.array(42, dtype="<i8"),
    "empty": np.zeros((0, 5), dtype="<f4"),
    "empty_fortran": np.zeros((4, 0), dtype="<f4", order="F"),
}
np.savez("stored.npz", **arrays)
np.savez_compressed("deflated.npz", **arrays)
np.savez("objects.npz", good=np.array([1, 2]), bad=np.array([{"a": 1}], dtype=object))
np.save("big_endian.npy", np.array([1, 2], dtype=">i4"))
np.save("record.npy", np.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f8")]))
np.save("complex.npy", np.array([1j]))
with open("version2.npy", "wb") as file:
    np.lib.format.write_array(file, np.array([1.0, 2.0]), version=(2, 0))
