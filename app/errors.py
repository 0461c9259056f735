"""Every error tierwatch raises on purpose. The message is the sentence the operator needs.

TierwatchError
├── UsageError                 wrong use of a command or function; exit code 2
│   ├── ConfigError            tierwatch.yaml says something we do not accept; names file:line
│   ├── SettingsError          an environment variable has a value we do not accept
│   └── PolicyError            thresholds that cannot be a policy
├── EvidenceError              statistical input that would void the guarantee; nothing was updated
├── UnreadableEvidenceError    stored evidence that is broken or newer; its alert or proposal waits
├── ProviderError              a model provider did not give an answer; says whether to try again
├── JudgeError                 a judge cannot be built or used
│   └── UnreadableVerdictError the judge answered, but not with a verdict
├── ClassifierError            the classifier gave no usable label
├── ForeignError              a watched router's settings cannot be read, or changed as asked
├── ArtefactError              a learned model or set of task types is corrupt or foreign; not used
├── TrafficError               a recorded traffic file cannot be used
├── StackError                 the embedded stack could not start or stop a process
├── DatabaseError              a command cannot use Postgres: away, or without tables
├── BusyError                  too much is asked at once; the same may be asked again in a moment
└── ConflictError              the thing was already decided, claimed or finished by someone else
"""

from typing import Self


class TierwatchError(Exception):
    """Base of the tree; catch it to print the sentence and exit 1."""


class UsageError(TierwatchError):
    """Wrong use; the message says what is accepted. Exit code 2."""


class ConfigError(UsageError):
    """A value in tierwatch.yaml is not accepted.

    Attributes:
        problems: one sentence each, already with ``file:line: key``.
    """

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class SettingsError(UsageError):
    """An environment variable holds a value that is not accepted; names the variable."""


class PolicyError(UsageError):
    """Thresholds that are not a policy: outside [0, 1], or for a tier that does not exist."""


class EvidenceError(TierwatchError, ValueError):
    """Statistical input that would void the guarantee. The state is as it was before the call."""


class UnreadableEvidenceError(TierwatchError):
    """Stored evidence that is broken or of a newer version; whatever rests on it is left alone."""


class ProviderError(TierwatchError):
    """A model provider gave no usable answer.

    Attributes:
        kind: ``timeout | connection | rate_limited | server | refused | unreadable | cut``; or
            ``left_alone``, where nobody was asked since all failed lately.
        status: HTTP status the provider gave, or None when there was none.
        retry_after_s: what the provider asked us to wait, in seconds, or None.
        body: the provider's own error body (first 2,000 characters), for the attempt's record.
        billed: tokens the provider counted although its answer is of no use: prompt, completion,
            cached, cache write.
        told: headers of the provider's answer that concern the caller, by lower-case names.
        spent_usd: what this and the calls before it for the same answer cost, where a price is
            known. Set by who knows the price.
        refused_for: what a refusal is about, where that is known: ``parameter``, ``context`` (too
            long), ``content`` (a filter), or what the model lacks (``images``, ``tools`` and
            others). Set by who reads it.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str,
        status: int | None = None,
        retry_after_s: float | None = None,
        body: str = "",
    ) -> None:
        self.kind = kind
        self.status = status
        self.retry_after_s = retry_after_s
        self.body = body
        self.billed = (0, 0, 0, 0)
        self.spent_usd = 0.0
        self.told: tuple[tuple[bytes, bytes], ...] = ()
        self.refused_for = ""
        super().__init__(message)

    def after(self, billed: tuple[int, int, int, int]) -> Self:
        """This error, of an answer that was paid for: ``billed`` as the provider counted it."""
        self.billed = billed
        return self

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later. ``refused`` (other 4xx) never will."""
        return self.kind != "refused"


class JudgeError(TierwatchError):
    """A judge cannot be built, or may not judge this pair."""


class UnreadableVerdictError(JudgeError):
    """The judge answered, but no verdict could be read from it."""


class ClassifierError(TierwatchError):
    """The classifier gave no usable label."""


class ForeignError(TierwatchError):
    """Settings of a watched router that cannot be read, or cannot be changed as asked."""


class ArtefactError(TierwatchError):
    """Learned state that is corrupt, foreign or of another version; what was in use stays."""


class TrafficError(TierwatchError):
    """A recorded traffic file cannot be used at all (a bad line is skipped and counted instead)."""


class StackError(TierwatchError):
    """The embedded stack could not start, reach or stop one of its processes."""


class DatabaseError(TierwatchError):
    """A command cannot use Postgres: it is away, refuses us, or has no tables yet."""


class BusyError(TierwatchError):
    """This process is asked for more at once than it may do."""

    def __init__(self) -> None:
        super().__init__("Too many log in at this moment. Try again in a few seconds.")


class ConflictError(TierwatchError):
    """Somebody else was first: the thing is already decided, claimed or finished."""
