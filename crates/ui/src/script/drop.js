// A file that is let go over the page goes into its form for files, or to the page that has one.
(() => {
  const form = document.querySelector("form[data-drop]");
  const field = form && form.querySelector("input[type=file]");
  if (!field) return;
  let depth = 0;
  const carries = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  window.addEventListener("dragenter", (event) => {
    if (!carries(event)) return;
    depth += 1;
    document.body.classList.add("dropping");
  });
  window.addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    if (!depth) document.body.classList.remove("dropping");
  });
  window.addEventListener("dragover", (event) => { if (carries(event)) event.preventDefault(); });
  window.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    depth = 0;
    document.body.classList.remove("dropping");
    if (!event.dataTransfer.files.length) return;
    field.files = event.dataTransfer.files;
    if (form.checkValidity()) form.requestSubmit();
    else {
      form.closest("details")?.setAttribute("open", "");
      form.reportValidity();
    }
  });
})();
