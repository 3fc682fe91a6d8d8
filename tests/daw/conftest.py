"""Examples of hypothesis have no deadline here: threads and sockets take what the machine gives."""

from hypothesis import settings

settings.register_profile("daw", deadline=None)
settings.load_profile("daw")
