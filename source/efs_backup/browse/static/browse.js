// Only what makes the page more pleasant: all of it works without this file.
"use strict";
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

  // The viewer's own time in the place of UTC, which stays where somebody points at it.
  const localTimes = (root) => {
    for (const time of root.querySelectorAll("time[datetime]:not([title])")) {
      time.title = `${time.textContent} UTC`;
      time.textContent = format.format(new Date(time.dateTime));
    }
    for (const where of document.querySelectorAll("[data-zone]")) where.textContent = zone;
  };

  // Up and down between the links of a list, beside the Tab key.
  document.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const list = event.target.closest && event.target.closest("[data-arrows]");
    if (!step || !list || event.altKey || event.ctrlKey || event.metaKey) return;
    const links = [...list.querySelectorAll("a")];
    const next = links[links.indexOf(event.target) + step];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  });

  // How far a restore is comes as Server-Sent Events; while they come, htmx need not ask, which it does every two seconds.
  let events = null;
  const follow = () => {
    const job = document.querySelector("[data-events]");
    if (!job || events) return;
    events = new EventSource(job.dataset.events);
    events.addEventListener("progress", (event) => {
      document.querySelector("[data-progress]").textContent = event.data;
    });
    events.addEventListener("end", () => {
      events.close();
      events = null;
      htmx.trigger("#job", "ended");
    });
  };
  document.addEventListener("htmx:beforeRequest", (event) => {
    const isFollowed = events && events.readyState === EventSource.OPEN;
    if (isFollowed && event.detail.elt.matches("[data-events]")) event.preventDefault();
  });
  follow();

  document.addEventListener("htmx:load", (event) => localTimes(event.detail.elt));
  document.addEventListener("htmx:afterSettle", () => {
    document.querySelector("[data-status]").textContent = document.title;
  });
  // A link whose answer is an error is followed in the plain way, so that the page about it is seen.
  document.addEventListener("htmx:responseError", (event) => {
    const path = event.detail.pathInfo.finalRequestPath;
    if (event.detail.requestConfig.verb === "get") window.location.assign(path);
  });
  localTimes(document);
})();
