"""What holds for every test. Runs before anything else is imported."""

from __future__ import annotations

import os

# Qt aborts the interpreter when it finds no display, so tests draw into memory.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# No test finds the keys, or the choice of a brain, of the person who runs it.
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
for variable in ("IFX_BRAIN", "GEMINI_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY"):
    os.environ.pop(variable, None)

# Several workers side by side: one thread each for torch and for the numerical libraries, which
# read these when they are first imported.
if "PYTEST_XDIST_WORKER" in os.environ:
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = "1"
