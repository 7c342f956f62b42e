// Times in the reader's own zone; the exact one stays with the pointer.
(() => {
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
  const moment = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" });
  const show = (root) => {
    for (const time of root.querySelectorAll("time[data-as]")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      time.title = exact.format(at);
      if (time.dataset.as === "day") time.textContent = day.format(at);
      if (time.dataset.as === "moment") time.textContent = moment.format(at);
    }
  };
  show(document);
})();
