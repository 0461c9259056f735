// What every page does with scripts, and can do without: times in the reader's zone beside UTC, and
// a look every half minute at what moves. An element with an id and the attribute data-live is put
// in anew from a fresh copy of the page; nothing else is touched.
"use strict";

(() => {
  const EVERY_MS = 30_000;

  const local = new Intl.DateTimeFormat("en-GB",
    { dateStyle: "medium", timeStyle: "medium" });
  const zone = new Intl.DateTimeFormat("en", { timeZoneName: "short" });
  const say = (inside) => {
    for (const time of inside.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (time.title || Number.isNaN(at.getTime())) continue;
      const named = zone.formatToParts(at).find((part) => part.type === "timeZoneName");
      time.title = `${local.format(at)} ${named ? named.value : ""}, your time`;
    }
  };

  // Left as it is: what somebody types in, has opened, marked or points at.
  const inUse = (element) => element.contains(document.activeElement) && document.activeElement !== document.body
    || element.querySelector("details[open]") !== null
    || element.matches(":hover") && element.querySelector("figure.drawn:hover") !== null
    || (getSelection().rangeCount > 0 && !getSelection().isCollapsed && getSelection().containsNode(element, true));

  const known = new Map();
  let timer = 0;
  const stop = (words) => {
    clearInterval(timer);
    const stale = document.getElementById("stale");
    if (stale) {
      stale.hidden = false;
      stale.textContent = words;
    }
  };

  const refresh = async () => {
    if (document.hidden) return;
    let answer;
    try {
      // Marked, so that a screen left open does not keep its login alive.
      answer = await fetch(location.href, { headers: { "X-Tierwatch-Live": "1" }, redirect: "manual", cache: "no-store" });
    } catch {
      return; // away for a moment: the ages on the page say how old it is
    }
    if (answer.type === "opaqueredirect") return stop("You are logged out: this page is no longer kept up to date.");
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const old of document.querySelectorAll("[data-live][id]")) {
      const now = fresh.getElementById(old.id);
      if (now === null || known.get(old.id) === now.outerHTML || inUse(old)) continue;
      known.set(old.id, now.outerHTML);
      const put = document.importNode(now, true);
      old.replaceWith(put);
      say(put);
      put.dispatchEvent(new CustomEvent("tierwatch:changed", { bubbles: true }));
    }
  };

  // As the server wrote them: charts.js, which comes after, draws into them.
  for (const one of document.querySelectorAll("[data-live][id]")) known.set(one.id, one.outerHTML);
  say(document);
  if (document.querySelector("[data-live][id]")) {
    timer = setInterval(refresh, EVERY_MS);
    document.addEventListener("tierwatch:refresh", refresh);
  }
})();

// The keys that elements name in aria-keyshortcuts, where nobody is typing.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const one = document.querySelector(`[aria-keyshortcuts="${CSS.escape(event.key)}"]`);
  if (one === null) return;
  event.preventDefault();
  if (!one.matches("input")) return one.click();
  one.focus();
  one.select();
});
