"""Errors and warnings of skelrep; each error also derives from the builtin a caller would expect.

SkelrepError
├── ShapeError (ValueError)               wrong axes, joints, bodies or no frames
├── InvalidClipError (ValueError)         NaN or infinite coordinates, a clip without a body
├── ClipsNotFoundError (FileNotFoundError)
├── FormatError (ValueError)              a file that is not what it claims to be, or cut short
├── UnsafeFileError (ValueError)          a pickle that would run code
├── ConfigError (ValueError)              unknown, missing or impossible configuration
├── WeightsError (ValueError)             missing, extra, misshapen or corrupt weights
│   └── VerificationError                 weights that do not reproduce their golden vector
├── WeightsNotFoundError (FileNotFoundError)
├── HubError (OSError)                    the Hub refused, failed or could not be reached
├── CheckpointError (ValueError)          a training checkpoint that cannot be used
├── TrainingDivergedError (ArithmeticError)
├── PeerError (RuntimeError)              another process of the same training run failed
├── EvaluationError (ValueError)          features, labels or a split that cannot be evaluated
├── VectorsError (ValueError)             vectors that an index cannot hold or compare
├── OutputError (OSError)                 a result that could not be written
└── MissingDependencyError (ImportError)  an optional extra that is not installed

SkelrepWarning (UserWarning)
├── UnitsWarning                          coordinates that are probably not metres
└── DataWarning                           something repaired or left out while reading
"""


class SkelrepError(Exception):
    """Base of every error that skelrep raises on purpose."""


class ShapeError(SkelrepError, ValueError):
    """An array whose axes are not (C=3, T, V=25, M=1 or 2), or that holds no frames."""


class InvalidClipError(SkelrepError, ValueError):
    """A clip of the right shape whose coordinates cannot be used."""


class ClipsNotFoundError(SkelrepError, FileNotFoundError):
    """No file or folder of clips under this path."""


class FormatError(SkelrepError, ValueError):
    """A file that is not of the format it claims, or is cut short."""


class UnsafeFileError(SkelrepError, ValueError):
    """A file that would execute code when loaded; it was not loaded."""


class ConfigError(SkelrepError, ValueError):
    """A configuration with unknown, missing or impossible fields."""


class WeightsError(SkelrepError, ValueError):
    """Weights that are corrupt, or do not match their configuration exactly."""


class VerificationError(WeightsError):
    """Weights that do not reproduce the golden vector stored beside them."""


class WeightsNotFoundError(SkelrepError, FileNotFoundError):
    """No weights under this name, folder, file or Hub id."""


class HubError(SkelrepError, OSError):
    """The Hugging Face Hub refused, failed, or could not be reached."""


class CheckpointError(SkelrepError, ValueError):
    """A training checkpoint that is corrupt or belongs to another run."""


class TrainingDivergedError(SkelrepError, ArithmeticError):
    """The loss or the weights stopped being finite numbers."""


class PeerError(SkelrepError, RuntimeError):
    """Another process of the same training run failed, so this one stops too."""


class EvaluationError(SkelrepError, ValueError):
    """Features, labels or a split that cannot be evaluated."""


class VectorsError(SkelrepError, ValueError):
    """Vectors that are not finite, or of another length or model than those they are compared with."""


class OutputError(SkelrepError, OSError):
    """A result could not be written; nothing is left under the final name."""


class MissingDependencyError(SkelrepError, ImportError):
    """An optional dependency is needed for this and is not installed."""


class SkelrepWarning(UserWarning):
    """Base of every warning that skelrep gives."""


class UnitsWarning(SkelrepWarning):
    """Coordinates that are probably not metres."""


class DataWarning(SkelrepWarning):
    """Something that was repaired or left out while reading."""
