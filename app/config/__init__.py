"""tierwatch.yaml as one immutable value: a path comes in, a `Config` or every problem goes out.

One module a section, its keys beside what one of its values demands of another; the routing half is
``tierwatch.routing.config``. docs/configuration.md has every key, and a test compares it with these
models. Any room above evaluation may read a `Config`; secrets are named in it, never held.
"""

from tierwatch.config.evaluation import EvaluationConfig
from tierwatch.config.file import Config, ConfigFile, load_config
from tierwatch.config.gateway import CacheConfig, GatewayConfig
from tierwatch.config.judge import JudgeConfig
from tierwatch.config.notify import NotifyConfig
from tierwatch.config.providers import ProviderConfig
from tierwatch.config.secrets import Secret

__all__ = [
    "CacheConfig",
    "Config",
    "ConfigFile",
    "EvaluationConfig",
    "GatewayConfig",
    "JudgeConfig",
    "NotifyConfig",
    "ProviderConfig",
    "Secret",
    "load_config",
]
