// Keys for people who clear a queue. Every one of them only does what a link or a button does too.
(function () {
  "use strict";
  const one = (selector) => document.querySelector(selector);
  const rows = () => Array.from(document.querySelectorAll("table.rows tbody tr"));
  const typing = (at) => at.matches("input:not([type=checkbox]), textarea, select");

  rows().forEach((row) => { row.tabIndex = -1; });

  function move(step) {
    const all = rows();
    if (!all.length) return false;
    const at = all.indexOf(document.activeElement.closest("tr"));
    const next = all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
    return true;
  }

  function press(selector) {
    const found = one(selector);
    if (found) found.click();
    return Boolean(found);
  }

  function pick(row) {
    const box = row.querySelector("input[type=checkbox]");
    if (box) box.click();
    return Boolean(box);
  }

  function onRow(event) {
    const row = document.activeElement;
    if (row.tagName !== "TR") return false;
    if (event.key === " ") return pick(row);
    const link = event.key === "Enter" && row.querySelector("a");
    if (link) link.click();
    return Boolean(link);
  }

  function handled(event) {
    if (event.isComposing) return false;
    if (event.ctrlKey && event.key === "Enter") return press("[data-key=next-save]");
    if (event.ctrlKey && event.key.toLowerCase() === "s") return press("[data-key=save]");
    if (event.altKey && event.key === "ArrowUp") return press("[data-key=previous]");
    if (event.altKey && event.key === "ArrowDown") return press("[data-key=next]");
    if (event.ctrlKey || event.altKey || event.metaKey || typing(event.target)) return false;
    if (event.key === "ArrowDown") return move(1);
    if (event.key === "ArrowUp") return move(-1);
    if (event.key === "/" && one("#searchbar")) { one("#searchbar").focus(); return true; }
    return onRow(event);
  }

  document.addEventListener("keydown", (event) => {
    if (handled(event)) event.preventDefault();
  });

  // The first box of a list ticks all of them.
  const all = one("#tick-all");
  if (all) {
    all.addEventListener("change", () => {
      document.querySelectorAll("input[name=_selected_action]").forEach((box) => {
        box.checked = all.checked;
      });
    });
  }

  // How much of the province's column is used. Nothing is cut: the server says what is too long.
  document.querySelectorAll("[data-limit]").forEach((field) => {
    const limit = Number(field.dataset.limit);
    const told = document.createElement("output");
    told.className = "count";
    told.htmlFor = field.id;
    field.after(told);
    const count = () => {
      const length = Array.from(field.value.trim()).length;
      const over = length - limit;
      told.textContent = over > 0 ? `${length} / ${limit} 字，多了 ${over} 个字` : `${length} / ${limit} 字`;
      told.classList.toggle("bad", over > 0);
    };
    field.addEventListener("input", count);
    count();
  });

  // The how-to of the chosen cause stands under it.
  document.querySelectorAll("[data-follows]").forEach((notes) => {
    const chosen = document.getElementById(notes.dataset.follows);
    if (!chosen) return;
    const show = () => {
      notes.querySelectorAll("[data-value]").forEach((note) => {
        note.hidden = note.dataset.value !== chosen.value;
      });
    };
    chosen.addEventListener("change", show);
    show();
  });

  // One open drop-down at a time; a click elsewhere closes it.
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.f[open]").forEach((open) => {
      if (!open.contains(event.target)) open.open = false;
    });
  });
}());
