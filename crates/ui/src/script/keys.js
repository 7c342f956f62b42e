// Keys: / looks for something, ? shows the keys, j and k go through a list, x chooses, e decides, o opens.
(() => {
  const rows = () => [...document.querySelectorAll("tr[data-row]")];
  const help = document.getElementById("keys");
  const bulk = document.getElementById("decide");
  let at = -1;

  const typing = (element) => element.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
  const box = (row) => row.querySelector("input[type=checkbox]");
  const mark = () => {
    let chosen = 0;
    for (const row of rows()) {
      const input = box(row);
      const on = Boolean(input && input.checked);
      row.classList.toggle("chosen", on);
      if (on) chosen += 1;
    }
    for (const place of document.querySelectorAll("[data-chosen]")) place.textContent = String(chosen);
    return chosen;
  };
  const go = (to) => {
    const all = rows();
    if (!all.length) return;
    if (all[at]) all[at].classList.remove("here");
    at = Math.min(Math.max(to, 0), all.length - 1);
    all[at].classList.add("here");
    all[at].scrollIntoView({ block: "nearest" });
    const link = all[at].querySelector("a[href]");
    if (link) link.focus({ preventScroll: true });
  };
  const choose = (row, on) => {
    const input = row && box(row);
    if (!input) return;
    input.checked = on === undefined ? !input.checked : on;
    mark();
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape" && typing(event.target)) { event.target.blur(); return; }
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    const all = rows();
    switch (event.key) {
      case "/": {
        const field = document.querySelector("#q") || document.querySelector("#search");
        if (!field) return;
        field.focus();
        field.select();
        break;
      }
      case "?":
        if (!help) return;
        help.showModal();
        break;
      case "j": go(at + 1); break;
      case "k": go(at < 0 ? 0 : at - 1); break;
      case "x": choose(all[at]); break;
      case "o": {
        const link = all[at] && all[at].querySelector("a[href]");
        if (!link) return;
        link.click();
        break;
      }
      case "e": {
        if (!bulk) return;
        if (!mark()) choose(all[at], true);
        bulk.open = true;
        const first = bulk.querySelector("select, input:not([type=hidden]), textarea");
        bulk.scrollIntoView({ block: "nearest" });
        if (first) first.focus();
        break;
      }
      default: return;
    }
    event.preventDefault();
  });

  const every = document.getElementById("every");
  if (every) {
    every.hidden = false;
    every.addEventListener("change", () => { for (const row of rows()) choose(row, every.checked); });
  }
  document.addEventListener("change", (event) => { if (event.target.closest("tr[data-row]")) mark(); });
  mark();
  for (const button of document.querySelectorAll("[data-opens]")) {
    const dialog = document.getElementById(button.dataset.opens);
    if (!dialog) continue;
    button.hidden = false;
    button.addEventListener("click", () => dialog.showModal());
  }
  // A form goes once, however often its button is pressed.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    window.addEventListener("pageshow", () => { delete form.dataset.sent; }, { once: true });
  });
})();
