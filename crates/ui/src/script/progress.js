// How far a job is, as the server tells it; the page is loaded again when it is done.
(() => {
  for (const place of document.querySelectorAll("[data-progress]")) {
    const source = new EventSource(place.dataset.progress);
    source.addEventListener("said", (event) => {
      let said;
      try { said = JSON.parse(event.data); } catch { return; }
      place.textContent = said.text;
      if (said.over) {
        source.close();
        if (place.dataset.reload !== undefined) location.reload();
      }
    });
    window.addEventListener("pagehide", () => source.close());
  }
})();
