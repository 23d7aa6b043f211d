"""One process a folder: a lock that the system drops when its process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
import socket
from pathlib import Path
from types import TracebackType

from nem_cli.errors import FolderError


class FolderLock:
    """Holds a results folder for the life of this process. Use it as a context manager.

    Raises
    ------
    FolderError
        If another process holds the folder, or it can't be written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / ".lock"
        self._made = not self.path.exists()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise FolderError(
                f"can't be written: {error.strerror}; choose another --out", source=str(folder)
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._file, 200).decode(errors="replace").strip() or "another process"
            os.close(self._file)
            raise FolderError(
                f"is in use by {holder}; wait for it, or choose another --out", source=str(folder)
            ) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._made and isinstance(error, FolderError):
            self.path.unlink(missing_ok=True)  # a refused folder is left as it was
        os.close(self._file)
