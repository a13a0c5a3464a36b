/* What pages do beyond HTML and htmx; everything works without it. */
(() => {
  "use strict";
  const SWITCH = "onewindow.shortcuts";
  const shortcutsOn = () => document.querySelector("[data-shortcut-switch]") && localStorage.getItem(SWITCH) !== "off";

  // "/" goes to the search box, for who is signed in. WCAG 2.2 §2.1.4: a switch in the footer turns single-key shortcuts off.
  document.addEventListener("keydown", (event) => {
    const inText = event.target.closest("input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]");
    if (inText || event.ctrlKey || event.metaKey || event.altKey || !shortcutsOn()) return;
    const wanted = document.querySelector(`[data-shortcut="${CSS.escape(event.key)}"]`);
    if (wanted) {
      event.preventDefault();
      wanted.focus();
      if (wanted.select) wanted.select();
    } else if (event.key === "/") {
      event.preventDefault();
      location.assign("/matters");
    }
  });

  const showSwitch = (button) => {
    button.hidden = false;
    button.setAttribute("aria-pressed", String(Boolean(shortcutsOn())));
  };

  const prepare = (root) => {
    root.querySelectorAll("[data-print]").forEach((button) => { button.hidden = false; });
    root.querySelectorAll("[data-shortcut-switch]").forEach(showSwitch);
    const summary = root.querySelector("[data-focus]");
    if (summary) summary.focus();
    else if (!location.hash) root.querySelector("[data-focus-first] .control, [data-focus-first] .choice input")?.focus();
  };

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) window.print();
    const button = event.target.closest("[data-shortcut-switch]");
    if (button) {
      localStorage.setItem(SWITCH, shortcutsOn() ? "off" : "on");
      showSwitch(button);
    }
  });

  // A second click on a button that submits does nothing while the first is under way.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-once]")) {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    }
  });
  window.addEventListener("pageshow", (event) => {
    // Brought back from the browser's memory, a page may be another clerk's: ask the server again who is here.
    if (event.persisted) location.reload();
    document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
  });

  // A message that htmx put in its place marks its control, so that both are heard together.
  const markControl = (message) => {
    const control = document.getElementById(message.dataset.control);
    if (!control) return;
    const wrong = message.classList.contains("message-error");
    if (control.matches("input, select, textarea")) {
      if (wrong) control.setAttribute("aria-invalid", "true"); else control.removeAttribute("aria-invalid");
    }
    control.closest(".field")?.classList.toggle("field-wrong", wrong);
  };
  // Nobody is told that a number is wrong while still typing it: the complaint comes when they leave the field.
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const place = event.detail.target;
    const typing = document.activeElement?.matches("input[type=text], textarea") ? document.activeElement.id : "";
    const isNew = !place?.classList.contains("message-error") && event.detail.fragment.querySelector?.(".message-error");
    if (typing && place?.dataset.control === typing && isNew) event.detail.shouldSwap = false;
  });
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (event.target.matches?.(".message")) markControl(event.target);
  });

  // Typing that went on while the server answered must not be overwritten by that answer.
  let edits = 0;
  document.addEventListener("input", () => { edits += 1; });
  document.addEventListener("htmx:beforeRequest", (event) => { event.detail.requestConfig.edits = edits; });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const before = event.detail.requestConfig?.edits;
    if (event.detail.target?.id === "section-fields" && before !== edits) event.detail.shouldSwap = false;
  });

  // A text with numbered lines is as high as it is long, so that its numbers stand beside it; a mistake leads to its line.
  const grow = (box) => { box.rows = Math.max(box.rows, box.value.split("\n").length + 5); };
  document.addEventListener("input", (event) => { if (event.target.matches("[data-lines]")) grow(event.target); });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-line]");
    const box = link && document.querySelector("[data-lines]");
    if (!box) return;
    const before = box.value.split("\n").slice(0, Number(link.dataset.line) - 1).join("\n").length;
    const start = before ? before + 1 : 0;
    const end = box.value.indexOf("\n", start);
    box.focus({ preventScroll: true });
    box.setSelectionRange(start, end < 0 ? box.value.length : end);
  });

  // When saving fails the person sees it, and what they typed is still on the page.
  const saveFailed = () => {
    const place = document.getElementById("save-state");
    if (place && place.dataset.failed) place.textContent = place.dataset.failed;
  };
  document.addEventListener("htmx:sendError", saveFailed);
  document.addEventListener("htmx:responseError", saveFailed);

  prepare(document);
})();
