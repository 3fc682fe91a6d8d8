"""Examples of hypothesis have no deadline here: threads and sockets take what the machine gives."""

from hypothesis import settings

from tests.plugin_build.conftest import bundles

__all__ = ["bundles"]  # IFX Chain, compiled once

settings.register_profile("daw", deadline=None)
settings.load_profile("daw")
