/* Undo by the keyboard, and the question of the browser before a page with edits is left. */
(function (root) {
  "use strict";
  const live = root.plannerLive = root.plannerLive || {};
  const TYPED = "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]";

  /* Ctrl+Z undoes, Ctrl+Y and Ctrl+Shift+Z do again: not while something is typed, asked in a dialog or in the hand. */
  function keys(session, event) {
    const key = event.key.toLowerCase(), isAgain = key === "y" || (key === "z" && event.shiftKey);
    if (!session.isOn || event.altKey || !(event.ctrlKey || event.metaKey) || (key !== "z" && key !== "y")) { return; }
    const { target } = event, isBusy = document.querySelector("dialog[open]") || document.body.classList.contains("pm-carrying");
    if (isBusy || (target instanceof Element && target.closest(TYPED))) { return; }
    event.preventDefault();
    if (isAgain) { session.redo(); } else { session.undo(); }
  }

  live.leave = function (session) {
    let kept = null; // the edit that was handed back last
    document.addEventListener("keydown", (event) => keys(session, event));
    document.addEventListener("click", ({ target }) => {
      if (target instanceof Element && target.closest("[data-key=download]")) { kept = session.edit; }
    });
    window.addEventListener("beforeunload", (event) => {
      if (!session.isChanged || (kept && live.edits.same(kept, session.edit))) { return; }
      event.preventDefault();
      event.returnValue = ""; // Chromium asks for it
    });
  };
})(globalThis);
