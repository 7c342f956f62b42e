// What may be written next in a query: an ARIA combobox over the portal's own completion.
(() => {
  for (const input of document.querySelectorAll("input[data-list]")) {
    const list = document.createElement("ul");
    list.className = "suggestions";
    list.id = input.id + "-suggestions";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "What may be written next");
    list.hidden = true;
    input.after(list);
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-controls", list.id);
    let all = [];
    let here = -1;
    let asked = 0;
    let timer = 0;
    const utf8 = new TextEncoder();
    const text = new TextDecoder();

    const close = () => {
      list.hidden = true;
      here = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    };
    const point = (to) => {
      here = to;
      [...list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === here)));
      const item = list.children[here];
      if (!item) { input.removeAttribute("aria-activedescendant"); return; }
      input.setAttribute("aria-activedescendant", item.id);
      item.scrollIntoView({ block: "nearest" });
    };
    const take = (one) => {
      const bytes = utf8.encode(input.value);
      const before = text.decode(bytes.slice(0, one.from));
      const after = text.decode(bytes.slice(one.to));
      input.value = before + one.text + after;
      const caret = (before + one.text).length;
      input.setSelectionRange(caret, caret);
      close();
      input.focus();
      ask();
    };
    const show = () => {
      list.replaceChildren(...all.slice(0, 12).map((one, at) => {
        const item = document.createElement("li");
        item.id = list.id + "-" + at;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", "false");
        const word = document.createElement("code");
        word.textContent = one.text;
        const about = document.createElement("span");
        about.textContent = one.about;
        item.append(word, about);
        item.addEventListener("mousedown", (event) => { event.preventDefault(); take(one); });
        return item;
      }));
      here = -1;
      list.hidden = all.length === 0;
      input.setAttribute("aria-expanded", String(all.length > 0));
    };
    const ask = () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const turn = ++asked;
        const at = utf8.encode(input.value.slice(0, input.selectionStart ?? input.value.length)).length;
        const query = new URLSearchParams({ list: input.dataset.list, q: input.value, at: String(at) });
        try {
          const answer = await fetch("/api/v1/completion?" + query, { headers: { accept: "application/json" } });
          if (!answer.ok || turn !== asked || document.activeElement !== input) return;
          all = await answer.json();
          show();
        } catch { close(); }
      }, 80);
    };
    input.addEventListener("input", ask);
    input.addEventListener("blur", close);
    input.addEventListener("keydown", (event) => {
      if (list.hidden) {
        if (event.key === "ArrowDown") { ask(); event.preventDefault(); }
        return;
      }
      const last = list.children.length - 1;
      if (event.key === "ArrowDown") point(here >= last ? 0 : here + 1);
      else if (event.key === "ArrowUp") point(here <= 0 ? last : here - 1);
      else if (event.key === "Escape") { close(); event.stopPropagation(); }
      else if ((event.key === "Enter" || event.key === "Tab") && here >= 0) take(all[here]);
      else return;
      event.preventDefault();
    });
  }
})();
