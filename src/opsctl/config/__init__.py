"""Configuration: profiles in a TOML file, overlaid by the environment and by flags.

    flag  >  OPSCTL_<SECTION>_<KEY>  >  file  >  default

`load_profile` finds the file, chooses the profile and keeps where each value came from. A section is checked when it
is asked for: `profile.section(MongoSection)` returns it complete or raises a `ConfigError` that names key, origin and
fix.
"""

from opsctl.config.profile import Profile, Setting, load_profile
from opsctl.config.sections import (
    CLOUDRUN_ENDPOINTS,
    SECTIONS,
    CloudRunSection,
    ConfigSection,
    FieldMapping,
    ImagesSection,
    KubernetesSection,
    MongoSection,
    S3Section,
)
from opsctl.config.values import Origin

__all__ = [
    "CLOUDRUN_ENDPOINTS",
    "SECTIONS",
    "CloudRunSection",
    "ConfigSection",
    "FieldMapping",
    "ImagesSection",
    "KubernetesSection",
    "MongoSection",
    "Origin",
    "Profile",
    "S3Section",
    "Setting",
    "load_profile",
]
