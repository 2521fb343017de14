// Nothing typed is lost: what stands in a form is kept in this window of the browser until the
// server has it. It is put back after logging in anew, after an error, after going away; it goes
// with saving, with logging out, and when somebody else logs in. Numbers of persons, telephones,
// addresses, passwords and files are never kept.
(function () {
  "use strict";
  const meta = (name) => (document.querySelector(`meta[name=ydjy-${name}]`) || {}).content || "";
  const account = meta("account");
  const sealed = new Set(meta("sealed").split(" "));
  const store = window.sessionStorage;
  const DRAFTS = "ydjy-draft:";
  const mine = `${DRAFTS}${account}:`;
  const NEVER = new Set(["csrfmiddlewaretoken", "_selected_action", "q", "action", "select_across"]);
  const LONG_NUMBER = /\d(?:[\s-]?\d){13,}[xX]?/g;

  const keys = () => Object.keys(store).filter((key) => key.startsWith(DRAFTS));
  const read = (key) => JSON.parse(store.getItem(key) || "null");
  const write = (key, draft) => store.setItem(key, JSON.stringify(draft));
  const forget = (test) => keys().filter(test).forEach((key) => store.removeItem(key));

  function note(words, tone) {
    const told = document.createElement("p");
    told.className = `note ${tone}`;
    told.setAttribute("role", "status");
    told.append(words);
    return told;
  }

  function button(label, press) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "btn tiny";
    made.textContent = label;
    made.addEventListener("click", press);
    return made;
  }

  // Fields ------------------------------------------------------------------------------------

  function kept(field) {
    const last = field.name.split("-").pop();
    if (!field.name || NEVER.has(field.name) || sealed.has(last)) return false;
    if ("sealed" in field.dataset || field.autocomplete === "one-time-code") return false;
    return !["hidden", "password", "file", "submit", "button", "image"].includes(field.type);
  }

  const fields = (form) => Array.from(form.elements).filter((field) => field.matches("input, select, textarea") && kept(field));
  const several = (field) => field.tagName === "SELECT" && field.multiple;  // a choice of files is multiple, too
  const box = (field) => field.type === "checkbox" || field.type === "radio";

  const hideNumber = (text) => text.replace(LONG_NUMBER, "");

  function values(form) {
    const found = {};
    fields(form).forEach((field) => {
      found[field.name] = found[field.name] || [];
      if (box(field)) { if (field.checked) found[field.name].push(field.value); return; }
      const chosen = several(field) ? Array.from(field.selectedOptions, (o) => o.value) : [field.value];
      found[field.name].push(...chosen.map(hideNumber));
    });
    return found;
  }

  // Everything there is, only to see whether it changed: this never leaves the page.
  const whole = (form) => Array.from(form.elements, (field) => {
    if (field.type === "hidden" || field.type === "submit") return "";
    return box(field) ? field.checked : several(field) ? Array.from(field.selectedOptions, (o) => o.value).join() : field.value;
  });

  function put(form, wanted) {
    const at = {};
    fields(form).forEach((field) => {
      const said = wanted[field.name];
      if (!said) return;
      if (box(field)) { field.checked = said.includes(field.value); return; }
      if (several(field)) {
        Array.from(field.options).forEach((o) => { o.selected = said.includes(o.value); });
        return;
      }
      const text = said[(at[field.name] = (at[field.name] ?? -1) + 1)] ?? "";
      if (text === hideNumber(field.value)) return;
      if (field.tagName !== "SELECT" || Array.from(field.options).some((o) => o.value === text)) field.value = text;
    });
    form.querySelectorAll("details:not([open])").forEach((more) => {
      more.open = fields(form).some((field) => more.contains(field) && !box(field) && field.value && said(wanted, field));
    });
    fields(form).forEach((field) => {
      ["input", "change"].forEach((what) => field.dispatchEvent(new Event(what, { bubbles: true })));
    });
  }

  const said = (wanted, field) => (wanted[field.name] || []).includes(field.value);
  const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
  const only = (wanted, names) => Object.fromEntries(Object.entries(wanted).filter(([name]) => name in names));
  const without = (wanted, names) => Object.fromEntries(Object.entries(wanted).filter(([name]) => !(name in names)));

  const timeOf = (draft) => new Date(draft.at).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit" });

  // A page that makes a new row says of nobody whose it is; a reload, a step back and a log-in go on
  // with the one that was being typed.
  const ofNobodyYet = () => /\/(add|enter)\/$/.test(location.pathname);
  const goesOn = () => {
    const [way] = performance.getEntriesByType("navigation");
    return (way && way.type !== "navigate") || document.referrer.includes("/login/");
  };

  // One form ----------------------------------------------------------------------------------

  const forms = [];

  class Watched {
    constructor(form, key) {
      this.form = form;
      this.key = key;
      this.rest = {};
      this.shown = values(form);
      this.whole = whole(form);
      this.unsaved = false;
      this.takeUp(read(key));
      ["input", "change"].forEach((what) => form.addEventListener(what, () => this.keep()));
      form.addEventListener("submit", () => this.keep(true));
    }

    get version() { return this.form.elements.namedItem("version"); }

    get dirty() { return this.unsaved || !same(whole(this.form), this.whole); }

    keep(sent) {
      if (!this.dirty && !Object.keys(this.rest).length) { store.removeItem(this.key); return; }
      const version = this.version ? this.version.value : "";
      write(this.key, { version, sent: Boolean(sent), at: Date.now(), fields: values(this.form), rest: this.rest });
    }

    takeUp(draft) {
      if (!draft) return;
      const typed = { ...draft.rest, ...draft.fields };
      this.rest = without(typed, this.shown);
      if (meta("method") === "POST" && draft.sent) {  // the page shows again what was sent
        put(this.form, only(draft.rest, this.shown));
        this.unsaved = true;
        this.keep();
        return;
      }
      const here = only(typed, this.shown);
      if (same(here, only(this.shown, here)) && !Object.keys(this.rest).length) { store.removeItem(this.key); return; }
      if (ofNobodyYet() && !goesOn()) { this.rest = {}; this.offer(draft); return; }
      this.putBack(draft, here);
    }

    putBack(draft, here) {
      const before = this.version ? this.version.value : "";
      put(this.form, here);
      if (this.version && draft.version) this.version.value = draft.version;
      this.tell(draft, before);
    }

    // The next citizen's form must not be filled with what was typed of the one before.
    offer(draft) {
      const told = note(`你 ${timeOf(draft)} 填的一份还没有保存。 `, "warn kept-draft");
      told.append(button("放回来", () => {
        const typed = { ...draft.rest, ...draft.fields };
        told.remove();
        this.rest = without(typed, this.shown);
        this.putBack(draft, only(typed, this.shown));
        this.keep();
      }), " ", button("不要了", () => {
        told.remove();
        store.removeItem(this.key);
        this.keep();
      }));
      (this.form.closest("details") || this.form).before(told);
    }

    tell(draft, before) {
      const time = timeOf(draft);
      const more = Object.keys(this.rest).length ? "有几项要先选好类别、换成那一类以后才放得回。" : "";
      const told = note(`你 ${time} 填的还没有保存，已经放回下面。证件号码、电话、住址、密码和文件不留在浏览器里，要重新填。${more} `, "warn kept-draft");
      told.append(button("不要了，用原来的", () => {
        put(this.form, this.shown);
        if (this.version) this.version.value = before;
        this.rest = {};
        store.removeItem(this.key);
        told.remove();
      }));
      (this.form.closest("details") || this.form).before(told);
    }
  }

  function watch() {
    const count = {};
    document.querySelectorAll("form[method=post]:not(#logout-form):not(.show-number)").forEach((form) => {
      if (!fields(form).length) return;
      const name = `${mine}${location.pathname}|${form.id}|${form.getAttribute("action") || ""}`;
      count[name] = (count[name] || 0) + 1;
      forms.push(new Watched(form, `${name}|${count[name]}`));
    });
  }

  // What became of what was sent: the server has it, or it goes back into its form.
  function settle() {
    const refused = document.querySelector(".errornote, .messagelist .error, .theirs");
    const [way] = performance.getEntriesByType("navigation");
    const done = document.querySelector(".messagelist .success") || (way && way.redirectCount > 0);
    keys().forEach((key) => {
      const draft = read(key);
      if (!draft.sent || (account && meta("method") === "POST")) return;
      if (account && done && !refused) store.removeItem(key);
      else write(key, { ...draft, sent: false });
    });
  }

  settle();
  const OUT = "ydjy-out";
  window.addEventListener("storage", (event) => { if (event.key === OUT) forget(() => true); });
  if (!account) {
    const door = document.getElementById("login-form");
    if (door && keys().length) door.before(note("没有保存的字还在这个窗口里，同一个人登录后会放回原处。", "good"));
    return;
  }
  forget((key) => !key.startsWith(mine));
  watch();
  const out = document.getElementById("logout-form");
  let sending = false;
  if (out) {
    out.addEventListener("submit", () => {
      forget(() => true);
      window.localStorage.setItem(OUT, String(Date.now()));
    });
  }
  document.addEventListener("submit", (event) => { sending = !event.defaultPrevented; });
  window.addEventListener("beforeunload", (event) => {
    if (sending) { sending = false; return; }
    if (!over() && forms.some((one) => one.dirty)) event.preventDefault();
  });

  // The session's end -------------------------------------------------------------------------

  const ENDS = `ydjy-ends:${account}`;
  let ends = 0, bar = null;
  const over = () => Date.now() >= ends;

  function lasts(seconds) {
    ends = Date.now() + seconds * 1000;
    window.localStorage.setItem(ENDS, String(ends));
  }

  async function stay() {
    const token = out && out.elements.csrfmiddlewaretoken.value;
    const body = new URLSearchParams({ csrfmiddlewaretoken: token || "" });
    const answer = await fetch(meta("stay"), { method: "POST", body, redirect: "manual" }).catch(() => null);
    if (answer && answer.ok) lasts((await answer.json()).left);
    else if (answer) ends = 0;
    look();
  }

  function say(words, label, press) {
    if (bar && bar.dataset.says === words) return;
    if (bar) bar.remove();
    bar = note(words, "warn session-end");
    bar.dataset.says = words;
    bar.append(" ", button(label, press));
    document.body.append(bar);
  }

  function look() {
    const left = ends - Date.now();
    if (left <= 0) say("已经自动退出。填的字留在这个窗口里，重新登录后会放回来。", "重新登录", () => location.reload());
    else if (left <= 120000) say("还有不到两分钟就自动退出。", "我还在，继续", stay);
    else if (bar) { bar.remove(); bar = null; }
  }

  lasts(Number(meta("left")));
  window.addEventListener("storage", (event) => {
    if (event.key === ENDS && event.newValue) { ends = Number(event.newValue); look(); }
  });
  window.setInterval(look, 5000);
  look();

  // The number where it is needed, with the reason that is written down ---------------------------

  document.querySelectorAll("form.show-number").forEach((form) => {
    const told = form.querySelector("output");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" }, redirect: "manual" }).catch(() => null);
      const kind = answer ? answer.headers.get("Content-Type") || "" : "";
      const found = kind.includes("json") ? await answer.json() : { error: "没有显示出来，请看看是不是已经退出登录。" };
      told.textContent = found.number || found.error;
      told.classList.toggle("bad", !found.number);
    });
  });
}());
