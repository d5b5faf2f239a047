"""What holds for the tests of every tier."""

from hypothesis import settings

# How long an example takes is the machine's business: time and memory are measured in benchmarks/.
settings.register_profile("without deadlines", settings.get_profile("default"), deadline=None)
if settings.get_current_profile_name() == "default":  # on CI, hypothesis has loaded its own
    settings.load_profile("without deadlines")
