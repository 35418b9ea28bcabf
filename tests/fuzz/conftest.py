"""How long the fuzz tests search: a little in every test run, always the same; much in `make fuzz`, each time anew."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("MXTORCH_FUZZ_EXAMPLES", "0"))
_always = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture], "database": None}
settings.register_profile("tests", max_examples=60, derandomize=True, **_always)
settings.register_profile("fuzz", max_examples=EXAMPLES or 1000, print_blob=True, **_always)
settings.load_profile("fuzz" if EXAMPLES else "tests")
