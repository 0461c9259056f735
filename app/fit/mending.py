"""One request at one deployment: fitted, and after a refusal that says how, fitted once more."""

from tierwatch.errors import ProviderError
from tierwatch.fit.fitted import fitted, takes_of
from tierwatch.fit.lesson import MENDABLE, Lesson
from tierwatch.fit.memory import Key, Memory
from tierwatch.routing.facts import UNKNOWN, Facts
from tierwatch.wire.crossing.rewritten import Rewritten

# A reasoning model may refuse its fields one by one: the limit, temperature, stop, a penalty.
_MOST_CHANGES = 4


class Mending:
    """How one request is asked of one deployment. `fitted` it, and `learn` from each refusal.

    What a refusal taught is remembered for all requests, and forgotten where the changed request is
    refused as well without a word of another field.

    Args:
        memory: of what was refused before.
        key: the deployment.
        wire: that it is called on.
        request: on that wire, with what was done to it on the way.

    Attributes:
        sent: the request as it was fitted last.
    """

    __slots__ = ("_changes", "_key", "_last", "_memory", "_once", "_request", "_wire", "sent")

    def __init__(self, memory: Memory, key: Key, wire: str, request: Rewritten) -> None:
        self._memory = memory
        self._key = key
        self._wire = wire
        self._request = request
        self.sent = request
        self._once: tuple[Lesson, ...] = ()
        self._last: tuple[Lesson, ...] = ()
        self._changes = 0

    def fitted(self) -> Rewritten:
        """The request as the deployment is known to take it."""
        asked = self._request
        done = fitted(asked.request, self._memory.known(self._key, self._wire).takes)
        done = done._replace(fitted=asked.fitted + done.fitted) if done.fitted else asked
        self.sent = self._fitted_once(done) if self._once else done
        return self.sent

    def learns(self, error: ProviderError) -> bool:
        """Read a refusal; whether the request is now another one, to be asked again.

        Says in ``error.refused_for`` what it was about.
        """
        if error.kind != "refused" or error.status is None:
            return False
        # Half a megabyte of patterns, for processes that were never refused anything.
        from tierwatch.fit.refusals import lessons_of  # noqa: PLC0415 - see above

        lessons = lessons_of(error.status, error.body, self.sent.request)
        if not lessons or lessons[0].kind not in MENDABLE:
            self._forget(self._last)
            for lesson in lessons:
                error.refused_for = lesson.what
                self._remember(lesson)
            return False
        error.refused_for = "parameter"
        news = tuple(lesson for lesson in lessons if lesson not in self._last)
        if not news or self._changes >= _MOST_CHANGES:
            self._forget(self._last)
            return False
        self._changes += 1
        self._last = news
        self._once += tuple(lesson for lesson in news if lesson.kind == "once")
        for lesson in news:
            self._remember(lesson)
        refused = self.sent.request
        if self.fitted().request == refused:  # it is about what nothing can be done about
            self._forget(news)
            return False
        return True

    def _fitted_once(self, done: Rewritten) -> Rewritten:
        facts, without = UNKNOWN, frozenset[str]()
        for lesson in self._once:
            facts, without = lesson.facts.over(facts), without | lesson.without
        more = fitted(done.request, takes_of(facts, self._wire, without))
        return Rewritten(more.request, done.fitted + more.fitted)

    def _remember(self, lesson: Lesson) -> None:
        if lesson.kind in ("once", "content"):
            return
        if lesson.kind == "context" and not self._is_news(lesson.facts):
            return
        self._memory.learn(self._key, self._wire, lesson)

    def _is_news(self, facts: Facts) -> bool:
        # A caller's header may have asked for more or less of a model whose context is known.
        known = self._memory.known(self._key, self._wire).lacks.context
        return facts.context is not None and known is None

    def _forget(self, lessons: tuple[Lesson, ...]) -> None:
        for lesson in lessons:
            self._memory.unlearn(self._key, self._wire, lesson)
