# SPDX-License-Identifier: GPL-3.0-or-later
"""Say which package brings a system library that Blender's Python package misses on Linux."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

# Library: package on Debian and Ubuntu, on Fedora, on Arch.
PACKAGES = {
    "libX11": ("libx11-6", "libX11", "libx11"),
    "libXi": ("libxi6", "libXi", "libxi"),
    "libXxf86vm": ("libxxf86vm1", "libXxf86vm", "libxxf86vm"),
    "libXfixes": ("libxfixes3", "libXfixes", "libxfixes"),
    "libXrender": ("libxrender1", "libXrender", "libxrender"),
    "libXext": ("libxext6", "libXext", "libxext"),
    "libxcb": ("libxcb1", "libxcb", "libxcb"),
    "libxkbcommon": ("libxkbcommon0", "libxkbcommon", "libxkbcommon"),
    "libSM": ("libsm6", "libSM", "libsm"),
    "libICE": ("libice6", "libICE", "libice"),
    "libGL": ("libgl1", "libglvnd-glx", "libglvnd"),
    "libGLX": ("libglx0", "libglvnd-glx", "libglvnd"),
    "libEGL": ("libegl1", "libglvnd-egl", "libglvnd"),
    "libGLESv2": ("libgles2", "libglvnd-gles", "libglvnd"),
    "libOpenGL": ("libopengl0", "libglvnd-opengl", "libglvnd"),
    "libglib-2.0": ("libglib2.0-0", "glib2", "glib2"),
    "libgthread-2.0": ("libglib2.0-0", "glib2", "glib2"),
    "libgomp": ("libgomp1", "libgomp", "gcc-libs"),
    "libstdc++": ("libstdc++6", "libstdc++", "gcc-libs"),
    "libgcc_s": ("libgcc-s1", "libgcc", "gcc-libs"),
    "libz": ("zlib1g", "zlib", "zlib"),
    "libuuid": ("libuuid1", "libuuid", "util-linux-libs"),
}

_IN_MESSAGE = re.compile(r"(lib[\w+.-]+?\.so[.\d]*): cannot open shared object file")
_NOT_FOUND = re.compile(r"^\s*(\S+) => not found", re.MULTILINE)


def find_missing(message: str, module_file: Path | None) -> list[str]:
    """Return the libraries that an import error names and those that the module lacks besides."""
    missing = _IN_MESSAGE.findall(message)
    ldd = shutil.which("ldd")
    if ldd and missing and module_file is not None and module_file.is_file():
        done = subprocess.run([ldd, str(module_file)], capture_output=True, text=True, check=False)
        missing += _NOT_FOUND.findall(done.stdout)
    return sorted(set(missing))


def explain_missing(libraries: Iterable[str]) -> str:
    """Name each missing library and what to install on Debian, Fedora and Arch."""
    libraries = list(libraries)
    lines = [f"This machine lacks system libraries: {', '.join(libraries)}."]
    known = [PACKAGES[name] for name in map(_strip_suffix, libraries) if name in PACKAGES]
    installers = ("apt install", "dnf install", "pacman -S")
    for column, system in enumerate(("Debian, Ubuntu", "Fedora", "Arch")):
        packages = sorted({row[column] for row in known})
        if packages:
            lines.append(f"  {system + ':':16}sudo {installers[column]} {' '.join(packages)}")
    unknown = [name for name in libraries if _strip_suffix(name) not in PACKAGES]
    if unknown:
        lines.append(f"  Look for the package that brings {', '.join(unknown)} on your system.")
    return "\n".join(lines)


def _strip_suffix(library: str) -> str:
    return library.split(".so", 1)[0]
