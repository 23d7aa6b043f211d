"""One process a folder: a lock that the system drops when its process ends, however it ends."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import socket
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from nem_cli.errors import FolderError, RunError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class FolderLock:
    """Holds a results folder, made where there is none, for the life of this process. Use it as a context manager.

    The lock is the system's, on the file ``.lock``; the process id and host in that file are for people only. The file
    goes when the work is done; one that a killed process leaves holds nothing.

    Raises
    ------
    FolderError
        If another process holds the folder, or it can't be written.
    RunError
        If the disk has no room.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / ".lock"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._made = not self.path.exists()
            self._file = self._locked()
        except BlockingIOError as error:
            raise FolderError(
                f"is in use by {self._holder()}; wait for it, or choose another `out`", source=str(folder)
            ) from error
        except (FileExistsError, NotADirectoryError) as error:
            raise FolderError("is a file, or lies in one; a run needs a folder", source=str(folder)) from error
        except OSError as error:
            problem = f"can't be written: {error.strerror}; choose another `out`"
            if error.errno == errno.ELOOP:
                problem = "holds a symbolic link .lock, which isn't nem's; choose another `out`"
            if error.errno in NO_ROOM:
                raise RunError(f"{folder}: {problem}") from error
            raise FolderError(problem, source=str(folder)) from error
        self._before = os.pread(self._file, 1000, 0)
        if not re.match(rb"process \d+ on |$", self._before):
            os.close(self._file)
            raise FolderError("holds a file .lock that isn't nem's; choose another `out`", source=str(folder))
        self._note(f"process {os.getpid()} on {socket.gethostname()}\n".encode())

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, FolderError) and not self._made:
            self._note(self._before)  # a refused folder is left as it was
        else:
            with suppress(OSError):  # the folder may be gone or closed by now, and another run's lock be in its place
                if self._is_there(self._file):
                    self.path.unlink()
        os.close(self._file)

    def _locked(self) -> int:
        """An open and locked file that is still the one at `path`: its last holder may have removed it meanwhile."""
        while True:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self._is_there(file):
                    return file
            except FileNotFoundError:
                pass
            except BaseException:
                os.close(file)
                raise
            os.close(file)

    def _is_there(self, file: int) -> bool:
        """Whether an open file is the one at `path`."""
        return os.path.samestat(os.fstat(file), os.stat(self.path))

    def _holder(self) -> str:
        try:
            return self.path.read_text(encoding="utf-8", errors="replace").strip() or "another process"
        except OSError:
            return "another process"

    def _note(self, text: bytes) -> None:
        with suppress(OSError):  # it is only for people
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, text, 0)
