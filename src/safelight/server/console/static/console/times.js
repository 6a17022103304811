// @ts-check
// Times are sent in UTC; people read them in their own zone, with UTC in the tooltip.

const language = document.documentElement.lang || "en";
const region = navigator.languages.find((told) => told.startsWith(language)) ?? language;
const exact = new Intl.DateTimeFormat(region, {
  dateStyle: "medium",
  timeStyle: "short",
});

/**
 * Show every time beneath a node in the reader's zone.
 * @param {ParentNode} within
 */
export function localTimes(within) {
  for (const time of within.querySelectorAll("time[datetime]")) {
    const moment = new Date(/** @type {HTMLTimeElement} */ (time).dateTime);
    if (Number.isNaN(moment.valueOf())) continue;
    if (time.hasAttribute("data-since")) {
      time.setAttribute("title", exact.format(moment));
    } else {
      time.setAttribute("title", `${moment.toISOString().slice(0, 16).replace("T", " ")} UTC`);
      time.textContent = exact.format(moment);
    }
  }
}
