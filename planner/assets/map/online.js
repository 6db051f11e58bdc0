/* Base maps from the internet. Nothing is asked for until the user ticks one. */
(function () {
  "use strict";
  const { data, words, make } = window.plannerPage;
  const note = make("p", "pm-small pm-online", words.note);
  note.setAttribute("role", "status");

  function online(number) {
    const base = data.online[number];
    const tiles = base.urls.map((url) => L.tileLayer(url, {
      subdomains: "01234567".slice(0, base.hosts), maxNativeZoom: base.zoom, maxZoom: 19, opacity: 0.8,
      attribution: base.attribution,
    }));
    tiles.forEach((layer) => layer.on("tileerror", () => { note.textContent = words.failed; }));
    return L.layerGroup(tiles).on("add remove", () => { note.textContent = words.note; });
  }

  document.addEventListener("DOMContentLoaded", () => document.querySelector(".leaflet-control-layers-list").appendChild(note));
  Object.assign(window.plannerMap, { online });
})();
