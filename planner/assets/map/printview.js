/* The page as a sheet of A4 or A3 across. The sheet is laid out and the map redrawn to it before the printer asks. */
(function () {
  "use strict";
  const { data, words, append, button, map } = window.plannerPage;
  const PAPERS = ["a4", "a3"];
  const MOST = { a4: [0.8, 0.85], a3: [1, 1.15] }; // scales of the foot's and the legend's text, where there is room
  const LEAST = 0.5, LEAST_MAP = 0.72; // smallest scale of a text that is to fit; least share of the sheet for the map
  const LONGEST_MS = 8000; // wait for pictures of an online base
  let before = null, sheet = "a4";

  /* The foot, and the legend or the panel that stands in its place. */
  function boxes() {
    const live = document.getElementById("pl-panel");
    return [document.getElementById("pm-footer"), live && !live.hidden ? live : document.getElementById("pm-panel")];
  }

  /* Shrink the text of a box until there is room for it. */
  function fit(box, most, fits) {
    for (let scale = most; scale >= LEAST; scale -= 0.03) {
      box.style.zoom = scale;
      if (fits()) { return; }
    }
  }

  function fitAll(footMost, panelMost) {
    const [foot, panel] = boxes(), main = document.querySelector(".pm-main");
    fit(foot, footMost, () => main.clientHeight >= LEAST_MAP * document.body.clientHeight);
    fit(panel, panelMost, () => panel.scrollHeight <= panel.clientHeight + 1);
  }

  /* Draw at once what waits for the next frame. */
  function redraw(renderer) {
    if (!renderer._redrawRequest) { return; }
    L.Util.cancelAnimFrame(renderer._redrawRequest);
    renderer._redraw();
  }

  /* A canvas that is drawn while the browser lays out a print goes to paper as its commands, and clearing it as a white
     box over all that lies below. A new one that is only drawn on stands in for it. */
  function standIn(canvas) {
    const copy = document.createElement("canvas");
    copy.width = canvas.width;
    copy.height = canvas.height;
    copy.className = canvas.className;
    copy.style.cssText = canvas.style.cssText;
    copy.getContext("2d").drawImage(canvas, 0, 0);
    canvas.parentNode.insertBefore(copy, canvas.nextSibling);
    canvas.style.display = "none";
    return () => {
      copy.remove();
      canvas.style.display = "";
    };
  }

  function renderers() {
    const found = [];
    map().eachLayer((layer) => { if (layer instanceof L.Canvas && layer._container.width) { found.push(layer); } });
    return found;
  }

  /* Canvases get twice the points of a screen: 192 to the inch. */
  function resize(bounds, padding) {
    L.Browser.retina = true;
    map().invalidateSize({ animate: false, pan: false });
    map().fitBounds(bounds, { padding, animate: false });
    renderers().forEach(redraw);
  }

  function enter() {
    if (before) { return; }
    const bounds = map().getBounds(), whole = bounds.contains(data.bounds);
    before = { center: map().getCenter(), zoom: map().getZoom(), retina: L.Browser.retina };
    map().closePopup();
    PAPERS.forEach((paper) => { document.getElementById(`pm-${paper}`).media = paper === sheet ? "print" : "not all"; });
    document.documentElement.classList.add("pm-sheet");
    document.body.classList.add("pm-paper", `pm-${sheet}`);
    fitAll(...MOST[sheet]);
    resize(whole ? data.bounds : bounds, whole ? [16, 16] : [0, 0]);
    before.restore = renderers().map((renderer) => standIn(renderer._container));
  }

  function leave() {
    if (!before) { return; }
    document.documentElement.classList.remove("pm-sheet");
    document.body.classList.remove("pm-paper", `pm-${sheet}`);
    PAPERS.forEach((paper) => { document.getElementById(`pm-${paper}`).media = "not all"; });
    boxes().forEach((box) => { box.style.zoom = ""; });
    before.restore.forEach((restore) => restore());
    L.Browser.retina = before.retina;
    map().invalidateSize({ animate: false, pan: false }).setView(before.center, before.zoom, { animate: false });
    before = null;
    sheet = "a4";
  }

  function drawn() {
    const frames = new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const waits = [frames];
    map().eachLayer((layer) => {
      if (layer instanceof L.TileLayer && layer.isLoading()) { waits.push(new Promise((done) => layer.once("load", done))); }
    });
    const late = new Promise((done) => setTimeout(done, LONGEST_MS));
    return Promise.race([Promise.all(waits), late]);
  }

  function print(paper) {
    leave();
    sheet = paper;
    enter();
    drawn().then(() => window.print());
  }

  const group = document.getElementById("pm-print");
  group.className = "pm-switch";
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", words.print);
  append(group, button(words.print_a4, () => print("a4")), button(words.print_a3, () => print("a3")));
  window.addEventListener("beforeprint", enter);
  window.addEventListener("afterprint", leave);
})();
